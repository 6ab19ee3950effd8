package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// known are the values a section may use: a name, and the function that
// filled it, where it is a definition that the server printed.
type known map[string]string

func (k known) with(prefix string, columns []parser.Output) known {
	out := maps.Clone(k)
	for _, c := range columns {
		out[prefix+c.Name] = c.Function
	}
	return out
}

// vet judges a rule by the syntax trees of its statements.
func (r *reader) vet(rule *Rule) {
	v := vetter{reader: r, rule: rule, used: make(map[string]bool)}
	base := known{}
	for _, p := range rule.Params {
		if p.Name != enabledParam {
			base[p.Name] = ""
		}
	}
	for _, e := range eventNames {
		base["event."+e] = ""
	}
	for _, e := range rule.Requires.Extensions {
		base["ext."+e] = ""
	}
	base[HealerName] = ""
	columns := v.query("detect", rule.Detect, base, readDetect)
	for _, need := range []string{"oid", "schema", "name"} {
		if !slices.ContainsFunc(columns, func(o parser.Output) bool { return o.Name == need }) {
			r.mistakef(rule.Detect.Line, "detect has no column %s; oid, schema and name are required", need)
		}
	}
	facts := base.with("", columns)
	if rule.Capture != nil {
		facts = facts.with("", v.query("capture", *rule.Capture, facts, readRows))
		if len(rule.Proof) > 0 {
			facts = facts.with("", []parser.Output{{Name: Damage}})
		}
		rule.Opens = rule.Reads == ReadsRows || v.opened
	}
	facts = v.logic(rule, facts)
	if _, owner := facts["owner"]; !owner && rule.Reads == ReadsRows {
		r.mistakef(rule.Detect.Line, "a rule that reads rows needs the column owner: it reads them in the owner's sandbox")
	}
	before := maps.Clone(facts)
	for _, name := range guardNames {
		before[name] = ""
	}
	for _, g := range rule.Guards {
		v.query("guard", g.Query, before, readRows)
	}
	if rule.Measure != nil {
		v.query("measure", *rule.Measure, facts, readRows)
	}
	if rule.Verify != nil {
		v.query("verify", rule.Verify.Query, facts, readRows)
	}
	v.hazards()
	if rule.Repair != nil {
		v.action("repair", rule.Repair, facts)
	}
	if rule.Undo.Action != nil {
		v.action("undo", rule.Undo.Action, facts)
	}
	v.unused()
}

// eventNames are the fields of a log event a rule may narrow itself by.
var eventNames = []string{"schema", "table", "constraint", "column", "sqlstate", "user", "database"}

// Damage is the fact that holds the message of an error that proves the fault.
const Damage = "damage"

// guardNames are what a guard may ask of the healer's memory: since when the
// fault has been known, and how many repairs of this rule were verified within
// the last hour.
var guardNames = []string{"finding.first_seen", "repairs.last_hour"}

// HealerName is the value that names the login which repairs, so that a guard
// can ask what it may do.
const HealerName = "healer"

type vetter struct {
	*reader
	rule *Rule
	used map[string]bool

	opened bool // a query opened a relation
}

// unused refuses a parameter that nothing uses: a site that sets it would
// believe that it did something. A variant for another version may use it.
func (v *vetter) unused() {
	for _, p := range v.rule.Params {
		if p.Name != enabledParam && !v.used[p.Name] && !strings.Contains(v.file.Source, "@"+p.Name) && !strings.Contains(v.file.Source, "{"+p.Name) {
			v.mistakef(p.Line, "the parameter %s is never used", p.Name)
		}
	}
}

// logic makes sure that the rule's function finds what it needs, and adds what
// it gives.
func (v *vetter) logic(rule *Rule, facts known) known {
	if rule.Logic == nil {
		return facts
	}
	for _, need := range slices.Concat(rule.Logic.Takes, rule.Logic.Uses) {
		v.used[need] = true
		if _, ok := facts[need]; !ok {
			v.mistakef(rule.Detect.Line, "the rule's logic needs the value %s, which neither detect nor capture nor a parameter gives", need)
		}
	}
	out := maps.Clone(facts)
	for _, name := range rule.Logic.Takes {
		delete(out, name)
	}
	for _, name := range rule.Logic.Gives {
		out[name] = ""
	}
	return out
}

func (v *vetter) hazards() {
	none := slices.Contains(v.rule.Hazards, "none")
	switch {
	case v.rule.Repair == nil && !none:
		v.mistake(1, "a rule without a repair has hazards", "-- hazards: none")
	case v.rule.Repair != nil && none:
		v.mistake(1, "a rule with a repair has hazards: none", "name what the repair may do")
	}
}

// inspect parses a template with samples in the place of its values, after it
// made sure that the values exist.
func (v *vetter) inspect(section string, t Template, k known) (parser.Inspection, bool) {
	for _, p := range t.parts {
		if p.kind == partText {
			continue
		}
		v.used[p.name] = true
		fn, ok := k[p.name]
		switch {
		case !ok && strings.HasPrefix(p.name, "ext."):
			v.mistake(t.Line, fmt.Sprintf("%s: %s is not required", section, p.text), "-- requires: extension "+strings.TrimPrefix(p.name, "ext."))
			return parser.Inspection{}, false
		case !ok:
			v.mistake(t.Line, fmt.Sprintf("%s: there is no value %s here", section, p.text), didYouMean(p.name, slices.Sorted(maps.Keys(k))))
			return parser.Inspection{}, false
		case (p.format == "sql" || p.format == "concurrently") && !definition(fn) && !v.expression(section, p, fn):
			v.mistakef(t.Line, "%s: %s is not filled straight from a pg_catalog.pg_get_…def function", section, p.text)
			return parser.Inspection{}, false
		}
	}
	list, err := parser.Inspect(t.sample())
	switch {
	case err != nil:
		v.mistakef(t.Line, "%s: %v", section, err)
	case len(list) != 1:
		v.mistakef(t.Line, "%s: it has to be one statement, it is %d", section, len(list))
	default:
		return list[0], true
	}
	return parser.Inspection{}, false
}

// expression reports whether a value is an expression that the server printed,
// for a query that runs in the owner's sandbox. It is the owner's own code, so
// no statement of a repair may hold it.
func (v *vetter) expression(section string, p part, fn string) bool {
	return p.format == "sql" && fn == "pg_catalog.pg_get_expr" && v.rule.Reads == ReadsRows &&
		(section == "guard" || section == "verify")
}

func definition(fn string) bool {
	return strings.HasPrefix(fn, "pg_catalog.pg_get_") && strings.HasSuffix(fn, "def")
}

// The samples stand for values while a template is judged.
const (
	sampleName = "pgmend_sample"
	sampleExt  = "pgmend_extension"
)

// sample renders the template as it could look.
func (t Template) sample() string {
	values := make(Values)
	whole := len(t.parts) == 1
	for _, p := range t.parts {
		switch {
		case p.kind == partText:
		case strings.HasPrefix(p.name, "ext."):
			values[p.name] = Text(sampleExt)
		case p.format == "number":
			values[p.name] = Text("1")
		case p.format == "names":
			values[p.name] = Text(`["` + sampleName + `"]`)
		case p.format == "sql" && !whole:
			values[p.name] = Text("true")
		case p.format == "concurrently" || p.format == "sql":
			values[p.name] = Text("CREATE INDEX " + sampleName + " ON " + sampleName + "." + sampleName + " USING btree (id)")
		default:
			values[p.name] = Text(sampleName)
		}
	}
	sql, err := t.Inline(values)
	if err != nil {
		return t.Text
	}
	return sql
}
