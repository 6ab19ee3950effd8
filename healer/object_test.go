package healer_test

import (
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// named is a rule that finds some objects, whosever they are.
const named = `
-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relname IN ('member', 'passing', 'pg_description', 'own')

-- repair: session
REPAIR {schema}.{name};

-- verify: within=1ms
SELECT 'never' WHERE false

-- undo: none, because it is a test`

// What belongs to an extension, to another session or to the server is not
// repaired, whatever a rule finds wrong with it; a catalog may be analyzed.
func TestWhatIsNotTheSitesOwnIsNotRepaired(t *testing.T) {
	st := stage(t, source{
		rule(t, "test/rebuilt", strings.Replace(named, "REPAIR", "REINDEX TABLE CONCURRENTLY", 1)),
		rule(t, "test/analyzed", strings.Replace(named, "REPAIR", "ANALYZE", 1)),
	}, `CREATE TABLE app.own (id int); CREATE TABLE app.member (id int)`)
	x := &site{Stage: st, Server: pgtest.One(t), t: t}
	x.super("ALTER EXTENSION plpgsql ADD TABLE app.member")
	t.Cleanup(func() { x.super("ALTER EXTENSION plpgsql DROP TABLE app.member") })
	session := x.Conn(t, x.Name, x.Name+"_owner")
	if _, err := session.Exec(t.Context(), "CREATE TEMPORARY TABLE passing (id int)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]map[string]string{
		"test/rebuilt": {
			"member": "belongs to the extension plpgsql", "passing": "another session's temporary object", "pg_description": "a system catalog", "own": "",
		},
		"test/analyzed": {
			"member": "belongs to the extension plpgsql", "passing": "another session's temporary object", "pg_description": "is a superuser", "own": "",
		},
	} {
		r, err := st.Plan(t.Context(), healer.Options{Rules: []string{rule}, Person: true, Now: true, Actor: "tester"})
		if err != nil || len(r.Plans) != len(want) {
			t.Fatalf("%s: %d plans, %v", rule, len(r.Plans), err)
		}
		for _, p := range r.Plans {
			name := p.Plan.Finding.Object.Name
			if why := want[name]; !strings.Contains(p.Decision.Reason, why) || (why == "") != (p.Decision.Verdict == healer.Proceed) {
				t.Errorf("%s of %s: %+v", rule, name, p.Decision)
			}
		}
	}
}
