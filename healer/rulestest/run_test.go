package rulestest_test

import (
	"context"
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
		alone := &rulestest.Exclusive{Binaries: s.Binaries}
		t.Cleanup(func() {
			if err := alone.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		for _, file := range set.Files() {
			rule, ok := file.For(s.Major)
			if !ok {
				continue // the rule is for later versions
			}
			fixture := read(t, file)
			for name, super := range map[string]bool{"least privilege": false, "superuser": true} {
				t.Run(file.ID+"/"+name, func(t *testing.T) {
					// What sees the whole server plays before the others, by itself.
					if rule.Scope == rules.ScopeDatabase && !fixture.Alone() {
						t.Parallel()
					}
					out := rulestest.Run(t.Context(), rulestest.Config{
						Server: s, Exclusive: alone, Version: s.Major * 10000, Superuser: super, Rule: file, Fixture: fixture,
					})
					if *update && !super {
						rewrite(t, file, fixture.WithPlans(s.Major, out.Plans))
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

// rewrite puts the planned SQL into a fixture.
func rewrite(t *testing.T, file *rules.File, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(catalog, path(file)), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A fixture that stands beside no rule proves nothing.
func TestNoFixtureWithoutARule(t *testing.T) {
	files, err := rules.BuiltinFiles()
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if rule, ok := strings.CutSuffix(name, "_test.sql"); ok && err == nil {
			_, err = fs.Stat(files, rule+".sql")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
