package healer_test

import (
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// A collation whose version changed: each index that sorts by it is rebuilt
// first, and only then the version is recorded. An index over an expression
// keeps the statistics of that expression, so that plans stay as they were.
// hazard: 25, 28
func TestRebuiltIndexesComeBeforeTheVersionAndKeepTheirStatistics(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Parallel()
		st := stageOn(t, s, builtin(t), `
			CREATE COLLATION app.german (provider = icu, locale = 'de');
			CREATE TABLE app.words (id int, v text COLLATE app.german);
			INSERT INTO app.words SELECT g, CASE WHEN g % 10 = 0 THEN 'rare' || g ELSE 'Common' END FROM generate_series(1, 10000) AS g;
			CREATE INDEX words_lower ON app.words (lower(v));
			ANALYZE app.words;
			-- @superuser
			UPDATE pg_collation SET collversion = '153.1' WHERE collname = 'german'`)
		plan := func() string {
			return s.Ask(t, st.Name, st.Name+"_owner", "EXPLAIN SELECT id FROM app.words WHERE lower(v) = 'rare10'")
		}
		before := plan()
		// Without statistics of the expression, one value in 200 is believed to be equal.
		if strings.Contains(before, "rows=50 ") {
			t.Fatalf("there are no statistics to lose: %s", before)
		}
		r, err := st.Heal(t.Context(), person("collation/version"))
		a := only(t, r, err)
		if !a.Verified {
			t.Fatalf("the repair is %s: %s", a.State, a.Err)
		}
		if after := plan(); after != before {
			t.Errorf("the plan was\n%s\nand is\n%s", before, after)
		}
		if n := len(a.Steps); n != 2 || !strings.HasPrefix(a.Steps[0].SQL, "REINDEX INDEX CONCURRENTLY") || !strings.HasPrefix(a.Steps[1].SQL, "ALTER COLLATION") {
			t.Errorf("the steps are %+v", a.Steps)
		}
	})
	// Where an index cannot be rebuilt, the version stays as it was recorded.
	st := stage(t, builtin(t), `
		CREATE COLLATION app.german (provider = icu, locale = 'de');
		CREATE TABLE app.words (v text COLLATE app.german);
		CREATE UNIQUE INDEX words_key ON app.words (v);
		-- @superuser
		UPDATE pg_index SET indisready = false, indislive = true, indisvalid = false WHERE indexrelid = 'app.words_key'::regclass;
		INSERT INTO app.words VALUES ('twice'), ('twice');
		-- @superuser
		UPDATE pg_index SET indisready = true, indisvalid = true WHERE indexrelid = 'app.words_key'::regclass;
		-- @superuser
		UPDATE pg_collation SET collversion = '153.1' WHERE collname = 'german'`)
	r, err := st.Heal(t.Context(), person("collation/version"))
	if a := only(t, r, err); a.Verified || a.State == healer.Verified {
		t.Errorf("duplicates let the rebuild through: %+v", a)
	}
	if r, err = st.Find(t.Context(), person("collation/version")); err != nil || len(r.Findings) != 1 {
		t.Errorf("the corruption is hidden: %d findings, %v", len(r.Findings), err)
	}
}
