package rulestest

import (
	"fmt"
	"strconv"
	"strings"
)

// Fixture is a rule's test.
type Fixture struct {
	Sets  []string // param=value
	Quiet Script
	Setup Script
	Want  []Wanted
	Log   string // lines of a jsonlog, which narrow the rule as in the daemon
	Plan  string // golden SQL, one statement a line
}

// Wanted is a finding that has to be there.
type Wanted struct {
	Object  string // schema.name
	Refused string // the guard that has to refuse its repair; "": it is repaired
}

// ParseFixture reads a fixture file.
func ParseFixture(src string) (*Fixture, error) {
	f := &Fixture{}
	sections := make(map[string]string)
	current := ""
	for _, line := range strings.Split(strings.ReplaceAll(src, "\r\n", "\n"), "\n") {
		switch name, isComment := strings.CutPrefix(line, "-- "); {
		case isComment && (name == "quiet" || name == "setup" || name == "log" || name == "want" || name == "plan"):
			current = name
			sections[current] += ""
			continue
		case isComment && current == "" && strings.HasPrefix(name, "set: "):
			for _, s := range strings.Split(strings.TrimPrefix(name, "set: "), ",") {
				f.Sets = append(f.Sets, strings.TrimSpace(s))
			}
			continue
		}
		if current != "" {
			sections[current] += line + "\n"
		} else if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "--") {
			return nil, fmt.Errorf("%q stands before the first section", line)
		}
	}
	for _, need := range []string{"quiet", "setup", "want"} {
		if _, ok := sections[need]; !ok {
			return nil, fmt.Errorf("the section %s is missing", need)
		}
	}
	var err error
	if f.Quiet, err = ParseScript(sections["quiet"]); err != nil {
		return nil, fmt.Errorf("quiet: %w", err)
	}
	if f.Setup, err = ParseScript(sections["setup"]); err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	f.Log = strings.TrimSpace(sections["log"])
	f.Plan = strings.TrimSpace(sections["plan"])
	f.Want, err = wanted(sections["want"])
	return f, err
}

// wanted reads lines such as
//
//	app.orders_idx
//	"app.a\nname"
//	app.seq refused: the greatest value is not a sentinel
func wanted(text string) ([]Wanted, error) {
	var out []Wanted
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "--") {
			continue
		}
		object, refused, _ := strings.Cut(line, " refused: ")
		if strings.HasPrefix(object, `"`) {
			var err error
			if object, err = strconv.Unquote(object); err != nil {
				return nil, fmt.Errorf("want: %s: %w", line, err)
			}
		}
		out = append(out, Wanted{Object: object, Refused: refused})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("want names nothing")
	}
	return out, nil
}
