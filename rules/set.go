package rules

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// The built-in rules. Fixtures are for the harness and are not embedded by
// this; see Fixtures.
//
//go:embed catalog
var catalog embed.FS

// Set is a collection of rule files with different ids.
type Set struct {
	files []*File
}

// Builtin returns the rules that come with pgmend. They are read and vetted
// once in a process; nobody changes a rule.
func Builtin() (Set, []error) {
	set, errs := builtin()
	return set, slices.Clone(errs)
}

var builtin = sync.OnceValues(func() (Set, []error) {
	sub, err := fs.Sub(catalog, "catalog")
	if err != nil {
		return Set{}, []error{err}
	}
	return read(sub)
})

// BuiltinFiles returns the built-in rules' files, with their fixtures.
func BuiltinFiles() (fs.FS, error) { return fs.Sub(catalog, "catalog") }

// Load reads the rule files below a folder. Bad ones come back as errors
// (Mistakes, for what is wrong inside a file); the others are kept.
func Load(dir string) (Set, []error) {
	if info, err := os.Stat(dir); err != nil {
		return Set{}, []error{err}
	} else if !info.IsDir() {
		return Set{}, []error{fmt.Errorf("%s is not a folder", dir)}
	}
	return read(os.DirFS(dir))
}

// LoadFile reads one rule file. Its id is that of its last two path elements,
// and its fragments are in the folder above these.
func LoadFile(name string) (*File, error) {
	if strings.HasSuffix(name, fragmentSuffix) {
		return nil, Mistakes{{File: name, Line: 1, Message: "a fragment is no rule", Hint: "it is vetted with each rule that includes it"}}
	}
	src, err := os.ReadFile(name) //nolint:gosec // the person names the file
	if err != nil {
		return nil, err
	}
	full, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	area := filepath.Dir(full)
	return parse(filepath.Base(area)+"/"+filepath.Base(full), src, os.DirFS(filepath.Dir(area)))
}

func read(fsys fs.FS) (Set, []error) {
	var s Set
	var errs []error
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		if d.IsDir() || !strings.HasSuffix(path, ".sql") || strings.HasSuffix(path, "_test.sql") || strings.HasSuffix(path, fragmentSuffix) {
			return nil
		}
		src, err := fs.ReadFile(fsys, path)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		f, err := parse(path, src, fsys)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		s.files = append(s.files, f)
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	return s, errs
}

// Files returns the files, in the order of their ids.
func (s Set) Files() []*File {
	files := slices.Clone(s.files)
	slices.SortFunc(files, func(a, b *File) int { return strings.Compare(a.ID, b.ID) })
	return files
}

// For returns the rules that apply to a major version, in the order of their
// ids. A major version that is newer than any known is served like the newest.
func (s Set) For(major int) []*Rule {
	var out []*Rule
	for _, f := range s.Files() {
		if r, ok := f.For(major); ok {
			out = append(out, r)
		}
	}
	return out
}

// Merge returns both sets' rules. An id that is there already is refused, so
// that nothing replaces a built-in rule unnoticed.
func (s Set) Merge(o Set) (Set, []error) {
	out := Set{files: slices.Clone(s.files)}
	var errs []error
	for _, f := range o.files {
		if slices.ContainsFunc(s.files, func(b *File) bool { return b.ID == f.ID }) {
			errs = append(errs, Mistakes{{
				File: f.Path, Line: 1, Message: "the rule " + f.ID + " is there already",
				Hint: "give it another name; a built-in rule is switched off in the configuration",
			}})
			continue
		}
		out.files = append(out.files, f)
	}
	return out, errs
}
