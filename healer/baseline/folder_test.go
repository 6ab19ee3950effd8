package baseline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// hostile has names and texts that would break what is written carelessly.
const hostile = `
CREATE SCHEMA "../../etc";
CREATE TABLE "../../etc"."passwd
\! rm -rf" ("a;b" int DEFAULT 1, "c--d" text DEFAULT '--'';\', "e""f" text, "/*" int);
COMMENT ON TABLE "../../etc"."passwd
\! rm -rf" IS E'*/ ; DROP TABLE x; --\n\\! echo';
CREATE VIEW "../../etc".".hidden" AS SELECT "a;b" AS "; x" FROM "../../etc"."passwd
\! rm -rf";
CREATE FUNCTION "../../etc"."f("() RETURNS text LANGUAGE sql AS $f$ SELECT ';$$' $f$;
CREATE TABLE public.a (id int PRIMARY KEY, b int);
CREATE TABLE public.b (id int PRIMARY KEY, a int REFERENCES a);
ALTER TABLE public.a ADD FOREIGN KEY (b) REFERENCES public.b;
`

// What was written as SQL and is run somewhere else gives the same schema.
func TestSQLGivesTheSchemaAgain(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		database := s.Database(t)
		s.Exec(t, database, "postgres", shop)
		s.Exec(t, database, "postgres", hostile)
		want := read(t, open(t, s, database))
		dir := t.TempDir()
		if err := baseline.WriteFolder(dir, want); err != nil {
			t.Fatal(err)
		}
		again, err := baseline.ReadFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		if again.Hash() != want.Hash() {
			t.Error("the folder's snapshot is another schema")
		}
		scripts, err := baseline.Scripts(dir)
		if err != nil {
			t.Fatal(err)
		}
		empty := s.Database(t)
		c := s.Conn(t, empty, "postgres")
		// Every database has it, and its grants are what differs between versions.
		run := []string{"DROP SCHEMA public", "SET check_function_bodies = off"}
		for _, f := range scripts {
			run = append(run, f.Statements()...)
		}
		for _, sql := range run {
			if _, err := c.Exec(t.Context(), sql).ReadAll(); err != nil {
				t.Fatalf("%v in: %s", err, sql)
			}
		}
		have := read(t, open(t, s, empty))
		var left []string
		for _, d := range baseline.Compare(want, have) {
			if d.Schema != "public" || d.Kind != baseline.KindSchema && d.Kind != baseline.KindSchemaGrant {
				left = append(left, string(d.What)+" "+d.String()+": "+d.Want+" / "+d.Have)
			}
		}
		if len(left) > 0 {
			t.Errorf("what was loaded differs: %q", left)
		}
	})
}

func TestFolderIsTheSameEachTime(t *testing.T) {
	s := pgtest.One(t)
	database := s.Database(t)
	s.Exec(t, database, "postgres", shop)
	s.Exec(t, database, "postgres", hostile)
	schema := read(t, open(t, s, database))
	dir := t.TempDir()
	if err := baseline.WriteFolder(dir, schema); err != nil {
		t.Fatal(err)
	}
	first := contents(t, dir)
	for name := range first {
		if strings.Contains(name, "..") || strings.ContainsAny(name, "\n\\;") {
			t.Errorf("a file is called %q", name)
		}
	}
	if err := baseline.WriteFolder(dir, read(t, open(t, s, database))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, contents(t, dir)); diff != "" {
		t.Error(diff)
	}
	// What is not in the schema any more goes, and nothing else.
	s.Exec(t, database, "postgres", "DROP TYPE app.pair")
	keep := filepath.Join(dir, "README.md")
	if err := os.WriteFile(keep, []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := baseline.WriteFolder(dir, read(t, open(t, s, database))); err != nil {
		t.Fatal(err)
	}
	now := contents(t, dir)
	if now["app/type/pair.sql"] != "" || now["README.md"] != "ours" || len(now) != len(first) {
		t.Errorf("the folder holds %d files, it held %d", len(now), len(first))
	}
	edited := filepath.Join(dir, "app/table/orders.sql")
	if err := os.WriteFile(edited, []byte("CREATE TABLE app.orders ();"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := baseline.ReadFolder(dir); !errors.Is(err, baseline.ErrEdited) {
		t.Errorf("SQL that was edited is read as the snapshot: %v", err)
	}
}

func TestWhatIsNoBaselineIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine.sql"), []byte("SELECT 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := baseline.WriteFolder(dir, baseline.Schema{}); err == nil || len(contents(t, dir)) != 1 {
		t.Errorf("a folder of somebody's SQL was written to: %v", err)
	}
	if _, err := baseline.ReadFolder(dir); !errors.Is(err, baseline.ErrEdited) {
		t.Error(err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // the test's own
		name, _ := filepath.Rel(dir, path)
		out[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
