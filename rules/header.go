package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/rules/logic"
)

// headers are the keys at the top of a file.
var headers = []string{
	"rule", "title", "scope", "every", "on", "severity", "risk", "hazards", "requires", "reads", "cooldown", "logic", "param",
}

var (
	idForm    = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+$`)
	needForm  = regexp.MustCompile(`^pg(>=|<=|=)(\d+)$`)
	kindForm  = regexp.MustCompile(`^[a-z_]+$`)
	eventForm = regexp.MustCompile(`^([0-9A-Z]{5}|[a-z_]+)$`)
	paramForm = regexp.MustCompile(`^([a-z]+)\s*=\s*(.*)$`)
)

// set reads one header into the rule.
func (r *reader) set(key, value string, line int) {
	h := &r.file.header
	if value == "" {
		r.mistakef(line, "the header %s is empty", key)
		return
	}
	switch key {
	case "rule":
		if !idForm.MatchString(value) || value != r.file.ID {
			r.mistakef(line, "the rule is called %q, but its file %q", value, r.file.ID)
		}
	case "title":
		h.Title = value
	case "scope":
		h.Scope = oneOf(r, line, key, value, ScopeDatabase, ScopeCluster)
	case "every":
		h.Every = value
		r.every(value, line)
	case "on":
		h.On = r.list(value, line, eventForm, "an SQLSTATE or an event's kind")
	case "severity":
		h.Severity = oneOf(r, line, key, value, Info, Warning, Critical)
	case "risk":
		h.Risk = oneOf(r, line, key, value, Low, Medium, High)
	case "hazards":
		h.Hazards = r.list(value, line, kindForm, "a hazard's name")
		for _, hz := range h.Hazards {
			if _, ok := hazards[hz]; !ok && hz != "none" {
				r.mistake(line, fmt.Sprintf("unknown hazard %q", hz), didYouMean(hz, hazardNames()))
			}
		}
	case "requires":
		r.requires(value, line)
	case "reads":
		h.Reads = oneOf(r, line, key, value, ReadsCatalog, ReadsRows)
	case "logic":
		f, ok := logic.Lookup(value)
		if !ok {
			r.mistake(line, fmt.Sprintf("there is no logic %q", value), didYouMean(value, logic.Names()))
		}
		h.Logic = &f
	case "cooldown":
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			r.mistake(line, fmt.Sprintf("cooldown %q is not a duration", value), "such as 30m or 24h")
		}
		h.Cooldown = d
	}
}

func oneOf[T ~string](r *reader, line int, key, value string, allowed ...T) T {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		if names[i] = string(a); string(a) == value {
			return a
		}
	}
	r.mistake(line, fmt.Sprintf("%s %q is not one of %s", key, value, strings.Join(names, ", ")), didYouMean(value, names))
	return ""
}

func (r *reader) list(value string, line int, form *regexp.Regexp, what string) []string {
	var out []string
	for _, s := range strings.Split(value, ",") {
		s = strings.TrimSpace(s)
		if !form.MatchString(s) {
			r.mistakef(line, "%q is not %s", s, what)
			continue
		}
		out = append(out, s)
	}
	return out
}

// every has to be a duration or to look like five cron fields; the healer's
// schedule parses it in full.
func (r *reader) every(value string, line int) {
	if d, err := time.ParseDuration(value); err == nil && d >= time.Second {
		return
	}
	if len(strings.Fields(value)) != 5 {
		r.mistake(line, fmt.Sprintf("every %q is not a schedule", value), "a duration such as 15m, or five cron fields in UTC")
	}
}

func (r *reader) requires(value string, line int) {
	need := &r.file.header.Requires
	for _, s := range strings.Split(value, ",") {
		s = strings.TrimSpace(s)
		if m := needForm.FindStringSubmatch(s); m != nil {
			n, err := strconv.Atoi(m[2])
			if err != nil || n < MinMajor || n > 99 {
				r.mistakef(line, "%q is not a supported version", s)
			}
			if m[1] != "<=" {
				need.Min = n
			}
			if m[1] != ">=" {
				need.Max = n
			}
			continue
		}
		name, ok := strings.CutPrefix(s, "extension ")
		if !ok || strings.TrimSpace(name) == "" {
			r.mistake(line, fmt.Sprintf("%q is not a requirement", s), "such as pg>=14 or extension amcheck")
			continue
		}
		need.Extensions = append(need.Extensions, strings.TrimSpace(name))
	}
}

func (r *reader) param(name, value string, line int) {
	m := paramForm.FindStringSubmatch(value)
	if name == "" || m == nil {
		r.mistake(line, "a parameter is not declared as needed", "-- param min_size: bytes = 64MB")
		return
	}
	p := Param{Name: name, Type: ParamType(m[1]), Default: m[2], Line: line}
	if !slices.Contains(paramTypes, p.Type) {
		r.mistakef(line, "unknown type %q of parameter %s; there are %v", m[1], name, paramTypes)
		return
	}
	if _, err := p.Value(p.Default); err != nil {
		r.mistakef(line, "the default of parameter %s: %v", name, err)
	}
	if _, twice := r.file.header.Param(name); twice {
		r.mistakef(line, "the parameter %s is already there", name)
	}
	if name == enabledParam && p.Type != TypeBool {
		r.mistake(line, "the parameter enabled is not of type bool", "-- param enabled: bool = false")
	}
	r.file.header.Params = append(r.file.header.Params, p)
}

// required asks for what every file must say.
func (r *reader) required(seen map[string]int) {
	for _, key := range []string{"rule", "title", "scope", "every", "severity", "risk", "hazards", "reads"} {
		if seen[key] == 0 {
			r.mistakef(1, "the header %s is missing", key)
		}
	}
	has := func(kind string) *section {
		for i := range r.file.sections {
			if r.file.sections[i].kind == kind {
				return &r.file.sections[i]
			}
		}
		return nil
	}
	need := []string{"detect", "guidance"}
	if has("repair") != nil {
		need = append(need, "verify", "undo")
	}
	for _, kind := range need {
		if has(kind) == nil {
			r.mistake(1, fmt.Sprintf("the section %s is missing", kind), "")
		}
	}
	for _, kind := range []string{"verify", "undo"} {
		if s := has(kind); s != nil && has("repair") == nil {
			r.mistakef(s.line, "%s without a repair", kind)
		}
	}
}
