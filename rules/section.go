package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// apply reads a section's text into the rule.
func (r *reader) apply(rule *Rule, s section) {
	switch s.kind {
	case "detect":
		r.detect(rule, s)
	case "capture":
		q := r.query(s)
		rule.Capture = &q
		r.captureOptions(rule, s)
	case "prove":
		q := r.query(s)
		rule.Prove = &q
	case "guard":
		rule.Guards = append(rule.Guards, Guard{Name: s.arg, Query: r.query(s)})
	case "measure":
		q := r.query(s)
		rule.Measure = &q
	case "repair":
		rule.Repair = r.action(s, s.arg)
	case "verify":
		v := &Verify{Within: 10 * time.Second, Query: r.query(s)}
		for _, o := range r.options(s, s.arg) {
			if o.key != "within" || !duration(o.value, &v.Within) {
				r.mistakef(s.line, "unknown option %q of verify; there is within=10s", o.key)
			}
		}
		rule.Verify = v
	case "seal":
		q := r.query(s)
		rule.Seal = &q
	case "undo":
		if why, none := strings.CutPrefix(s.arg, "none"); none {
			rule.Undo = Undo{None: r.reason(s, why)}
			return
		}
		rule.Undo = Undo{Action: r.action(s, s.arg)}
	case "guidance":
		rule.Guidance = r.prose(s)
	}
}

// maxBatch bounds how many tables one transaction locks.
const maxBatch = 100

func (r *reader) captureOptions(rule *Rule, s section) {
	for _, o := range r.options(s, s.arg) {
		n, err := strconv.Atoi(o.value)
		switch {
		case o.key == "proof" && stateForm.MatchString(o.value):
			rule.Proof = append(rule.Proof, o.value)
		case o.key == "batch" && err == nil && n > 1 && n <= maxBatch && rule.Reads == ReadsRows:
			rule.Batch = n
		default:
			r.mistake(s.line, fmt.Sprintf("option %s=%s of capture is not allowed", o.key, o.value),
				fmt.Sprintf("proof=XX002, an SQLSTATE that proves the fault; where rows are read, batch=50, up to %d", maxBatch))
		}
	}
	if rule.Batch > 0 && len(rule.Proof) > 0 {
		r.mistake(s.line, "a capture whose error is the proof is not read in batches", "")
	}
}

// detect reads one SELECT, or the kinds of log events that are counted instead.
func (r *reader) detect(rule *Rule, s section) {
	kinds, counts := strings.CutPrefix(s.arg, "log ")
	switch {
	case s.arg == "":
		rule.Detect = r.query(s)
	case !counts:
		r.mistake(s.line, fmt.Sprintf("unknown option %q of detect", s.arg), "-- detect: log KIND, KIND counts events of the log")
	default:
		rule.Counts = r.list(kinds, s.line, kindForm, "an event's kind")
		if strings.TrimSpace(withoutComments(strings.Join(s.body, "\n"))) != "" {
			r.mistakef(s.line, "a rule that counts log events has no query")
		}
	}
}

// reason reads why there is no undo: "none, because …".
func (r *reader) reason(s section, text string) string {
	why, ok := strings.CutPrefix(strings.TrimSpace(text), ", because ")
	if !ok || strings.TrimSpace(why) == "" {
		r.mistake(s.line, "undo: none needs its reason", "-- undo: none, because …")
	}
	for i, line := range s.body {
		more, comment := strings.CutPrefix(line, "--   ")
		if comment {
			why += " " + strings.TrimSpace(more)
		} else if strings.TrimSpace(line) != "" {
			r.mistake(s.line+1+i, "undo: none has no statements", "")
		}
	}
	return why
}

func (r *reader) prose(s section) string {
	var out []string
	for i, line := range s.body {
		text, ok := strings.CutPrefix(line, "--")
		if !ok && strings.TrimSpace(line) != "" {
			r.mistake(s.line+1+i, "guidance is written in comment lines", "-- Cause, cost, prevention.")
		}
		out = append(out, strings.TrimPrefix(text, " "))
	}
	text := strings.TrimSpace(strings.Join(out, "\n"))
	if text == "" {
		r.mistake(s.line, "the guidance is empty", "")
	}
	return text
}

// query reads a section that is one SELECT.
func (r *reader) query(s section) Query {
	list := statements(strings.Join(s.body, "\n"), s.line+1)
	if len(list) != 1 {
		r.mistakef(s.line, "%s has to be one query, it has %d", s.kind, len(list))
		return Query{}
	}
	return r.template(list[0].text, list[0].line)
}

func (r *reader) template(text string, line int) Query {
	t, err := ParseTemplate(text, line)
	if err != nil {
		r.wrong(line, err)
	}
	return Query{Template: t}
}

// option is key=value behind an action's mode.
type option struct{ key, value string }

func (r *reader) options(s section, text string) []option {
	var out []option
	for _, o := range strings.Split(text, ",") {
		if o = strings.TrimSpace(o); o == "" {
			continue
		}
		key, value, ok := strings.Cut(o, "=")
		if !ok {
			r.mistakef(s.line, "%q is not an option; options are written key=value", o)
			continue
		}
		out = append(out, option{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	return out
}

func duration(text string, into *time.Duration) bool {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return false
	}
	*into = d
	return true
}

// maxLockTimeout is the most a lock that stops writers may be waited for.
const maxLockTimeout = 500 * time.Millisecond

// action reads a repair or an undo: its mode, options and steps.
func (r *reader) action(s section, arg string) *Action {
	mode, rest, _ := strings.Cut(arg, ",")
	a := &Action{Mode: Mode(strings.TrimSpace(mode))}
	if a.Mode != Session && a.Mode != Transaction && a.Mode != Batches && a.Mode != Declared {
		r.mistake(s.line, fmt.Sprintf("%s: %q is not a mode", s.kind, mode), "session, transaction, batches or declared")
	}
	for _, o := range r.options(s, rest) {
		ok := false
		switch o.key {
		case "deadline":
			ok = duration(o.value, &a.Deadline)
		case "lock_timeout":
			ok = duration(o.value, &a.LockTimeout) && a.LockTimeout <= maxLockTimeout && a.Mode != Session
		}
		if !ok {
			r.mistake(s.line, fmt.Sprintf("%s: option %s=%s is not allowed", s.kind, o.key, o.value),
				"deadline=DURATION, and in transactions lock_timeout up to 500ms")
		}
	}
	for _, st := range statements(strings.Join(s.body, "\n"), s.line+1) {
		a.Steps = append(a.Steps, r.step(s, st))
	}
	if len(a.Steps) == 0 {
		r.mistakef(s.line, "%s has no statement", s.kind)
	}
	return a
}

var (
	noteForm  = regexp.MustCompile(`^\s*-- (each|if|let|assert|fails|as|repeat):\s*(.*?)\s*$`)
	stateForm = regexp.MustCompile(`^[0-9A-Z]{5}$`)
	failForm  = regexp.MustCompile(`^([0-9A-Z]{5})\s*->\s*([a-z0-9-]+/[a-z0-9-]+)$`)
)

// note is a comment line above a step that says something about it.
type note struct {
	kind, text string
	line       int
}

// step reads one statement with the notes above it. A note goes on in the
// comment lines that are indented by more than one blank.
func (r *reader) step(s section, st statement) Step {
	raw := r.rawStep(s, st)
	var step Step
	for _, n := range raw {
		switch n.kind {
		case "each", "if":
			q := r.template(strings.TrimSuffix(n.text, ";"), n.line)
			if n.kind == "each" {
				step.Each = &q
			} else {
				step.If = &q
			}
		case "let":
			step.Let = append(step.Let, r.template(strings.TrimSuffix(n.text, ";"), n.line))
		case "assert":
			step.Assert = append(step.Assert, r.template(strings.TrimSuffix(n.text, ";"), n.line))
		case "fails":
			m := failForm.FindStringSubmatch(n.text)
			if m == nil {
				r.mistake(n.line, fmt.Sprintf("fails: %q is not a hand-over", n.text), "-- fails: 23505 -> data/duplicate-rows")
				continue
			}
			if step.Fails == nil {
				step.Fails = make(map[string]string)
			}
			step.Fails[m[1]] = m[2]
		case "as":
			if n.text != "owner" {
				r.mistakef(n.line, "as: %q is not known; there is as: owner", n.text)
			}
			step.AsOwner = true
		case "repeat":
			if n.text != "rows" {
				r.mistakef(n.line, "repeat: %q is not known; there is repeat: rows", n.text)
			}
			step.Repeat = true
		}
	}
	step.Template = r.template(withoutComments(st.text), st.line).Template
	step.Gives = step.declared()
	return step
}

// rawStep finds the notes between the statement before and this one.
func (r *reader) rawStep(s section, st statement) []note {
	first := st.line - s.line - 1 // index in body of the statement's first line
	var notes []note
	for i := first - 1; i >= 0; i-- {
		line := strings.TrimSpace(s.body[i])
		if line != "" && !strings.HasPrefix(line, "--") {
			break
		}
		if m := noteForm.FindStringSubmatch(s.body[i]); m != nil {
			n := note{kind: m[1], text: m[2], line: s.line + 1 + i}
			for j := i + 1; j < first; j++ {
				more, ok := strings.CutPrefix(strings.TrimSpace(s.body[j]), "--  ")
				if !ok {
					break
				}
				n.text += "\n" + more
			}
			notes = append(notes, n)
		}
	}
	slices.Reverse(notes)
	return notes
}
