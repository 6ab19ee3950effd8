package healer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/rulestest"
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
	// together is how many of the further names are of one repair, and lanes how
	// many databases they are in.
	together, lanes = 50, 6
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

// lane is one of the databases among which the further names and the forged
// events are shared out: a healer waits for its server most of the time, and
// repairs one thing at a time.
type lane struct {
	*rulestest.Stage
	random  *rand.Rand
	planned map[string]int  // what the server has to see, and how often
	forged  map[string]bool // what it has to be given as parameters
	err     error
}

func newLane(st *rulestest.Stage, seed uint64) *lane {
	return &lane{
		Stage: st, random: rand.New(rand.NewPCG(7, seed)), //nolint:gosec // the same names each time
		planned: make(map[string]int), forged: make(map[string]bool),
	}
}

// throng makes so many tables with hostile names, and lets them be analyzed.
func (l *lane) throng(ctx context.Context, crowd *rules.File, n int) error {
	c, err := pgconn.Connect(ctx, l.Player.Superuser)
	if err != nil {
		return err
	}
	defer c.Close(ctx) //nolint:errcheck // what it made is there
	for first := 0; first < n; first += together {
		schema := fmt.Sprintf("crowd_%d", first/together)
		sql := []string{
			"CREATE SCHEMA " + schema + " AUTHORIZATION " + l.Name + "_owner", "SET ROLE " + l.Name + "_owner", "SET search_path = " + schema,
			"CREATE TABLE " + schema + " (id int)",
		}
		for i := first; i < min(n, first+together); i++ {
			sql = append(sql, "CREATE TABLE "+quoted(hostile(l.random, i))+" (id int)")
		}
		if _, err := c.Exec(ctx, strings.Join(append(sql, "RESET ROLE"), ";")).ReadAll(); err != nil {
			return err
		}
	}
	h := with(l.Stage, func(c *healer.Config) { c.Rules = source{crowd} })
	r, err := h.Heal(ctx, healer.Options{Person: true, Now: true})
	if want := (n + together - 1) / together; err != nil || len(r.Repairs) != want {
		return fmt.Errorf("%d repairs, want %d, %w", len(r.Repairs), want, err)
	}
	return l.plan(r)
}

// plan notes what the server has to see of some repairs.
func (l *lane) plan(r healer.Result) error {
	for _, a := range r.Repairs {
		if !a.Verified {
			return fmt.Errorf("%q: %s: %s", a.Plan.Finding.Object.Name, a.State, a.Err)
		}
		for _, s := range a.Plan.Steps {
			// What the fifty rows of app.behind prove.
			l.planned[strings.ReplaceAll(s.SQL, "{next:number}", "51")]++
		}
	}
	return nil
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

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

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
	first := newLane(x.Stage, 0)
	for i := range names {
		if err := x.Try(x.Name, x.Name+"_owner", "CREATE TABLE app."+quoted(hostile(first.random, i))+" (id int)"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := x.Heal(t.Context(), healer.Options{Person: true, Now: true})
	if err != nil || len(r.Repairs) != names+1 {
		t.Fatalf("%d repairs, %v", len(r.Repairs), err)
	}
	if err := first.plan(r); err != nil {
		t.Error(err)
	}
	play(t, x.Stage, looked)
	all := []*lane{first}
	for i := 1; i < min(times, lanes); i++ {
		all = append(all, newLane(stageOn(t, x.Server, source{}, looked), uint64(i)))
	}
	rows := make(map[*lane]string)
	for _, l := range all {
		rows[l] = x.rows(l.Name)
	}
	many, known := rule(t, "test/crowd", crowd), builtin(t)
	var running sync.WaitGroup
	for i, l := range all {
		running.Go(func() {
			// The events come first: a pass reads all that the ledger and the catalog have.
			l.err = errors.Join(l.forge(t.Context(), known, share(min(forgeries*times, 1000), i, len(all))),
				l.throng(t.Context(), many, share(names*(times-1), i, len(all))))
		})
	}
	running.Wait()
	for _, l := range all {
		if l.err != nil {
			t.Errorf("%s: %v", l.Name, l.err)
		}
		if now := x.rows(l.Name); now != rows[l] {
			t.Errorf("%s: somebody's rows are others than before:\n%s\n%s", l.Name, rows[l], now)
		}
	}
	x.saw(all)
	if n := x.Ask(t, x.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 'victim'"); n != "1" {
		t.Error("the victim is gone")
	}
}

// share is the ith of so many shares of a number.
func share(n, i, shares int) int { return (n + i) / shares }

// looked is what the forged events name in part: a table with nothing wrong, and
// one whose sequence is behind indeed.
const looked = `CREATE TABLE app.sound (id serial PRIMARY KEY); INSERT INTO app.sound SELECT FROM generate_series(1, 50);
	CREATE TABLE app.behind (id serial PRIMARY KEY); INSERT INTO app.behind SELECT generate_series(1, 50)`

// others are further rules that such an event wakes, or that a forged one would.
var others = []string{"data/duplicate-rows", "data/orphan-rows", "index/invalid-unique", "matview/unpopulated", "partition/missing-next", "sequence/exhaustion"}

// forge has rules look because of so many forged events, and notes the texts in
// them that are compared with the catalog. Some name what there is. Nothing may
// follow of them but what the catalog proves.
func (l *lane) forge(ctx context.Context, known rules.Set, n int) error {
	h := with(l.Stage, func(c *healer.Config) { c.Rules = known })
	run := func(rule string, event rules.Values) (healer.Result, error) {
		event["event.sqlstate"] = rules.Text("23505")
		return h.Heal(ctx, healer.Options{Person: true, Now: true, Rules: []string{rule}, Event: event})
	}
	for i := range n {
		event, rule := make(rules.Values), "sequence/behind"
		for _, field := range []string{"schema", "table", "constraint", "column", "user", "database"} {
			event["event."+field] = rules.Text(hostile(l.random, i))
		}
		switch i % 4 {
		case 2:
			rule = others[i/4%len(others)]
		case 3:
			event = event.Merge(naming("sound"))
			if i%8 == 7 {
				rule = others[i/8%len(others)]
			}
		default:
			for _, field := range []string{"schema", "table", "constraint"} {
				l.forged[event["event."+field].Text] = true
			}
		}
		r, err := run(rule, event)
		if err != nil || len(r.Findings)+len(r.Skips)+len(r.Repairs) != 0 {
			return fmt.Errorf("an event that is forged for %s: %+v, %w", rule, r, err)
		}
	}
	r, err := run("sequence/behind", naming("behind"))
	if err == nil && (len(r.Repairs) != 1 || r.Repairs[0].Plan.Finding.Object.Name != "behind_id_seq") {
		err = fmt.Errorf("an event whose fault is one: %+v", r)
	}
	return errors.Join(err, l.plan(r))
}

// naming is an event of a table.
func naming(table string) rules.Values {
	return rules.Values{"event.schema": rules.Text("app"), "event.table": rules.Text(table), "event.constraint": rules.Text(table + "_pkey")}
}

// executed is what the server says before a statement of the extended protocol:
// one for itself, or one of ours that is kept prepared.
var executed = regexp.MustCompile(`^execute (<unnamed>|pgmend_\d+): `)

// bound is a parameter as the server's log has it.
var bound = regexp.MustCompile(`\$\d+ = '((?:[^']|'')*)'`)

// saw compares the server's own log with what was planned, and makes sure that
// it was given what was forged, each text as a parameter.
func (x *site) saw(all []*lane) {
	x.t.Helper()
	by := make(map[string]*lane) // the logins
	forged, events, ours, others := 0, 0, 0, 0
	judge := make(judge)
	for _, l := range all {
		for _, login := range []string{"_observer", "_healer", "_signaller"} {
			by[l.Name+login] = l
		}
		forged += len(l.forged)
	}
	for _, record := range x.logged() {
		l := by[record[1]]
		if l == nil {
			continue
		}
		how := executed.FindString(record[13])
		sql := record[13][len(how):]
		switch {
		case how == "":
			if strings.HasPrefix(record[13], "statement: ") || strings.HasPrefix(record[13], "execute ") {
				x.t.Errorf("a statement that is not executed as ours are: %q", record[13])
			}
		case l.planned[sql] > 0:
			l.planned[sql]--
			ours++
		case strings.Contains(sql, canary):
			x.t.Errorf("it was not planned: %q", sql)
		default:
			if why := judge.program(sql, l.Name+"_owner"); why != "" {
				x.t.Errorf("it was not planned, and %s: %q", why, sql)
			}
			others++
		}
		boxed := sandboxCall.MatchString(sql)
		for _, parameter := range bound.FindAllStringSubmatch(record[14], -1) {
			text := strings.ReplaceAll(parameter[1], "''", "'")
			switch {
			case !boxed:
			case l.planned[text] > 0:
				l.planned[text]--
				ours++
			default:
				if why := judge.query(text, "app"); why != "" {
					x.t.Errorf("it was not planned, and in the sandbox %s: %q", why, text)
				}
			}
			if l.forged[text] {
				events++
				delete(l.forged, text)
			}
		}
	}
	for _, l := range all {
		for sql, n := range l.planned {
			if n != 0 {
				x.t.Errorf("planned and not seen: %q", sql)
			}
		}
		for text := range l.forged {
			x.t.Errorf("forged and not seen: %q", text)
		}
	}
	x.t.Logf("the server saw %d planned statements and %d of our own, and %d of %d forged texts as parameters", ours, others, events, forged)
}
