package healer_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// A VACUUM or ANALYZE of what is not one's own "succeeds" with a WARNING and
// does nothing: that is a failure.
// hazard: 17
func TestAWarningIsAFailure(t *testing.T) {
	foreign := strings.Replace(again, "pg_catalog.pg_get_userbyid(c.relowner) AS owner", "NULL::text AS owner", 1)
	st := stage(t, source{rule(t, "test/foreign", foreign)}, "CREATE TABLE app.t (id int); GRANT USAGE ON SCHEMA app TO PUBLIC")
	r, err := st.Heal(t.Context(), healer.Options{Person: true, Now: true})
	if a := only(t, r, err); a.State != healer.Failed || !strings.Contains(a.Err, "warning") {
		t.Errorf("%s: %s", a.State, a.Err)
	}
}

// names and forgeries are how many the suite tries; PGMEND_HOSTILE multiplies
// them, for make torture, up to 1,000 forgeries.
const (
	names     = 15
	forgeries = 20
	canary    = "canary_7f3"
	// together is how many of the further names are of one repair.
	together = 50
)

// crowd is a rule that analyzes all tables of a schema in one repair.
const crowd = `
-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname LIKE 'crowd\_%' AND c.relname = n.nspname

-- repair: session
-- each: SELECT n.nspname AS schema, c.relname AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner
--   FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
--  WHERE n.nspname = @schema AND c.relname <> @schema AND c.relkind = 'r' ORDER BY c.oid
ANALYZE {each.schema}.{each.name};

-- verify: within=1ms
SELECT 'never' WHERE false

-- undo: none, because it is a test`

// throng makes so many tables with hostile names, and lets them be analyzed.
func (x *site) throng(random *rand.Rand, first, n int, planned map[string]int) {
	x.t.Helper()
	c := x.Conn(x.t, x.Name, x.Name+"_owner")
	for i := range n {
		schema := fmt.Sprintf("crowd_%d", i/together)
		if i%together == 0 {
			x.super("CREATE SCHEMA " + schema + " AUTHORIZATION " + x.Name + "_owner")
			x.Exec(x.t, x.Name, x.Name+"_owner", "CREATE TABLE "+schema+"."+schema+" (id int)")
		}
		sql := "CREATE TABLE " + schema + `."` + strings.ReplaceAll(hostile(random, first+i), `"`, `""`) + `" (id int)`
		if _, err := c.Exec(x.t.Context(), sql).ReadAll(); err != nil {
			x.t.Fatal(err)
		}
	}
	h := with(x.Stage, func(c *healer.Config) { c.Rules = source{rule(x.t, "test/crowd", crowd)} })
	r, err := h.Heal(x.t.Context(), healer.Options{Person: true, Now: true})
	if want := (n + together - 1) / together; err != nil || len(r.Repairs) != want {
		x.t.Fatalf("%d repairs, want %d, %v", len(r.Repairs), want, err)
	}
	for _, a := range r.Repairs {
		if !a.Verified {
			x.t.Errorf("%s: %s: %s", a.Plan.Finding.Object, a.State, a.Err)
		}
		for _, s := range a.Plan.Steps {
			planned[s.SQL]++
		}
	}
}

// scraps are what hostile names are made of.
var scraps = []string{
	`"`, `'`, `\`, ";", "--", "/*", "*/", "$$", "$1", "%I", "{name}", "{{", "@oid", "\n", "\t", " ", ".", "é", "日", "💥", "\u202e", "\x1b[31m",
	"DROP TABLE app.victim", `"; DROP TABLE app.victim; --`, `'); DROP TABLE app.victim; --`, "E'", "U&\"", ":x", "?", "pg_catalog", "public",
}

// hostile is a text of scraps, no longer than a name may be.
func hostile(random *rand.Rand, i int) string {
	out := fmt.Sprintf("%d%s", i, canary)
	for {
		next := out + scraps[random.IntN(len(scraps))]
		if len(next) > 63 {
			return out
		}
		out = next
	}
}

// Whatever names say, and whatever the log is made to say, the server sees the
// planned statements of us, each as often as it was planned, and beside them
// only ones whose text nobody else had a part in.
// hazard: 36b, 38, 39
func TestWhatTheServerSawOfUs(t *testing.T) {
	t.Parallel()
	times := 1
	if text := os.Getenv("PGMEND_HOSTILE"); text != "" {
		if _, err := fmt.Sscan(text, &times); err != nil {
			t.Fatal(err)
		}
	}
	x := newSite(t, map[string]string{
		"log_statement": "all", "logging_collector": "on", "log_destination": "csvlog", "log_directory": "log", "log_rotation_size": "0",
	}, source{rule(t, "test/again", again)}, "CREATE TABLE app.victim (id int)")
	random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // the same names each time
	for i := range names {
		quoted := `"` + strings.ReplaceAll(hostile(random, i), `"`, `""`) + `"`
		if err := x.Try(x.Name, x.Name+"_owner", "CREATE TABLE app."+quoted+" (id int)"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := x.Heal(t.Context(), healer.Options{Person: true, Now: true})
	if err != nil || len(r.Repairs) != names+1 {
		t.Fatalf("%d repairs, %v", len(r.Repairs), err)
	}
	planned := make(map[string]int)
	for _, a := range r.Repairs {
		if !a.Verified {
			t.Errorf("%q: %s: %s", a.Plan.Finding.Object.Name, a.State, a.Err)
		}
		for _, s := range a.Plan.Steps {
			planned[s.SQL]++
		}
	}
	forged := x.forge(random, min(forgeries*times, 1000))
	if more := names * (times - 1); more > 0 {
		x.throng(random, names, more, planned)
	}
	x.saw(planned, forged)
	if n := x.Ask(t, x.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 'victim'"); n != "1" {
		t.Error("the victim is gone")
	}
}

// forge has a rule look because of so many forged events, and returns the texts
// in them that it compares with the catalog. It comes before the throng: a pass
// reads all that the ledger and the catalog have.
func (x *site) forge(random *rand.Rand, n int) map[string]bool {
	x.t.Helper()
	h := with(x.Stage, func(c *healer.Config) { c.Rules = builtin(x.t) })
	compared := make(map[string]bool)
	for i := range n {
		event := make(rules.Values)
		for _, field := range []string{"schema", "table", "constraint", "column", "user", "database"} {
			text := hostile(random, i)
			event["event."+field] = rules.Text(text)
			if field == "schema" || field == "table" || field == "constraint" {
				compared[text] = true
			}
		}
		event["event.sqlstate"] = rules.Text("23505")
		r, err := h.Heal(x.t.Context(), healer.Options{Person: true, Now: true, Rules: []string{"sequence/behind"}, Event: event})
		if err != nil || len(r.Findings)+len(r.Skips)+len(r.Repairs) != 0 {
			x.t.Fatalf("a forged event: %+v, %v", r, err)
		}
	}
	return compared
}

// harmless is how the statements begin that no rule wrote.
var harmless = regexp.MustCompile(`^(--[^\n]*\n|\s)*(SELECT|WITH|BEGIN|COMMIT|ROLLBACK|SET ROLE|SET LOCAL ROLE|RESET ROLE|SET TRANSACTION READ ONLY)\b`)

// bound is a parameter as the server's log has it.
var bound = regexp.MustCompile(`\$\d+ = '((?:[^']|'')*)'`)

// saw compares the server's own log with what was planned, and makes sure that
// it was given what was forged, each text as a parameter.
func (x *site) saw(planned map[string]int, forged map[string]bool) {
	x.t.Helper()
	ours, others := 0, 0
	for _, record := range x.logged() {
		if !slices.Contains(x.ours(), record[1]) {
			continue
		}
		_, sql, ok := strings.Cut(record[13], "execute <unnamed>: ")
		switch {
		case !ok:
			if strings.HasPrefix(record[13], "statement: ") {
				x.t.Errorf("a statement over the simple protocol: %q", record[13])
			}
		case planned[sql] > 0:
			planned[sql]--
			ours++
		case strings.Contains(sql, canary) || !harmless.MatchString(sql):
			x.t.Errorf("it was not planned: %q", sql)
		default:
			others++
		}
		for _, parameter := range bound.FindAllStringSubmatch(record[14], -1) {
			delete(forged, strings.ReplaceAll(parameter[1], "''", "'"))
		}
	}
	for sql, n := range planned {
		if n != 0 {
			x.t.Errorf("planned and not seen: %q", sql)
		}
	}
	for text := range forged {
		x.t.Errorf("forged and not seen: %q", text)
	}
	x.t.Logf("the server saw %d planned statements and %d of our own", ours, others)
}
