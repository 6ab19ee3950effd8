package rulestest

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// rowsSQL lists the tables, each with the sum and the number of its rows.
const rowsSQL = `SELECT format('%I.%I', n.nspname, c.relname) AS name,
       (xpath('/row/v/text()', query_to_xml(format('SELECT md5(COALESCE(string_agg(t::text, chr(10) ORDER BY t::text), %L)) || %L || count(*) AS v FROM %I.%I AS t', '', ' ', n.nspname, c.relname), false, true, '')))[1]::text AS rows
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`

// Rows are the sums of all rows of the database, by the names of their tables.
func (s *Stage) Rows(ctx context.Context) (rows map[string]string, err error) {
	c, err := pgconn.Connect(ctx, s.Player.Superuser)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	r := c.ExecParams(ctx, rowsSQL, nil, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, fmt.Errorf("sum up the rows: %w", r.Err)
	}
	rows = make(map[string]string)
	for _, row := range r.Rows {
		rows[string(row[0])] = string(row[1])
	}
	return rows, nil
}
