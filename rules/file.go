package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// File is one rule file: a rule with the version variants of its sections.
type File struct {
	ID     string // AREA/NAME
	Path   string
	Hash   string // SHA-256 of the source, hex
	Source string // with its fragments

	header   Rule // the fields the header sets
	sections []section
	rules    map[int]*Rule // by the major version from which each applies
}

// The range of PostgreSQL's major versions a rule may be for.
const (
	MinMajor = 13
	MaxMajor = 18
)

// Parse reads and vets one rule file that includes nothing. The path is
// relative to the rules' folder: "index/invalid.sql" holds the rule
// index/invalid. The error is Mistakes: everything that is wrong with the file.
func Parse(name string, src []byte) (*File, error) { return parse(name, src, none{}) }

// parse reads and vets one rule file with the fragments it includes, of the
// same folder of rules.
func parse(name string, src []byte, fragments fs.FS) (f *File, err error) {
	// A mistake in here must cost this file only, never the other rules.
	defer func() {
		if v := recover(); v != nil {
			f, err = nil, Mistakes{{File: name, Line: 1, Message: fmt.Sprintf("the reader panicked: %v", v)}}
		}
	}()
	r := reader{file: &File{ID: strings.TrimSuffix(path.Clean(name), ".sql"), Path: name}}
	lines := r.expand(string(src), fragments)
	if len(r.mistakes) == 0 {
		r.file.Source = strings.Join(lines, "\n")
		sum := sha256.Sum256([]byte(r.file.Source))
		r.file.Hash = hex.EncodeToString(sum[:])
		r.read(lines)
	}
	if len(r.mistakes) == 0 {
		r.check()
	}
	if len(r.mistakes) > 0 {
		slices.SortStableFunc(r.mistakes, func(a, b Mistake) int {
			return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
		})
		return nil, slices.Compact(r.mistakes)
	}
	return r.file, nil
}

// check builds the rule for every version that has a variant, and vets it.
func (r *reader) check() {
	r.file.rules = make(map[int]*Rule)
	for _, major := range r.file.majors() {
		rule := r.build(major)
		if rule.Detect.Text == "" && len(rule.Counts) == 0 {
			r.mistakef(1, "there is no detect section for PostgreSQL %d", major)
			return
		}
		if len(r.mistakes) == 0 {
			r.vet(rule)
		}
		r.file.rules[major] = rule
	}
}

// majors are the versions at which another variant begins.
func (f *File) majors() []int {
	lowest := max(MinMajor, f.header.Requires.Min)
	list := []int{lowest}
	for _, s := range f.sections {
		if s.major > lowest {
			list = append(list, s.major)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// For returns the rule as it applies to a major version: of each section the
// highest variant that is not above it. It is false for a version below those
// the rule is for.
func (f *File) For(major int) (*Rule, bool) {
	for ; major >= MinMajor; major-- {
		if rule, ok := f.rules[major]; ok {
			return rule, true
		}
	}
	return nil, false
}

// build makes the rule of the sections that apply.
func (r *reader) build(major int) *Rule {
	rule := r.file.header
	rule.ID, rule.File, rule.Hash = r.file.ID, r.file.Path, r.file.Hash
	for _, s := range r.file.chosen(major) {
		r.apply(&rule, s)
	}
	return &rule
}

func (f *File) chosen(major int) []section {
	var out []section
	for _, s := range f.sections {
		if s.major > major {
			continue
		}
		i := slices.IndexFunc(out, func(o section) bool { return o.kind == s.kind && o.key == s.key })
		if i < 0 {
			out = append(out, s)
		} else if s.major >= out[i].major {
			out[i] = s
		}
	}
	return out
}
