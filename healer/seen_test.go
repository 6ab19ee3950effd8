package healer_test

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
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
// them, for make torture.
const (
	names     = 15
	forgeries = 20
	canary    = "canary_7f3"
)

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
	for i := range names * times {
		quoted := `"` + strings.ReplaceAll(hostile(random, i), `"`, `""`) + `"`
		if err := x.Try(x.Name, x.Name+"_owner", "CREATE TABLE app."+quoted+" (id int)"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := x.Heal(t.Context(), healer.Options{Person: true, Now: true})
	if err != nil || len(r.Repairs) != names*times+1 {
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
	hears := with(x.Stage, func(c *healer.Config) { c.Rules = builtin(t) })
	for i := range forgeries * times {
		event := make(rules.Values)
		for _, field := range []string{"schema", "table", "constraint", "column", "user", "database"} {
			event["event."+field] = rules.Text(hostile(random, i))
		}
		event["event.sqlstate"] = rules.Text("23505")
		r, err := hears.Heal(t.Context(), healer.Options{Person: true, Now: true, Rules: []string{"sequence/behind"}, Event: event})
		if err != nil || len(r.Findings)+len(r.Skips)+len(r.Repairs) != 0 {
			t.Fatalf("a forged event: %+v, %v", r, err)
		}
	}
	x.saw(planned)
	if n := x.Ask(t, x.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 'victim'"); n != "1" {
		t.Error("the victim is gone")
	}
}

// harmless is how the statements begin that no rule wrote.
var harmless = regexp.MustCompile(`^(--[^\n]*\n|\s)*(SELECT|WITH|BEGIN|COMMIT|ROLLBACK|SET ROLE|SET LOCAL ROLE|RESET ROLE|SET TRANSACTION READ ONLY)\b`)

// saw compares the server's own log with what was planned.
func (x *site) saw(planned map[string]int) {
	x.t.Helper()
	files, err := filepath.Glob(filepath.Join(x.DataDir(), "log", "*.csv"))
	if err != nil || len(files) == 0 {
		x.t.Fatalf("%d logs, %v", len(files), err)
	}
	ours, others := 0, 0
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			x.t.Fatal(err)
		}
		records := csv.NewReader(f)
		records.FieldsPerRecord = -1
		for {
			record, err := records.Read()
			if err != nil {
				break // its end; the last record may be half written
			}
			if user := record[1]; user != x.Name+"_observer" && user != x.Name+"_healer" && user != x.Name+"_signaller" {
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
		}
		_ = f.Close()
	}
	for sql, n := range planned {
		if n != 0 {
			x.t.Errorf("planned and not seen: %q", sql)
		}
	}
	x.t.Logf("the server saw %d planned statements and %d of our own", ours, others)
}
