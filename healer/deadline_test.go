package healer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// building is a rule whose concurrent statement may take a second.
func building(sql string) string {
	return tables + ` AND c.relname = 't'

-- repair: session, deadline=1s
` + sql + `

-- verify: within=1ms
SELECT 'never' WHERE false

-- undo: none, because it is a test`
}

// A concurrent build that waits for an old snapshot ends itself at its deadline.
// The invalid index that the server leaves is cleared up: ours, known by its
// oid, and not the user's own beside it, whatever that is called.
// hazard: 2, 3
func TestAConcurrentBuildEndsItselfAtItsDeadline(t *testing.T) {
	t.Parallel()
	server := pgtest.One(t)
	for name, sql := range map[string]string{
		"a build":   "CREATE INDEX CONCURRENTLY built ON {schema}.{name} (id);",
		"a rebuild": "REINDEX INDEX CONCURRENTLY {schema}.i;",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := stage(t, source{rule(t, "test/build", building(sql))}, `
				CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 100); CREATE TABLE app.other ();
				CREATE INDEX i ON app.t (id); CREATE INDEX i_ccnew ON app.t (id);
				-- @superuser
				UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.i_ccnew'::regclass`)
			reader := server.Conn(t, st.Name, st.Name+"_owner")
			if _, err := reader.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM app.other").ReadAll(); err != nil {
				t.Fatal(err)
			}
			indexes := func(valid string) string {
				return server.Ask(t, st.Name, "postgres", "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid) FROM pg_index WHERE indrelid = 'app.t'::regclass AND indisvalid = "+valid)
			}
			var left string
			h := with(st, func(c *healer.Config) { c.Observer = on(healer.StepFinished, func() { left = indexes("false") }) })
			r, err := h.Heal(t.Context(), healer.Options{Person: true, Now: true})
			if a := only(t, r, err); a.State != healer.Failed || !strings.Contains(a.Err, "statement timeout") {
				t.Errorf("%s: %s", a.State, a.Err)
			}
			if !strings.HasPrefix(left, "app.i_ccnew app.") {
				t.Errorf("the server left nothing to clear up: %q", left)
			}
			if invalid, valid := indexes("false"), indexes("true"); invalid != "app.i_ccnew" || valid != "app.i" {
				t.Errorf("the invalid indexes are %q, the valid ones %q", invalid, valid)
			}
			if h, err := healer.Recall(t.Context(), st.Ledger, time.Now()); err != nil || h.Control.Paused {
				t.Errorf("nothing was left, and all repairs are stopped: %+v, %v", h.Control, err)
			}
		})
	}
}
