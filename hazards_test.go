package pgmend_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hazard is one way to harm a database, and the guard against it.
type hazard struct {
	id, harm, guard string
	// open says honestly what is not proved; with proofs, what they leave out.
	open string
}

var updateHazards = flag.Bool("update-hazards", false, "write docs/hazards.md")

const hazardsFile = "docs/hazards.md"

// A test that proves a guard says so: "hazard: 7, 8" in a comment of the test
// or of one of its parts. In a rule's fixture the comment is SQL's.
var provesForm = regexp.MustCompile(`hazard: ([0-9]+[a-d]?(?:, [0-9]+[a-d]?)*)`)

// proofs maps each hazard to the tests that name it.
func proofs(t *testing.T) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	add := func(text, where string) {
		for _, m := range provesForm.FindAllStringSubmatch(text, -1) {
			for _, id := range strings.Split(m[1], ", ") {
				if !slices.Contains(out[id], where) {
					out[id] = append(out[id], where)
				}
			}
		}
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "bin"):
			return fs.SkipDir
		case d.IsDir() || path == "hazards_test.go":
			return nil
		case strings.HasSuffix(path, "_test.sql"):
			text, err := os.ReadFile(path)
			add(string(text), "fixture of "+strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(path), "rules/catalog/"), "_test.sql"))
			return err
		case strings.HasSuffix(path, "_test.go"):
			return provedIn(path, add)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range out {
		slices.Sort(out[id])
	}
	return out
}

// provedIn reads a file of tests.
func provedIn(path string, add func(text, where string)) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
			continue
		}
		for _, c := range f.Comments {
			if c == fn.Doc || c.Pos() >= fn.Pos() && c.End() <= fn.End() {
				add(c.Text(), filepath.ToSlash(filepath.Dir(path))+" "+fn.Name.Name)
			}
		}
	}
	return nil
}

// The table of docs/hazards.md is current, and every hazard has a proof, or
// the table says that it has none.
func TestHazardsAreProvedOrSaidToBeOpen(t *testing.T) {
	proved := proofs(t)
	var b strings.Builder
	b.WriteString("# Hazards\n\nHow automated repair hurts, the guard against it, and the test that fails when the guard is taken away.\n" +
		"`go test . -update-hazards` writes this table from the comments `hazard: N` in the tests; a test holds it.\n" +
		"\"open\" says what is not proved yet.\n")
	known := make(map[string]bool)
	for _, group := range hazards {
		fmt.Fprintf(&b, "\n## %s\n\n| # | hazard | guard | proof |\n|---|---|---|---|\n", group.title)
		for _, h := range group.rows {
			known[h.id] = true
			if h.open == "" && len(proved[h.id]) == 0 {
				t.Errorf("hazard %s has no proof, and the table does not say why", h.id)
			}
			var cells []string
			for _, p := range proved[h.id] {
				cells = append(cells, "`"+p+"`")
			}
			if h.open != "" {
				cells = append(cells, "open: "+h.open)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", h.id, h.harm, h.guard, strings.Join(cells, "<br>"))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(proved)) {
		if !known[id] {
			t.Errorf("%v prove a hazard %s, which there is not", proved[id], id)
		}
	}
	if *updateHazards {
		if err := os.MkdirAll(filepath.Dir(hazardsFile), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(hazardsFile, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(hazardsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("%s is not current; go test . -update-hazards writes it (-have +want):\n%s", hazardsFile, diff)
	}
}
