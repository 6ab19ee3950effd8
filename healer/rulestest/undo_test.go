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
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// adorned gives every table what a repair or its undo could lose.
const adorned = `-- @superuser
GRANT SELECT ON ALL TABLES IN SCHEMA app TO PUBLIC;
-- @superuser
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT c.oid::regclass AS name, c.relkind AS kind,
                  (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum LIMIT 1) AS first
             FROM pg_class AS c WHERE c.relnamespace = 'app'::regnamespace AND c.relkind IN ('r', 'p') LOOP
    EXECUTE format('COMMENT ON TABLE %s IS %L', t.name, 'of ' || t.name);
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', t.name, t.first, 'the first');
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 77', t.name, t.first);
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', t.name);
    IF t.kind = 'r' THEN
      EXECUTE format('ALTER TABLE %s SET (fillfactor = 91)', t.name);
    END IF;
  END LOOP;
END $$;
`

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
// targets of statistics, replica identities and storage parameters. A repair
// alone changes no row either. An object that somebody changed since is not
// touched.
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
	set := builtin(t)
	for _, file := range set.Files() {
		rule, ok := file.For(binaries.Major)
		if !ok || rule.Undo.Action == nil || rule.Scope != rules.ScopeDatabase {
			continue
		}
		cases, err := read(t, file).For(binaries.Major)
		if err != nil || len(cases) == 0 || cases[0].Own != nil {
			continue // there is none, or it is of a whole server
		}
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			undone(t, undoing{server, rule.ID, set, cases[0], program})
		})
	}
}

// undoing is one rule whose repairs are taken back.
type undoing struct {
	server  *disposable.Server
	rule    string
	set     rules.Set
	story   rulestest.Case
	program string // pg_dump; "": there is none
}

func undone(t *testing.T, u undoing) {
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
	adorn, err := rulestest.ParseScript(adorned)
	if err != nil {
		t.Fatal(err)
	}
	if u.rule == "partition/missing-next" {
		adorn = nil // it refuses where a new partition would lack what the others have
	}
	for _, s := range []rulestest.Script{u.story.Quiet, u.story.Setup, adorn} {
		if err := st.Player.Play(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	look := func() string {
		t.Helper()
		rows, err := st.Rows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(rows, "\n")
		if u.program != "" {
			text += dumped(t, u.program, st.Player.Superuser)
		}
		return text
	}
	o := healer.Options{Rules: []string{u.rule}, Person: true, Ceiling: rules.High, Now: true, Yes: true, Actor: "tester"}
	for _, s := range u.story.Sets {
		o.Sets = append(o.Sets, u.rule+"."+s)
	}
	before, snapshots := look(), all(t, st)
	rows, err := st.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var repaired []string
	r, err := st.Heal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Repairs {
		if !a.Verified {
			t.Errorf("%s: %s: %s", a.Plan.Finding.Object, a.State, a.Err)
		}
		if len(a.Plan.Undo) > 0 {
			repaired = append(repaired, a.ID)
		}
	}
	if len(repaired) == 0 {
		t.Fatalf("nothing was repaired that can be taken back: %d plans", len(r.Plans))
	}
	// data/duplicate-rows moves rows, after an approval; its undo brings them back.
	if now, err := st.Rows(t.Context()); err != nil || u.rule != "data/duplicate-rows" && !kept(rows, now) {
		t.Errorf("a repair changed rows: %v was %v, %v", now, rows, err)
	}
	for _, id := range slices.Backward(repaired) {
		back, err := st.Undo(t.Context(), id, o)
		if err != nil || !back.Verified {
			t.Fatalf("the undo of %s: %s %s, %v", id, back.State, back.Err, err)
		}
	}
	if len(repaired) < len(r.Repairs) {
		return // what has no undo stays, and is another rule's to prove
	}
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Errorf("it is not as it was:\n%s", diff)
	}
	now := all(t, st)
	for name, s := range snapshots {
		if diff := s.Diff(now[name]); len(diff) > 0 {
			t.Errorf("%s: %s", name, diff[0])
		}
	}
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

// kept reports whether the rows of all tables are the same; new tables do not
// matter.
func kept(before, now map[string]string) bool {
	for name, rows := range before {
		if now[name] != rows {
			return false
		}
	}
	return true
}
