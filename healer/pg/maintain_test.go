package pg_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// What setup sql --maintain grants lets the healer maintain what belongs to
// somebody it may not become, and nothing else. What that owner wrote runs as
// the owner even so.
// hazard: 36
func TestTheRightToMaintain(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		if s.Major < 17 {
			t.Skip("there is no pg_maintain before 17")
		}
		x := newSite(t, s)
		stranger := s.Role(t, "")
		s.Exec(t, x.name, "postgres", "CREATE SCHEMA other AUTHORIZATION "+stranger)
		s.Exec(t, x.name, stranger, `CREATE TABLE other.t (id int); INSERT INTO other.t VALUES (1);
			CREATE TABLE other.ran (who text);
			CREATE FUNCTION other.note() RETURNS void LANGUAGE sql AS 'INSERT INTO other.ran VALUES (CURRENT_USER)';
			CREATE FUNCTION other.f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
			  PERFORM other.note(); BEGIN RESET ROLE; EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM other.note(); RETURN $1; END $$;
			CREATE INDEX i ON other.t (other.f(id)); CREATE MATERIALIZED VIEW other.v AS SELECT id FROM other.t; TRUNCATE other.ran`)
		try := func(sql, class string) error {
			t.Helper()
			op, err := x.db.Begin(t.Context(), healer.Operation{Application: attempt(), Mode: rules.Session, Deadline: 20 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			_, err = op.Exec(t.Context(), healer.Statement{SQL: sql, Class: class, Role: stranger})
			_ = op.Close(t.Context(), err == nil)
			return err
		}
		maintenance := map[string]string{
			"VACUUM other.t": "vacuum", "ANALYZE other.t": "analyze", "REINDEX INDEX CONCURRENTLY other.i": "reindex_index",
			"REINDEX TABLE CONCURRENTLY other.t": "reindex_table", "REFRESH MATERIALIZED VIEW other.v": "refresh_materialized_view",
		}
		for sql, class := range maintenance {
			if err := try(sql, class); err == nil {
				t.Errorf("%s runs without a right", sql)
			}
		}
		grants, err := pg.SetupSQL(pg.SetupRequest{
			Version: s.Major * 10000, Observer: x.observer, Healer: x.healr, Owners: []string{x.owner}, Databases: []string{x.name}, Maintain: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Exec(t, "postgres", "postgres", grants)
		s.Exec(t, x.name, stranger, "GRANT USAGE ON SCHEMA other TO "+x.healr)
		for sql, class := range maintenance {
			if err := try(sql, class); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
		if err := try("DROP INDEX CONCURRENTLY other.i", "drop_index"); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("an index is dropped with the right to maintain: %v", err)
		}
		if who := s.Ask(t, x.name, "postgres", "SELECT string_agg(DISTINCT who, ',') FROM other.ran"); who != stranger {
			t.Errorf("the owner's code ran as %q, not as %q", who, stranger)
		}
	})
}
