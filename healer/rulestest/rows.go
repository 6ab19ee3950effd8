package rulestest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Table is a table, or a partitioned one with all of its partitions. Its names
// are quoted.
type Table struct {
	Name    string
	Columns []string
}

// tablesSQL lists the columns of all tables; a table without any has one that
// is NULL.
const tablesSQL = `SELECT format('%I.%I', n.nspname, c.relname), quote_ident(a.attname)
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
 ORDER BY n.nspname, c.relname, a.attnum`

// sourceSQL names the table, or the partitioned one, that a quarantine's rows
// are of.
const sourceSQL = `SELECT DISTINCT format('%%I.%%I', n.nspname, c.relname)
  FROM (SELECT DISTINCT pgmend_source::regclass AS source FROM %s) AS q
  JOIN pg_class AS c ON c.oid = COALESCE(pg_partition_root(q.source), q.source)
  JOIN pg_namespace AS n ON n.oid = c.relnamespace`

// Tables lists the tables of the database.
func (s *Stage) Tables(ctx context.Context) (tables []Table, err error) {
	err = s.asked(ctx, func(ask asking) error {
		tables, err = ask.tables()
		return err
	})
	return tables, err
}

// Rows are the number and the sum of the rows of some tables, in the columns
// given, by the tables' names. With quarantined, those count that were moved from
// them into quarantine.
func (s *Stage) Rows(ctx context.Context, tables []Table, quarantined bool) (map[string]string, error) {
	rows := make(map[string]string)
	err := s.asked(ctx, func(ask asking) error {
		places := make(map[string][]string)
		if quarantined {
			held, err := ask.quarantines()
			if err != nil {
				return err
			}
			for name, sources := range held {
				for _, source := range sources {
					places[source] = append(places[source], name)
				}
			}
		}
		for _, t := range tables {
			var all []string
			for _, place := range append([]string{t.Name}, places[t.Name]...) {
				all = append(all, "SELECT "+strings.Join(t.Columns, ", ")+" FROM "+place)
			}
			sum, err := ask("SELECT format('%s %s', count(*), md5(string_agg(u::text, chr(10) ORDER BY u::text))) FROM (" +
				strings.Join(all, " UNION ALL ") + ") AS u")
			if err != nil {
				return err
			}
			rows[t.Name] = sum[0][0]
		}
		return nil
	})
	return rows, err
}

// asking sends a query and returns what comes back; NULL is "".
type asking func(sql string) ([][]string, error)

// asked has the superuser ask in a session of its own.
func (s *Stage) asked(ctx context.Context, do func(asking) error) (err error) {
	c, err := pgconn.Connect(ctx, s.Player.Superuser)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	return do(func(sql string) ([][]string, error) {
		r := c.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
		if r.Err != nil {
			return nil, fmt.Errorf("%w in: %s", r.Err, sql)
		}
		var out [][]string
		for _, row := range r.Rows {
			var values []string
			for _, v := range row {
				values = append(values, string(v))
			}
			out = append(out, values)
		}
		return out, nil
	})
}

func (ask asking) tables() ([]Table, error) {
	rows, err := ask(tablesSQL)
	var out []Table
	for _, row := range rows {
		name, column := row[0], row[1]
		if len(out) == 0 || out[len(out)-1].Name != name {
			out = append(out, Table{Name: name})
		}
		if column != "" {
			t := &out[len(out)-1]
			t.Columns = append(t.Columns, column)
		}
	}
	return out, err
}

// Quarantines are the tables into which rows were moved, by their quoted names,
// each with the tables that its rows are of: none where it has no row.
func (s *Stage) Quarantines(ctx context.Context) (held map[string][]string, err error) {
	err = s.asked(ctx, func(ask asking) error {
		held, err = ask.quarantines()
		return err
	})
	return held, err
}

func (ask asking) quarantines() (map[string][]string, error) {
	tables, err := ask.tables()
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string)
	for _, t := range tables {
		if !strings.Contains(t.Name, ".pgmend_quarantine_") {
			continue
		}
		sources, err := ask(fmt.Sprintf(sourceSQL, t.Name))
		if err != nil {
			return nil, err
		}
		out[t.Name] = nil
		for _, s := range sources {
			out[t.Name] = append(out[t.Name], s[0])
		}
	}
	return out, nil
}
