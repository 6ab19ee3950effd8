package rulestest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pgmend/pgmend/rules"
)

// Fixture is a rule's test: one case or more, each with a database of its own.
type Fixture struct {
	lines []string
	cases []*source
	alone bool
}

// Alone reports whether the rule sees more than its own database, so that no
// other fixture may play on the server meanwhile.
func (f *Fixture) Alone() bool { return f.alone }

// Case is one story of a fixture, as it is on one version of PostgreSQL.
type Case struct {
	Name  string            // "" of the first
	Sets  []string          // param=value
	Own   map[string]string // settings of a server of its own; nil: the shared one
	With  string            // options of CREATE DATABASE
	Quiet Script
	Setup Script
	Want  []Wanted
	// Log has lines of a jsonlog, which narrow the rule as in the daemon or, where
	// it counts, are counted; Heard near misses, after which nothing is found; and
	// after those of Vain only what a guard refuses.
	Log, Heard, Vain string
	Plan             string // golden SQL, one statement a line
}

// Wanted is a finding that has to be there.
type Wanted struct {
	Object  string // schema.name
	Refused string // the guard that has to refuse its repair; "": it is repaired
	Waits   string // the guard it waits for at first, until another is repaired in the same run
	Rights  bool   // it refuses only those who are no superuser
}

// source is a case as it is written, with all its variants.
type source struct {
	name     string
	sets     []string
	own      map[string]string
	with     string
	min, max int                     // major versions it is for
	end      int                     // the line behind its last
	sections map[string]map[int]span // by name and the version they begin with
}

// span is the lines of a section's body.
type span struct{ from, to int }

var (
	sectionForm = regexp.MustCompile(`^-- (quiet log|refused log|quiet|setup|log|want|plan)(?: \((\d+)\))?\s*$`)
	headerForm  = regexp.MustCompile(`^-- (set|server|database|requires|alone|case): (.*?)\s*$`)
	needForm    = regexp.MustCompile(`^pg(>=|<=)(\d+)$`)
)

// ParseFixture reads a fixture file and makes sure that it can be read for
// every supported version.
func ParseFixture(text string) (*Fixture, error) {
	f := &Fixture{lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	if err := f.scan(); err != nil {
		return nil, err
	}
	for major := rules.MinMajor; major <= rules.MaxMajor; major++ {
		if _, err := f.For(major); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// scan finds the cases, their headers and their sections.
func (f *Fixture) scan() error {
	current := f.begin("")
	var section map[int]span
	version := 0
	for i, line := range f.lines {
		header, start := headerForm.FindStringSubmatch(line), sectionForm.FindStringSubmatch(line)
		switch {
		case header != nil && header[1] == "case":
			current, section = f.begin(header[2]), nil
		case header != nil && header[1] == "alone" && section == nil:
			f.alone = true
		case header != nil && section == nil:
			if err := current.header(header[1], header[2]); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		case start != nil:
			version, _ = strconv.Atoi(start[2]) // "" is 0: every version
			if section = current.sections[start[1]]; section == nil {
				section = make(map[int]span)
				current.sections[start[1]] = section
			}
			if _, twice := section[version]; twice {
				return fmt.Errorf("line %d: the section %s is there twice", i+1, start[1])
			}
			section[version] = span{i + 1, i + 1}
		case section != nil:
			section[version] = span{section[version].from, i + 1}
		case strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "--"):
			return fmt.Errorf("line %d: %q stands before the first section", i+1, line)
		}
		current.end = i + 1
	}
	return nil
}

// NearMisses is the SQL of the first case's near misses, as it is written.
func (f *Fixture) NearMisses() string {
	at, ok := f.cases[0].at("quiet", rules.MaxMajor)
	if !ok {
		return ""
	}
	var out []string
	for _, line := range f.lines[at.from:at.to] {
		if !strings.HasPrefix(line, "-- @") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func (f *Fixture) begin(name string) *source {
	s := &source{name: name, min: rules.MinMajor, max: rules.MaxMajor, sections: make(map[string]map[int]span)}
	f.cases = append(f.cases, s)
	return s
}

func (s *source) header(key, value string) error {
	for _, one := range strings.Split(value, ",") {
		one = strings.TrimSpace(one)
		switch key {
		case "set":
			s.sets = append(s.sets, one)
			continue
		case "database":
			s.with = value
			return nil
		case "server":
			if err := s.setting(one); err != nil {
				return err
			}
			continue
		}
		m := needForm.FindStringSubmatch(one)
		if m == nil {
			return fmt.Errorf("requires: %q is not pg>=N or pg<=N", one)
		}
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return err
		}
		if m[1] == ">=" {
			s.min = n
		} else {
			s.max = n
		}
	}
	return nil
}

// setting reads name=value of a server of the case's own.
func (s *source) setting(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("server: %q is not name=value", text)
	}
	if s.own == nil {
		s.own = make(map[string]string)
	}
	s.own[strings.TrimSpace(name)] = strings.TrimSpace(value)
	return nil
}

// For returns the cases as they are on a major version.
func (f *Fixture) For(major int) ([]Case, error) {
	var out []Case
	for _, s := range f.cases {
		if major < s.min || major > s.max {
			continue
		}
		c, err := f.read(s, major)
		if err != nil {
			return nil, fmt.Errorf("%s%w", prefix(s.name), err)
		}
		out = append(out, c)
	}
	return out, nil
}

func prefix(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}

func (f *Fixture) read(s *source, major int) (Case, error) {
	text := func(section string) string {
		at, ok := s.at(section, major)
		if !ok {
			return ""
		}
		return strings.Join(f.lines[at.from:at.to], "\n")
	}
	c := Case{Name: s.name, Sets: s.sets, Own: s.own, With: s.with, Log: strings.TrimSpace(text("log")), Heard: strings.TrimSpace(text("quiet log")), Vain: strings.TrimSpace(text("refused log")), Plan: strings.TrimSpace(text("plan"))}
	for _, need := range []string{"quiet", "setup", "want"} {
		// The near misses of the first case need no second telling.
		if _, ok := s.at(need, major); !ok && (need != "quiet" || s.name == "") {
			return c, fmt.Errorf("the section %s is missing", need)
		}
	}
	var err error
	if c.Quiet, err = ParseScript(text("quiet")); err != nil {
		return c, fmt.Errorf("quiet: %w", err)
	}
	if c.Setup, err = ParseScript(text("setup")); err != nil {
		return c, fmt.Errorf("setup: %w", err)
	}
	c.Want, err = wanted(text("want"))
	return c, err
}

// at finds a section's variant: the highest that is not above the version.
func (s *source) at(section string, major int) (span, bool) {
	best, found := -1, span{}
	for version, at := range s.sections[section] {
		if version <= major && version > best {
			best, found = version, at
		}
	}
	return found, best >= 0
}

// WithPlans returns the file with other golden SQL, by the cases' names.
func (f *Fixture) WithPlans(major int, plans map[string]string) string {
	lines := slices.Clone(f.lines)
	// From behind, so that the lines still to change keep their numbers.
	for _, s := range slices.Backward(f.cases) {
		plan, ok := plans[s.name]
		if !ok || major < s.min || major > s.max {
			continue
		}
		body := append(strings.Split(plan, "\n"), "")
		at, there := s.at("plan", major)
		if !there {
			at, body = span{s.end, s.end}, append([]string{"-- plan"}, body...)
			if s.end > 0 && lines[s.end-1] != "" {
				body = append([]string{""}, body...)
			}
		}
		lines = slices.Replace(lines, at.from, at.to, body...)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// wanted reads lines such as
//
//	app.orders_idx
//	"app.a\nname"
//	app.seq refused: the greatest value is not a sentinel
//	setting wal_level refused for want of rights: the healer may change it
func wanted(text string) ([]Wanted, error) {
	var out []Wanted
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "--") {
			continue
		}
		object, refused, _ := strings.Cut(line, " refused: ")
		rights := false
		if refused == "" {
			object, refused, rights = strings.Cut(line, " refused for want of rights: ")
		}
		object, waits, _ := strings.Cut(object, " waits: ")
		if strings.HasPrefix(object, `"`) {
			var err error
			if object, err = strconv.Unquote(object); err != nil {
				return nil, fmt.Errorf("want: %s: %w", line, err)
			}
		}
		out = append(out, Wanted{Object: object, Refused: refused, Rights: rights, Waits: waits})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("want names nothing")
	}
	return out, nil
}
