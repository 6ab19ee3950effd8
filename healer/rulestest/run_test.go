package rulestest_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

var update = flag.Bool("update", false, "write the planned SQL into the fixtures")

func TestMain(m *testing.M) { pgtest.Exit(m) }

// catalog is where the fixtures stand in the repository.
const catalog = "../../rules/catalog"

// TestRules proves every built-in rule, under the roles of setup sql and, in
// a second pass, as a superuser.
func TestRules(t *testing.T) {
	set, errs := rules.Builtin()
	for _, err := range errs {
		t.Error(err)
	}
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		for _, file := range set.Files() {
			fixture := read(t, file)
			for name, super := range map[string]bool{"least privilege": false, "superuser": true} {
				t.Run(file.ID+"/"+name, func(t *testing.T) {
					t.Parallel()
					out := rulestest.Run(t.Context(), rulestest.Config{
						Server: s, Version: s.Major * 10000, Superuser: super, Rule: file, Fixture: fixture,
					})
					if *update && !super && out.Plan != fixture.Plan && out.Plan != "" {
						rewrite(t, file, out.Plan)
					}
					if out.Err != nil {
						t.Error(out.Err)
					}
				})
			}
		}
	})
}

func path(file *rules.File) string {
	return strings.TrimSuffix(filepath.FromSlash(file.Path), ".sql") + "_test.sql"
}

func read(t *testing.T, file *rules.File) *rulestest.Fixture {
	t.Helper()
	files, err := rules.BuiltinFiles()
	if err != nil {
		t.Fatal(err)
	}
	src, err := fs.ReadFile(files, filepath.ToSlash(path(file)))
	if err != nil {
		t.Fatalf("rule %s has no fixture: %v", file.ID, err)
	}
	f, err := rulestest.ParseFixture(string(src))
	if err != nil {
		t.Fatalf("%s: %v", path(file), err)
	}
	return f
}

// rewrite puts the planned SQL into a fixture, whose last section it is.
func rewrite(t *testing.T, file *rules.File, plan string) {
	t.Helper()
	name := filepath.Join(catalog, path(file))
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(src), "-- plan\n")
	if err := os.WriteFile(name, []byte(head+"-- plan\n"+plan+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
