package rulestest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// sound is a rule in which nothing is wrong: a comment that says "drop me" has
// its index dropped. The test below spoils it.
const sound = `-- rule: test/marked
-- title: An index that is marked
-- scope: database
-- every: 1h
-- severity: info
-- risk: low
-- hazards: drop_index, create_index
-- reads: catalog

-- detect
SELECT x.oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid, pg_catalog.pg_get_userbyid(x.relowner) AS owner
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
 WHERE n.nspname = 'app' AND x.relname LIKE '%marked'

-- capture
SELECT pg_catalog.pg_get_indexdef(@oid) AS definition

-- repair: session
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=1s
SELECT 'it is still there' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid

-- undo: session
{definition:concurrently};

-- guidance
-- None.
`

const soundFixture = `-- quiet
CREATE TABLE app.t (id int);
CREATE INDEX plain ON app.t (id);

-- setup
CREATE INDEX marked ON app.t (id);

-- want
app.marked

-- plan
DROP INDEX CONCURRENTLY "app"."marked"
`

// The harness finds what is wrong with a rule or with its fixture, and says in
// which step.
func TestWhatTheHarnessFinds(t *testing.T) {
	s := pgtest.One(t)
	for _, c := range []struct {
		name          string
		rule, fixture []string // what is replaced, and by what
		want          string   // in the error; "": it passes
	}{
		{name: "sound"},
		{
			name: "a near miss is found", want: "quiet: findings among the near misses",
			rule: []string{" AND x.relname LIKE '%marked'", ""},
		},
		{
			name: "nothing is found", want: "detect: findings are []",
			rule: []string{"'%marked'", "'%nothing'"},
		},
		{
			name: "another plan", want: "plan: the plan is",
			fixture: []string{`CONCURRENTLY "app"."marked"`, `"app"."marked"`},
		},
		{
			name: "a refusal that nobody expects", want: "plan: refusals are",
			rule: []string{"-- repair:", "-- guard: never\nSELECT 'never'\n\n-- repair:"},
		},
		{
			name: "an expected refusal that does not come", want: "plan: refusals are []",
			fixture: []string{"\napp.marked\n", "\napp.marked refused: never\n"},
		},
		{
			name: "the verification does not hold", want: "repair: the repair of app.marked is failed",
			rule: []string{"FROM pg_catalog.pg_class AS c WHERE c.oid = @oid", "WHERE @oid IS NOT NULL"},
		},
		{
			name: "it is found again", want: "again: findings after the repair",
			rule:    []string{"DROP INDEX CONCURRENTLY {schema}.{name}", "REINDEX INDEX CONCURRENTLY {schema}.{name}", "drop_index, create_index", "reindex, create_index"},
			fixture: []string{"DROP INDEX", "REINDEX INDEX"},
		},
		{
			name: "a near miss is touched", want: "repair: it touched a near miss",
			rule:    []string{"{schema}.{name};", "{schema}.{name};\nDROP INDEX CONCURRENTLY IF EXISTS app.plain;"},
			fixture: []string{`"app"."marked"`, `"app"."marked"` + "\nDROP INDEX CONCURRENTLY IF EXISTS app.plain"},
		},
		{
			name: "the undo restores something else", want: "undo: the undo of app.marked is failed",
			rule: []string{"{definition:concurrently};", "CREATE INDEX CONCURRENTLY {name} ON app.t (id) WITH (fillfactor = 50);"},
		},
		{
			name: "the undo leaves something behind", want: "undo: it is not as it was",
			rule: []string{"{definition:concurrently};", "{definition:concurrently};\nCREATE INDEX CONCURRENTLY more ON app.t (id);"},
		},
		{
			name: "a statement of the fixture fails", want: "syntax error",
			fixture: []string{"CREATE INDEX marked ON", "CREATE INDEX marked OFF"},
		},
		{
			name: "a statement that has to fail does not", want: "has to fail and did not",
			fixture: []string{"CREATE INDEX marked", "-- @fails\nCREATE INDEX marked"},
		},
		{
			name: "the second case fails", want: "other: detect: findings are []",
			fixture: []string{"\n-- plan", "\n-- plan\nDROP INDEX CONCURRENTLY \"app\".\"marked\"\n\n-- case: other\n-- setup\nSELECT 1;\n\n-- want\napp.marked\n\n-- plan"},
		},
		{
			name: "no case is for this version", want: "the fixture has no case for PostgreSQL",
			fixture: []string{"-- quiet", "-- requires: pg<=12\n-- quiet"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file, err := rules.Parse("test/marked.sql", []byte(strings.NewReplacer(c.rule...).Replace(sound)))
			if err != nil {
				t.Fatal(err)
			}
			fixture, err := rulestest.ParseFixture(strings.NewReplacer(c.fixture...).Replace(soundFixture))
			if err != nil {
				t.Fatal(err)
			}
			out := rulestest.Run(t.Context(), rulestest.Config{
				Server: s, Version: s.Major * 10000, Rule: file, Fixture: fixture, Settle: time.Second,
			})
			switch {
			case c.want == "" && out.Err != nil:
				t.Error(out.Err)
			case c.want != "" && (out.Err == nil || !strings.Contains(out.Err.Error(), c.want)):
				t.Errorf("error = %v, want %q in it", out.Err, c.want)
			}
		})
	}
}
