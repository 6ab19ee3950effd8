package pg_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// A concurrent statement is not begun where it would wait for a prepared
// transaction, which nobody may ever end.
// hazard: 2
func TestAConcurrentStatementIsNotBegunBehindAPreparedTransaction(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); CREATE INDEX i ON app.t (id)")
	x.Exec(t, x.name, x.owner, "BEGIN; INSERT INTO app.t VALUES (1); PREPARE TRANSACTION '"+x.name+"'")
	op := begin(t, x.db, rules.Session)
	_, err := op.Exec(t.Context(), healer.Statement{SQL: "REINDEX INDEX CONCURRENTLY app.i", Class: "reindex_index", Role: x.owner})
	var y *healer.Yield
	if !errors.As(err, &y) || !strings.Contains(y.Reason, x.name) {
		t.Errorf("err = %v", err)
	}
	if err := op.Close(t.Context(), false); err != nil {
		t.Error(err)
	}
	x.Exec(t, x.name, x.owner, "ROLLBACK PREPARED '"+x.name+"'")
	if n := x.Ask(t, x.name, "postgres", "SELECT count(*) FROM pg_class WHERE relname LIKE 'i\\_cc%'"); n != "0" {
		t.Error("it was begun")
	}
}

// Nor is it begun behind an old snapshot, here of a transaction that read once
// and has done nothing since: whatever it read, a build would wait for its end,
// and a rebuild and a drop as well. One that is young enough is waited for.
// hazard: 2
func TestAConcurrentStatementIsNotBegunBehindAnOldSnapshot(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Parallel()
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); CREATE INDEX i ON app.t (id); CREATE TABLE app.other ()")
		reader := x.Conn(t, x.name, x.owner)
		if _, err := reader.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM app.other").ReadAll(); err != nil {
			t.Fatal(err)
		}
		indexes := func() string {
			return x.Ask(t, x.name, "postgres", "SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class WHERE relkind = 'i' AND relnamespace = 'app'::regnamespace")
		}
		exec := func(oldest time.Duration, class, sql string) error {
			op, err := x.db.Begin(t.Context(), healer.Operation{Application: attempt(), Mode: rules.Session, Deadline: 20 * time.Second, Oldest: oldest})
			if err != nil {
				t.Fatal(err)
			}
			_, err = op.Exec(t.Context(), healer.Statement{SQL: sql, Class: class, Role: x.owner})
			return errors.Join(err, op.Close(t.Context(), false))
		}
		for class, sql := range map[string]string{
			"create_index": "CREATE INDEX CONCURRENTLY n ON app.t (id)", "reindex_index": "REINDEX INDEX CONCURRENTLY app.i", "drop_index": "DROP INDEX CONCURRENTLY app.i",
		} {
			var y *healer.Yield
			if err := exec(time.Millisecond, class, sql); !errors.As(err, &y) || !strings.Contains(y.Reason, "session "+strconv.FormatUint(uint64(reader.PID()), 10)+" has a transaction open") {
				t.Errorf("%s: err = %v", sql, err)
			}
		}
		if now := indexes(); now != "i" {
			t.Errorf("something was begun: the indexes are %s", now)
		}
		// It holds no lock on this table, so that a drop need not wait.
		if err := exec(0, "drop_index", "DROP INDEX CONCURRENTLY app.i"); err != nil {
			t.Errorf("behind a young one: %v", err)
		}
		if now := indexes(); now != "" {
			t.Errorf("the indexes are %s", now)
		}
	})
}
