package pgmend_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pgmend/pgmend/"

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Doc        string
}

// layers are the folders, each with those it may import, of this module.
// Imports point one way: parser <- rules <- healer <- healer/* <- cmd.
var layers = []struct {
	folder string
	may    []string
}{
	{"parser/worker", []string{"parser"}},
	{"parser/tail", []string{"parser/pglog"}},
	{"parser/pglog", []string{"parser/jsonstring"}},
	{"parser/jsonstring", nil},
	{"parser/parsertest", nil},
	{"parser/workload", []string{"parser", "parser/pglog"}},
	{"parser", []string{"parser/jsonstring"}},
	{"rules/logic", nil},
	{"rules", []string{"parser", "rules/logic"}},
	{"healer/disposable", nil},
	{"healer/pg/pgtest", []string{"healer/disposable", "rules"}},
	{"healer/rulestest", []string{"parser", "parser/pglog", "rules", "healer", "healer/baseline", "healer/disposable", "healer/hearsay", "healer/ledger", "healer/pg"}},
	{"healer/report", []string{"parser", "parser/pglog", "parser/workload", "rules", "healer", "healer/baseline"}},
	{"healer/page", []string{"healer", "healer/report"}},
	{"healer/", []string{"parser", "parser/pglog", "parser/workload", "rules", "healer"}}, // every other subfolder
	{"healer", []string{"parser", "rules", "rules/logic"}},
	{"guidance", []string{"parser", "rules", "healer"}},
	{"systemd", nil},
	{"scripts/testlog", nil},
	{"scripts/summary", []string{"scripts/testlog"}},
	{"scripts/matrix", []string{"scripts/testlog"}},
	{"cmd/", []string{"*"}},
}

// keepers are the only importers of a library.
var keepers = map[string][]string{
	"github.com/pganalyze/pg_query" + "_go": {"parser"},
	"github.com/jackc/pgx":                  {"healer/pg", "healer/pg/pgtest", "healer/rulestest"},
	"github.com/mattn/go-sqlite3":           {"healer/ledger"},
	"github.com/spf13/cobra":                {"cmd/pgmend"},
}

// violations says which imports of a package are against the layout.
func violations(p listed) []string {
	self := strings.TrimPrefix(p.ImportPath, module)
	var out []string
	for _, i := range p.Imports {
		own, ours := strings.CutPrefix(i, module)
		if ours && !allowed(self, own) {
			out = append(out, fmt.Sprintf("%s must not import %s", self, own))
		}
		for library, who := range keepers {
			if strings.HasPrefix(i, library) && !slices.Contains(who, self) {
				out = append(out, fmt.Sprintf("%s must not import %s; only %v may", self, i, who))
			}
		}
	}
	return out
}

func allowed(self, other string) bool {
	for _, l := range layers {
		if self == l.folder || strings.HasSuffix(l.folder, "/") && strings.HasPrefix(self, l.folder) {
			return slices.Contains(l.may, "*") || slices.Contains(l.may, other)
		}
	}
	return false // a folder that the layout does not know
}

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		for _, v := range violations(p) {
			t.Error(v)
		}
		if p.Doc == "" && !strings.Contains(p.ImportPath, "testdata") {
			t.Errorf("%s has no doc comment that says where it stands", p.ImportPath)
		}
	}
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Doc", "./...")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var list []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath != strings.TrimSuffix(module, "/") {
			list = append(list, p)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return list
}

// The check itself has to be able to fail.
func TestTheLayoutIsChecked(t *testing.T) {
	for _, p := range []listed{
		{ImportPath: module + "parser", Imports: []string{module + "rules"}},
		{ImportPath: module + "rules", Imports: []string{module + "healer"}},
		{ImportPath: module + "healer", Imports: []string{module + "healer/pg"}},
		{ImportPath: module + "healer/ledger", Imports: []string{module + "healer/pg"}},
		{ImportPath: module + "guidance", Imports: []string{module + "healer/report"}},
		{ImportPath: module + "healer/report", Imports: []string{module + "guidance"}},
		{ImportPath: module + "healer/report", Imports: []string{"github.com/jackc/pgx/v5"}},
		{ImportPath: module + "rules", Imports: []string{"github.com/pganalyze/pg_query" + "_go/v5"}},
		{ImportPath: module + "util", Imports: []string{module + "rules"}},
	} {
		if len(violations(p)) != 1 {
			t.Errorf("%s importing %v is let through", p.ImportPath, p.Imports)
		}
	}
}

// source is a Go file of this module that is no test.
func sources(t *testing.T, each func(path string, src []byte, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "bin"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
		if err != nil {
			return err
		}
		each(filepath.ToSlash(path), src, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// longest is how many lines a file may have; style asks for 300.
const longest = 400

func TestFilesAreShortAndStateless(t *testing.T) {
	sources(t, func(path string, src []byte, f *ast.File) {
		if n := strings.Count(string(src), "\n"); n > longest {
			t.Errorf("%s has %d lines", path, n)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function", path)
			}
		}
		// Tests' own support may look where the servers' binaries are.
		if strings.HasPrefix(path, "cmd/") || path == "healer/pg/pgtest/pgtest.go" {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" && (s.Sel.Name == "Getenv" || s.Sel.Name == "LookupEnv" || s.Sel.Name == "Environ") {
					t.Errorf("%s reads the environment; only cmd may", path)
				}
			}
			return true
		})
	})
}

func TestEveryRuleHasAFixture(t *testing.T) {
	files, err := filepath.Glob("rules/catalog/*/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d rule files: %v", len(files), err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.sql") || strings.HasSuffix(f, "_part.sql") {
			continue
		}
		if _, err := os.Stat(strings.TrimSuffix(f, ".sql") + "_test.sql"); err != nil {
			t.Errorf("%s has no fixture: %v", f, err)
		}
	}
}
