package pg_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// The session of an owner's read is kept for that owner alone, and what the
// owner's code leaves in it is gone: locks, prepared statements, settings.
//
// hazard: 36
func TestAKeptSessionIsAsGoodAsNew(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		other := s.Role(t, "")
		x.Exec(t, "postgres", "postgres", "GRANT "+other+" TO "+x.healr)
		x.Exec(t, x.name, x.owner, `CREATE FUNCTION app.spoil() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
			PERFORM pg_catalog.pg_advisory_lock(4711);
			EXECUTE 'PREPARE mine AS SELECT 1';
			PERFORM pg_catalog.set_config('work_mem', '99MB', false);
			RETURN pg_catalog.pg_backend_pid();
			END $$`)
		one := func(sql, role string) string {
			t.Helper()
			rows, err := x.db.Read(t.Context(), read(t, sql, role))
			if err != nil || len(rows) != 1 {
				t.Fatalf("%s: %v, %v", sql, rows, err)
			}
			return rows[0][0].Text
		}
		const state = `SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_backend_pid(),
			(SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements),
			(SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks AS l WHERE l.locktype = 'advisory'),
			pg_catalog.current_setting('search_path'), pg_catalog.current_setting('work_mem'),
			pg_catalog.current_setting('default_transaction_read_only'))`
		pid := one("SELECT app.spoil()", x.owner)
		again := one(state, x.owner)
		if !strings.HasPrefix(again, pid+" 0 0 pg_catalog, pg_temp ") || strings.Contains(again, "99MB") || !strings.HasSuffix(again, " on") {
			t.Errorf("after the session %s was spoilt the next read finds %q", pid, again)
		}
		if stranger := one(state, other); strings.HasPrefix(stranger, pid+" ") {
			t.Errorf("another owner was lent the same session: %s", stranger)
		}
	})
}

// The steps of one attempt follow each other in one session, which each of them
// finds as new; another attempt, and who comes after one that failed, was
// rolled back or was ended, gets a new one.
//
// hazard: 36
func TestTheStepsOfAnAttemptShareASession(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, `CREATE TABLE app.t (id int);
			CREATE FUNCTION app.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			PERFORM pg_catalog.pg_advisory_lock(4711);
			EXECUTE 'PREPARE mine AS SELECT 1';
			PERFORM pg_catalog.set_config('work_mem', '99MB', false);
			RETURN NEW;
			END $$;
			CREATE TRIGGER spoil BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.spoil()`)
		// step does one, and says which session it found, in which state.
		step := func(attempt string, end func(context.Context, healer.Session) error) string {
			t.Helper()
			op, err := x.db.Begin(t.Context(), healer.Operation{Application: attempt, Mode: rules.Transaction})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := op.Read(t.Context(), read(t, `SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_backend_pid(),
				(SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements),
				(SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks AS l WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid()),
				pg_catalog.current_setting('search_path'), pg_catalog.current_setting('work_mem')) AS state`, ""))
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			if err := end(t.Context(), op); err != nil {
				t.Fatal(err)
			}
			return rows[0].Text("state")
		}
		spoil := func(ctx context.Context, op healer.Session) error {
			_, err := op.Exec(ctx, healer.Statement{SQL: "INSERT INTO app.t VALUES (1)", Class: "insert", Role: x.owner})
			return errors.Join(err, op.Close(ctx, true))
		}
		rollBack := func(ctx context.Context, op healer.Session) error { return op.Close(ctx, false) }
		lose := func(ctx context.Context, op healer.Session) error {
			x.Exec(t, x.name, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgmend/test/%'")
			if err := op.Close(ctx, true); err == nil {
				return errors.New("a session that was ended was committed")
			}
			return nil
		}
		const clean = " 0 0 pg_catalog, pg_temp "
		one, two := attempt(), attempt()
		first := step(one, spoil)
		if again := step(one, spoil); again != first || !strings.Contains(again, clean) || strings.Contains(again, "99MB") {
			t.Errorf("the first step found %q, the next %q", first, again)
		}
		second := step(two, rollBack)
		for _, after := range []struct {
			what, before string
			end          func(context.Context, healer.Session) error
		}{{"another attempt", first, rollBack}, {"one that was rolled back", second, lose}, {"one that was ended", "", spoil}} {
			now := step(two, after.end)
			if now == after.before || !strings.Contains(now, clean) {
				t.Errorf("after %s the session is %q", after.what, now)
			}
		}
	})
}
