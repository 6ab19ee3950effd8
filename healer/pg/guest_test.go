package pg_test

import (
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
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
