package pg

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// The owner's sandbox. Code that a table's owner wrote runs in ways nobody
// sees: an IMMUTABLE function in an index predicate runs when a query is
// planned, a CHECK when a constraint is validated. SET ROLE alone is no
// sandbox, because such code can RESET ROLE and then has the healer's rights.
// Inside of a SECURITY DEFINER function it cannot: the server refuses SET
// ROLE and SET SESSION AUTHORIZATION there. So what runs on behalf of an owner
// runs inside of a function in pg_temp that this owner owns, made and dropped
// in the same transaction (documentation, CREATE FUNCTION, "Writing SECURITY
// DEFINER Functions Safely").

// as runs something as another role, outside of the sandbox: only what runs
// no code of the owner.
func (s *session) as(ctx context.Context, role string, do func() error) error {
	if err := s.become(ctx, "SET LOCAL ROLE", role); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // the transaction is aborted, and the role with it
	}
	_, err := s.query(ctx, "RESET ROLE")
	return err
}

// become takes a role, but never a superuser's, whose code would need no
// escape from any sandbox.
func (s *session) become(ctx context.Context, set, role string) error {
	quoted, err := identifier(role)
	if err != nil {
		return err
	}
	if !s.db.cfg.AllowSuperuser {
		rows, err := s.query(ctx, "SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1", name(role))
		if err != nil {
			return err
		}
		if len(rows) == 1 && rows[0][0].Text == "t" {
			return &healer.Refusal{Guard: "superuser", Reason: "the owner " + quoted + " is a superuser; run the statement yourself"}
		}
	}
	_, err = s.query(ctx, set+" "+quoted)
	return s.membership(err, quoted)
}

// membership adds the GRANT that is missing.
func (s *session) membership(err error, quoted string) error {
	var db *healer.DatabaseError
	if !errors.As(err, &db) || db.SQLState != "42501" {
		return err
	}
	to, bad := identifier(s.db.healer.User)
	if bad != nil {
		return err
	}
	db.Hint = fmt.Sprintf("GRANT %s TO %s", quoted, to)
	if s.version >= 160000 {
		db.Hint += " WITH INHERIT FALSE, SET TRUE"
	}
	if s.db.healer.User == s.db.observer.User {
		// The one that finds needs no owner's rights.
		db.Hint = "connect with another login that repairs (--healer), or " + db.Hint
	}
	return err
}

// function makes the sandbox: a function that runs the text in $1 and returns
// its rows as JSON arrays of text. Its name cannot be guessed, so that code of
// the owner that ran before cannot have put another in its way.
func (s *session) function(ctx context.Context, role, body string) (name string, err error) {
	name = "pgmend_" + strings.ToLower(rand.Text())
	return name, s.as(ctx, role, func() error {
		for _, sql := range []string{
			"CREATE FUNCTION pg_temp." + name + "(statement pg_catalog.text) RETURNS SETOF pg_catalog.jsonb LANGUAGE plpgsql " +
				"SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS '" + strings.ReplaceAll(body, "'", "''") + "'",
			// An owner may have taken EXECUTE from PUBLIC by default.
			"GRANT EXECUTE ON FUNCTION pg_temp." + name + "(pg_catalog.text) TO SESSION_USER",
		} {
			if _, err := s.query(ctx, sql); err != nil {
				return s.temporary(err, role)
			}
		}
		return nil
	})
}

// temporary adds the GRANT without which there is no pg_temp.
func (s *session) temporary(err error, role string) error {
	var db *healer.DatabaseError
	if !errors.As(err, &db) || db.SQLState != "42501" {
		return err
	}
	to, bad := identifier(role)
	database, worse := identifier(s.db.healer.Database)
	if bad == nil && worse == nil {
		db.Hint = fmt.Sprintf("GRANT TEMPORARY ON DATABASE %s TO %s", database, to)
	}
	return err
}

// The bodies of the sandbox's functions. PL/pgSQL's EXECUTE plans and runs
// the text inside of the function, with the owner as the user.
const (
	readBody = `BEGIN RETURN QUERY EXECUTE statement; END`
	// What the statement deferred runs here, not at COMMIT, where no sandbox
	// would hold it.
	actBody = `DECLARE n pg_catalog.int8; BEGIN EXECUTE statement; GET DIAGNOSTICS n = ROW_COUNT; ` +
		`SET CONSTRAINTS ALL IMMEDIATE; RETURN NEXT pg_catalog.to_jsonb(ARRAY[n::pg_catalog.text]); END`
	// The same for a SELECT that repairs, whose row says whether it did.
	selectBody = `BEGIN RETURN QUERY EXECUTE statement; SET CONSTRAINTS ALL IMMEDIATE; END`
)

// sandboxRead runs a query as the owner and returns its rows.
func (s *session) sandboxRead(ctx context.Context, role, sql string) ([]rules.Row, error) {
	fields, err := s.describe(ctx, role, sql)
	if err != nil {
		return nil, err
	}
	function, err := s.function(ctx, role, readBody)
	if err != nil {
		return nil, err
	}
	// From here on nothing can be written any more, nor can that be undone in
	// this transaction once it has a snapshot.
	if _, err := s.query(ctx, "SET TRANSACTION READ ONLY"); err != nil {
		return nil, err
	}
	return s.call(ctx, function, wrap(fields, sql), fields)
}

// describe asks for a query's columns. That only analyzes the text, as the
// owner, whose schemas it may need; nothing is planned or run.
func (s *session) describe(ctx context.Context, role, sql string) (fields []rules.Column, err error) {
	err = s.as(ctx, role, func() error {
		d, err := s.conn.Prepare(ctx, "", sql, nil)
		if err != nil {
			return s.failed(ctx, err)
		}
		for _, f := range d.Fields {
			fields = append(fields, rules.Column{Name: f.Name, Value: rules.Value{Type: f.DataTypeOID}})
		}
		return nil
	})
	return fields, err
}

// wrap makes one column of a query's columns: a JSON array of their text.
func wrap(fields []rules.Column, sql string) string {
	columns, texts := make([]string, len(fields)), make([]string, len(fields))
	for i := range fields {
		columns[i] = fmt.Sprintf("c%d", i)
		texts[i] = fmt.Sprintf("q.c%d::pg_catalog.text", i)
	}
	return fmt.Sprintf("SELECT pg_catalog.to_jsonb(ARRAY[%s]) FROM (%s\n) AS q(%s)",
		strings.Join(texts, ", "), sql, strings.Join(columns, ", "))
}

// call runs a sandbox function and reads its rows.
func (s *session) call(ctx context.Context, name, sql string, fields []rules.Column) ([]rules.Row, error) {
	raw, err := s.query(ctx, "SELECT f.r FROM pg_temp."+name+"($1::pg_catalog.text) AS f(r)", rules.Text(sql))
	if err != nil {
		return nil, err
	}
	rows := make([]rules.Row, 0, len(raw))
	for _, r := range raw {
		var values []*string
		if err := json.Unmarshal([]byte(r[0].Text), &values); err != nil || len(values) != len(fields) {
			return nil, fmt.Errorf("read a row out of the sandbox: %w", err)
		}
		types := make([]uint32, len(fields))
		for i, f := range fields {
			types[i] = f.Type
		}
		rows = append(rows, typed(fields, values, types))
	}
	return rows, nil
}

// identifier quotes a name.
func identifier(name string) (string, error) {
	t, err := rules.ParseTemplate("{name}", 0)
	if err != nil {
		return "", err
	}
	return t.Inline(rules.Values{"name": rules.Text(name)})
}
