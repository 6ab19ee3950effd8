package rulestest_test

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// adorned gives tables what a repair or its undo could lose.
const adorned = `-- @superuser
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT c.oid::regclass AS name, c.relkind AS kind,
                  (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum LIMIT 1) AS first
             FROM pg_class AS c WHERE c.relnamespace = 'app'::regnamespace AND c.relkind IN ('r', 'p') LOOP
    EXECUTE format('GRANT SELECT ON %s TO PUBLIC', t.name);
    EXECUTE format('COMMENT ON TABLE %s IS %L', t.name, 'of ' || t.name);
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', t.name, t.first, 'the first');
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 77', t.name, t.first);
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', t.name);
    IF t.kind = 'r' THEN
      EXECUTE format('ALTER TABLE %s SET (fillfactor = 91)', t.name);
      EXECUTE format('ALTER TABLE %s SET TABLESPACE aside', t.name);
    END IF;
  END LOOP;
  FOR t IN SELECT i.indexrelid::regclass AS name, i.indisunique AS stays FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
            WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r' LOOP
    IF t.stays THEN -- a comment keeps pgmend from dropping the others
      EXECUTE format('COMMENT ON INDEX %s IS %L', t.name, 'of ' || t.name);
    END IF;
    EXECUTE format('ALTER INDEX %s SET TABLESPACE aside', t.name);
  END LOOP;
END $$;
`

// adornments are what a rule's repair is tried with.
func adornments(t *testing.T) rulestest.Script {
	t.Helper()
	script, err := rulestest.ParseScript(adorned)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// dumper is a pg_dump of the distribution, the server of its version, and why
// there is none.
func dumper(t *testing.T) (b disposable.Binaries, program, missing string) {
	t.Helper()
	for _, b := range slices.Backward(disposable.Installed()) {
		program = filepath.Join(b.Dir, "pg_dump")
		if _, err := os.Stat(program); err == nil {
			return b, program, ""
		}
	}
	return pgtest.One(t).Binaries, "", "no pg_dump is installed beside a server; the catalog's snapshot is compared instead"
}

// dumped is the schema as pg_dump writes it.
func dumped(t *testing.T, program, conn string) string {
	t.Helper()
	out, err := osexec.CommandContext(t.Context(), program, "--schema-only", "-d", conn).CombinedOutput() //nolint:gosec // a program of the distribution
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	options := regexp.MustCompile(`WITH \((.*)\)`)
	var lines []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, `\`) { // \restrict has a key of its own each time
			// The order of storage parameters means nothing.
			lines = append(lines, options.ReplaceAllStringFunc(line, func(s string) string {
				list := strings.Split(options.FindStringSubmatch(s)[1], ", ")
				slices.Sort(list)
				return "WITH (" + strings.Join(list, ", ") + ")"
			}))
		}
	}
	return strings.Join(lines, "")
}

// After a repair and its undo the schema, as pg_dump writes it, and the sums of
// all rows are what they were, whatever stands at the tables: comments, grants,
// targets of statistics, tablespaces, replica identities and storage parameters.
// What has no undo is not repaired here. A repair alone loses no row either: each
// is in its table as before, or, where the rule declares that it moves rows, in a
// quarantine of that table.
func TestUndoRestoresTheDumpAndEveryRow(t *testing.T) {
	binaries, program, missing := dumper(t)
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: binaries, Settings: map[string]string{"autovacuum": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if missing != "" {
		t.Log(missing)
	}
	(&pgtest.Server{Server: server}).Exec(t, "postgres", "postgres",
		"SET allow_in_place_tablespaces = on; CREATE TABLESPACE aside LOCATION ''; GRANT CREATE ON TABLESPACE aside TO PUBLIC")
	set, seen := builtin(t), new(sync.Map)
	t.Cleanup(func() {
		for _, c := range carried {
			if _, ok := seen.Load(c); !ok && program != "" && !t.Failed() {
				t.Errorf("no dump had %q, so nobody knows whether it comes back", c)
			}
		}
	})
	for _, file := range set.Files() {
		rule, ok := file.For(binaries.Major)
		if !ok || rule.Undo.Action == nil || rule.Scope != rules.ScopeDatabase {
			continue
		}
		cases, err := read(t, file).For(binaries.Major)
		if err != nil {
			t.Fatal(err)
		}
		cases = slices.DeleteFunc(cases, func(c rulestest.Case) bool { return c.Own != nil }) // of a whole server
		if len(cases) == 0 {
			continue
		}
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			var compared atomic.Int64
			t.Run("cases", func(t *testing.T) {
				for _, c := range cases {
					t.Run(c.Name, func(t *testing.T) {
						t.Parallel()
						if undone(t, undoing{server, rule, set, c, program, seen}) {
							compared.Add(1)
						}
					})
				}
			})
			if compared.Load() == 0 {
				t.Error("in no case was anything repaired that can be taken back")
			}
		})
	}
}

// undoing is one rule whose repairs are taken back.
type undoing struct {
	server  *disposable.Server
	rule    *rules.Rule
	set     rules.Set
	story   rulestest.Case
	program string    // pg_dump; "": there is none
	seen    *sync.Map // of carried, what stood in a dump
}

// carried is how pg_dump writes what the adornments are.
var carried = []string{"COMMENT ON TABLE", "COMMENT ON COLUMN", "COMMENT ON INDEX", "GRANT SELECT ON TABLE", "SET STATISTICS 77", "SET default_tablespace = aside",
	"REPLICA IDENTITY FULL", "fillfactor='91'"}

// undone repairs what can be taken back and takes it back, and reports whether
// there was any. What has no undo is left broken, and is another test's.
func undone(t *testing.T, u undoing) bool {
	t.Helper()
	st, err := rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: u.server, Version: u.server.Major * 10000, Rules: u.set, With: u.story.With})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	u.broken(t, st)
	o := healer.Options{Rules: []string{u.rule.ID}, Person: true, Ceiling: rules.High, Now: true, Yes: true, Actor: "tester"}
	for _, s := range u.story.Sets {
		o.Sets = append(o.Sets, u.rule.ID+"."+s)
	}
	planned, err := st.Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range planned.Plans {
		if len(p.Plan.Undo) > 0 && p.Decision.Verdict == healer.Proceed {
			o.Plans = append(o.Plans, p.Plan.ID)
		}
	}
	if len(o.Plans) == 0 {
		return false
	}
	before, snapshots := u.look(t, st), all(t, st)
	for _, c := range carried {
		if strings.Contains(before, c) {
			u.seen.Store(c, true)
		}
	}
	tables, err := st.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := sums(t, st, tables, false)
	attempts := repaired(t, st, o)
	u.lostNothing(t, st, tables, rows)
	for _, id := range slices.Backward(attempts) {
		back, err := st.Undo(t.Context(), id, o)
		if err != nil || !back.Verified {
			t.Fatalf("the undo of %s: %s %s, %v", id, back.State, back.Err, err)
		}
	}
	if diff := cmp.Diff(before, u.look(t, st)); diff != "" {
		t.Errorf("it is not as it was:\n%s", diff)
	}
	now := all(t, st)
	for name, s := range snapshots {
		if diff := s.Diff(now[name]); len(diff) > 0 {
			t.Errorf("%s: %s", name, diff[0])
		}
	}
	for name := range now {
		if _, ok := snapshots[name]; !ok {
			t.Errorf("%s is left", name)
		}
	}
	return true
}

// repaired repairs, and returns the attempts.
func repaired(t *testing.T, st *rulestest.Stage, o healer.Options) (ids []string) {
	t.Helper()
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Repairs {
		if !a.Verified {
			t.Errorf("%s: %s: %s", a.Plan.Finding.Object, a.State, a.Err)
		}
		ids = append(ids, a.ID)
	}
	if len(ids) == 0 {
		for _, p := range r.Plans {
			t.Logf("%s: %s by %s: %s", p.Plan.Finding.Object, p.Decision.Verdict, p.Decision.Guard, p.Decision.Reason)
		}
		t.Fatalf("nothing was repaired of %d plans", len(r.Plans))
	}
	return ids
}

// broken plays the story and adorns its tables.
func (u undoing) broken(t *testing.T, st *rulestest.Stage) {
	t.Helper()
	play := func(s rulestest.Script) {
		t.Helper()
		if err := st.Player.Play(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	play(u.story.Quiet)
	if u.rule.Detect.Uses(rules.DriftName) {
		// The adornments are part of the baseline, and what breaks it comes after.
		play(adornments(t))
		if err := st.Declare(t.Context()); err != nil {
			t.Fatal(err)
		}
		play(u.story.Setup)
		return
	}
	play(u.story.Setup)
	play(adornments(t))
}

// look is all that the undo has to restore: the rows, and the schema as pg_dump
// writes it.
func (u undoing) look(t *testing.T, st *rulestest.Stage) string {
	t.Helper()
	tables, err := st.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(sums(t, st, tables, false), "\n")
	if u.program != "" {
		text += dumped(t, u.program, st.Player.Superuser)
	}
	return text
}

// lostNothing makes sure that a repair kept all rows, and the columns unless
// the rule declares that it adds some.
func (u undoing) lostNothing(t *testing.T, st *rulestest.Stage, tables []rulestest.Table, rows map[string]string) {
	t.Helper()
	if diff := cmp.Diff(rows, sums(t, st, tables, slices.Contains(u.rule.Hazards, "move_rows"))); diff != "" {
		t.Errorf("a repair changed rows:\n%s", diff)
	}
	if slices.Contains(u.rule.Hazards, "column") {
		return
	}
	now, err := st.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if !slices.ContainsFunc(now, func(n rulestest.Table) bool { return cmp.Equal(n, table) }) {
			t.Errorf("a repair changed the columns of %s, which were %q", table.Name, table.Columns)
		}
	}
}

func sums(t *testing.T, st *rulestest.Stage, tables []rulestest.Table, quarantined bool) map[string]string {
	t.Helper()
	rows, err := st.Rows(t.Context(), tables, quarantined)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// all is what the catalog says of every relation.
func all(t *testing.T, st *rulestest.Stage) map[string]healer.Snapshot {
	t.Helper()
	out, err := st.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out
}
