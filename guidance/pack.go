package guidance

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Pack is a set of themes, with the words and examples that tell of them: a YAML file.
type Pack struct {
	Name    string  `yaml:"pack"`
	Title   string  `yaml:"title"`
	General string  `yaml:"general"` // the theme of what no other is about
	Themes  []Theme `yaml:"themes"`
}

// Theme is what a question can be about, and the built-in advice on it.
type Theme struct {
	Name      string           `yaml:"name"`
	Title     string           `yaml:"title"`
	Summary   string           `yaml:"summary"`
	SQLStates []string         `yaml:"sqlstates"` // a whole one, or a class of two characters
	Rules     []string         `yaml:"rules"`
	Keywords  map[string]Words `yaml:"keywords"` // by language; all languages are heard at once
	Examples  string           `yaml:"examples"` // of what people send, one a line, in any language
	Steps     []string         `yaml:"steps"`
	Risks     []string         `yaml:"risks"`
	Links     []Link           `yaml:"links"`
}

// Words are words and phrases by how much they say. A star at the end of a
// word stands for any ending.
type Words struct {
	Strong []string `yaml:"strong"` // name the theme and nothing else
	Usual  []string `yaml:"usual"`  // belong to it
	Weak   []string `yaml:"weak"`   // only tip the balance
}

// The weights of words.
const (
	strong = 5
	usual  = 2
	weak   = 1
)

//go:embed packs/*.yaml
var builtin embed.FS

// BuiltinPacks returns the packs of this program, postgres first.
func BuiltinPacks() ([]*Pack, error) { return LoadPacks(builtin, "packs/*.yaml") }

// LoadPacks reads the packs of a file system that match the pattern, in the
// order of their names. One mistake refuses its file only; the errors are
// joined, each with file and position.
func LoadPacks(files fs.FS, pattern string) ([]*Pack, error) {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		return nil, fmt.Errorf("guidance packs %s: %w", pattern, err)
	}
	var out []*Pack
	var bad []error
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err == nil {
			var p *Pack
			if p, err = ParsePack(path.Base(name), text); err == nil {
				out = append(out, p)
				continue
			}
		}
		bad = append(bad, err)
	}
	return out, errors.Join(bad...)
}

// ParsePack reads one pack. The file's name is for messages.
func ParsePack(file string, text []byte) (*Pack, error) {
	var p Pack
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, false))
	}
	if mistakes := p.mistakes(); len(mistakes) > 0 {
		return nil, fmt.Errorf("%s: %s", file, strings.Join(mistakes, "; "))
	}
	return &p, nil
}

// named is what a pack or a theme may be called.
var named = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

func (p *Pack) mistakes() (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if !named.MatchString(p.Name) {
		say("pack: %q: lower-case letters, digits and hyphens are needed", p.Name)
	}
	if p.find(p.General) == nil {
		say("general: %q is no theme of the pack", p.General)
	}
	seen := map[string]bool{}
	for _, t := range p.Themes {
		if !named.MatchString(t.Name) {
			say("theme %q: lower-case letters, digits and hyphens are needed", t.Name)
		}
		if seen[t.Name] {
			say("theme %s is there twice", t.Name)
		}
		seen[t.Name] = true
		if t.Title == "" || t.Summary == "" || len(t.Steps) == 0 {
			say("theme %s: title, summary and steps are needed", t.Name)
		}
		for _, s := range t.SQLStates {
			if len(s) != 5 && len(s) != 2 {
				say("theme %s: %q is no SQLSTATE; five characters, or two for a class", t.Name, s)
			}
		}
		for _, l := range t.Links {
			if !documentation(l.URL) {
				say("theme %s: %s is no page of PostgreSQL's documentation", t.Name, l.URL)
			}
		}
		for language, words := range t.Keywords {
			for _, w := range slices.Concat(words.Strong, words.Usual, words.Weak) {
				if len(tokens(strings.ReplaceAll(w, "*", ""))) == 0 {
					say("theme %s, %s: %q holds no word", t.Name, language, w)
				}
			}
		}
	}
	return out
}

func (p *Pack) find(name string) *Theme {
	i := slices.IndexFunc(p.Themes, func(t Theme) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Themes[i]
}

// documentation reports whether a link is one that may be shown: https, and
// PostgreSQL's own pages.
func documentation(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Scheme == "https" && u.Host == "www.postgresql.org" && u.User == nil &&
		strings.HasPrefix(u.Path, "/docs/")
}
