package pg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// A sandbox costs a connection and a dozen statements, which for thousands of
// candidates is minutes. So what one owner's rows are read for is read
// together: some at a time, so that few locks are held, and none for long.

// batchBody runs each statement of a JSON array and returns its rows, and after
// them its number alone; of one that fails there is no such end.
const batchBody = `DECLARE
  one pg_catalog.text; n pg_catalog.int4 := 0; found_row pg_catalog.jsonb;
BEGIN
  FOR one IN SELECT e.value FROM pg_catalog.jsonb_array_elements_text(statement::pg_catalog.jsonb) WITH ORDINALITY AS e(value, at) ORDER BY e.at LOOP
    BEGIN
      FOR found_row IN EXECUTE one LOOP RETURN NEXT pg_catalog.jsonb_build_array(n, found_row); END LOOP;
      RETURN NEXT pg_catalog.jsonb_build_array(n);
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    n := n + 1;
  END LOOP;
END`

// ReadEach runs a query once for each of the values, in the owner's sandbox,
// some of them in one transaction. What failed has no answer, and is to be
// asked by itself.
func (d *Database) ReadEach(ctx context.Context, r healer.Read, values []rules.Values, together int) ([]healer.Answer, error) {
	if r.Role == "" {
		return nil, errors.New("only what runs in a sandbox is read together")
	}
	limited(&r)
	out := make([]healer.Answer, len(values))
	s, err := d.connect(ctx, d.healer, applicationName(r.Application), 0)
	if err != nil {
		return out, err
	}
	defer s.close()
	var failed error
	for from := 0; from < len(values); from += together {
		to := min(from+together, len(values))
		err := s.transaction(ctx, "BEGIN READ WRITE", r, func(ctx context.Context) error {
			return s.batch(ctx, r, values[from:to], out[from:to])
		})
		failed = errors.Join(failed, err)
		// Beside a table that is locked the next ones may not be; time that is up is up.
		var db *healer.DatabaseError
		if err != nil && (!errors.As(err, &db) || db.SQLState == "" || db.SQLState == "57014") {
			break
		}
	}
	return out, failed
}

// batch reads in one transaction.
func (s *session) batch(ctx context.Context, r healer.Read, values []rules.Values, out []healer.Answer) error {
	statements := make([]string, len(values))
	for i, v := range values {
		sql, err := r.Query.Inline(v)
		if err != nil {
			return err
		}
		statements[i] = sql
	}
	// They are one query with other names in it, so their columns have the same
	// names; the types are each one's own.
	fields, err := s.describe(ctx, r.Role, statements[0])
	if err != nil {
		return err
	}
	for i, sql := range statements {
		statements[i] = wrapTyped(fields, sql)
	}
	text, err := json.Marshal(statements)
	if err != nil {
		return err
	}
	function, err := s.function(ctx, r.Role, batchBody)
	if err != nil {
		return err
	}
	if _, err := s.query(ctx, "SET TRANSACTION READ ONLY"); err != nil {
		return err
	}
	raw, err := s.query(ctx, "SELECT f.r FROM pg_temp."+function+"($1::pg_catalog.text) AS f(r)", rules.Text(string(text)))
	if err != nil {
		return err
	}
	return answers(raw, fields, out)
}

// wrapTyped makes one column of a query's columns: their texts and their types.
func wrapTyped(fields []rules.Column, sql string) string {
	columns, texts, types := make([]string, len(fields)), make([]string, len(fields)), make([]string, len(fields))
	for i := range fields {
		columns[i] = fmt.Sprintf("c%d", i)
		texts[i] = fmt.Sprintf("q.c%d::pg_catalog.text", i)
		types[i] = fmt.Sprintf("pg_catalog.pg_typeof(q.c%d)::pg_catalog.oid", i)
	}
	return fmt.Sprintf("SELECT pg_catalog.jsonb_build_array(pg_catalog.to_jsonb(ARRAY[%s]), pg_catalog.to_jsonb(ARRAY[%s]::pg_catalog.int8[])) FROM (%s\n) AS q(%s)",
		strings.Join(texts, ", "), strings.Join(types, ", "), sql, strings.Join(columns, ", "))
}

// answers reads what batchBody returned.
func answers(raw []rules.Row, fields []rules.Column, out []healer.Answer) error {
	for _, r := range raw {
		var parts []json.RawMessage
		var n int
		if err := json.Unmarshal([]byte(r[0].Text), &parts); err != nil || len(parts) == 0 || json.Unmarshal(parts[0], &n) != nil || n < 0 || n >= len(out) {
			return errors.New("read a row out of the sandbox: it has no number")
		}
		if len(parts) == 1 {
			out[n].Given = true
			continue
		}
		var texts []*string
		var types []uint32
		var pair []json.RawMessage
		if err := json.Unmarshal(parts[1], &pair); err != nil || len(pair) != 2 ||
			json.Unmarshal(pair[0], &texts) != nil || json.Unmarshal(pair[1], &types) != nil ||
			len(texts) != len(fields) || len(types) != len(fields) {
			return errors.New("read a row out of the sandbox: it has other columns")
		}
		out[n].Rows = append(out[n].Rows, typed(fields, texts, types))
	}
	return nil
}

func typed(fields []rules.Column, texts []*string, types []uint32) rules.Row {
	row := make(rules.Row, len(fields))
	for i, v := range texts {
		row[i] = rules.Column{Name: fields[i].Name, Value: rules.Value{Type: types[i], Null: v == nil}}
		if v != nil {
			row[i].Text = *v
		}
	}
	return row
}
