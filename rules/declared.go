package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// DriftName is the value that holds how a database differs from its approved
// baseline, as JSON; null where nothing was approved.
const DriftName = "drift"

// declared is the fact of a step that is nothing but {fact:declared}: a list of
// statements that the approved baseline gives. They are never spliced into
// anything.
func (t Template) declared() string {
	for _, p := range t.parts {
		if p.kind == partSplice && p.format == "declared" {
			return p.name
		}
	}
	return ""
}

// declared judges a step whose statements the approved baseline gives. What they
// are is only known when they are planned, by CheckDeclared.
func (v *vetter) declared(section string, a *Action, step Step, facts known) {
	wrong := func(message, hint string) { v.mistake(step.Line, section+": "+message, hint) }
	v.used[step.Gives] = true
	_, given := facts[step.Gives]
	switch {
	case a.Mode != Declared:
		wrong("what the baseline gives runs as it says", "-- "+section+": declared")
	case !v.rule.Detect.Uses(DriftName):
		wrong("its statements have to come from @drift, and detect does not ask for it", "")
	case strings.TrimSpace(step.Text) != "{"+step.Gives+":declared}":
		wrong("{"+step.Gives+":declared} is a step of its own, and nothing stands beside it", "")
	case !given:
		wrong("there is no value "+step.Gives+" here", "")
	case step.Each != nil || step.If != nil || len(step.Let) > 0 || len(step.Assert) > 0 || !step.AsOwner:
		wrong("what the baseline gives runs as: owner, and has no other note but fails", "")
	}
}

// CheckDeclared judges statements that the approved baseline gives, before they
// are planned, as vet judges those of a rule file: one statement each, of a
// class that the rule's hazards permit, qualified, and concurrent where it would
// keep others from a table that is there. It returns their classes.
func CheckDeclared(rule *Rule, mode Mode, list []string) ([]string, error) {
	v := vetter{reader: &reader{}, rule: rule}
	made := make(map[parser.Name]bool)
	classes := make([]string, len(list))
	for i, sql := range list {
		parsed, err := parser.Inspect(sql)
		if err != nil {
			return nil, fmt.Errorf("statement %d of the baseline: %w", i+1, err)
		}
		if len(parsed) != 1 {
			return nil, fmt.Errorf("statement %d of the baseline is not one statement", i+1)
		}
		one := parsed[0]
		if why := v.baseline(one, mode, made); why != "" {
			return nil, fmt.Errorf("statement %d of the baseline: %s", i+1, why)
		}
		if one.Class == "create_table" || one.Class == "create_materialized_view" {
			for _, t := range one.Targets {
				made[t] = true
			}
		}
		classes[i] = one.Class
	}
	if len(list) == 0 {
		return nil, errors.New("the baseline gives no statement for it")
	}
	return classes, nil
}

func (v *vetter) baseline(i parser.Inspection, mode Mode, made map[parser.Name]bool) string {
	fresh := len(i.Targets) > 0
	for _, t := range i.Targets {
		fresh = fresh && made[t]
	}
	if i.Class == "create_index" && !i.Concurrently && fresh && mode == Transaction && v.permitted(i) {
		return "" // nobody can use the table before it is committed
	}
	// A session may hold what needs a transaction of its own, and not the other
	// way round.
	return v.step(&Action{Mode: mode}, i)
}
