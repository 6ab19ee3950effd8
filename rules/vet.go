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

// ofRun adds the values that a run of batches has.
func (k known) ofRun(a *Action) known {
	if a == nil || a.Mode != Batches {
		return k
	}
	out := maps.Clone(k)
	for _, name := range runNames {
		out[name] = ""
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
	base[HealerName], base[DriftName] = "", ""
	if len(rule.Counts) > 0 {
		v.counts()
		return
	}
	columns := v.query("detect", &rule.Detect, base, readDetect)
	for _, need := range []string{"oid", "schema", "name"} {
		if !slices.ContainsFunc(columns, func(o parser.Output) bool { return o.Name == need }) {
			r.mistakef(rule.Detect.Line, "detect has no column %s; oid, schema and name are required", need)
		}
	}
	facts := base.with("", columns)
	if rule.Capture != nil {
		facts = facts.with("", v.query("capture", rule.Capture, facts, readRows))
		if len(rule.Proof) > 0 {
			facts = facts.with("", []parser.Output{{Name: Damage}})
		}
		rule.Opens = rule.Reads == ReadsRows || v.opened
	}
	facts = v.logic(rule, facts)
	if rule.Prove != nil {
		facts = facts.with("", v.query("prove", rule.Prove, facts, readRows))
		rule.Opens = rule.Opens || rule.Reads == ReadsRows
	}
	if _, owner := facts["owner"]; !owner && rule.Reads == ReadsRows {
		r.mistakef(rule.Detect.Line, "a rule that reads rows needs the column owner: it reads them in the owner's sandbox")
	}
	before := maps.Clone(facts)
	for _, name := range guardNames {
		before[name] = ""
	}
	for i := range rule.Guards {
		v.query("guard", &rule.Guards[i].Query, before, readRows)
	}
	if rule.Measure != nil {
		v.query("measure", rule.Measure, facts, readRows)
	}
	if rule.Verify != nil {
		v.query("verify", &rule.Verify.Query, facts.ofRun(rule.Repair), readRows)
	}
	if rule.Seal != nil {
		v.query("seal", rule.Seal, facts.ofRun(rule.Repair), readRows)
	}
	v.hazards()
	if rule.Repair != nil {
		v.action("repair", rule.Repair, facts.ofRun(rule.Repair))
	}
	if rule.Undo.Action != nil {
		v.action("undo", rule.Undo.Action, facts.ofRun(rule.Repair))
	}
	v.unused()
}

// countParams are the parameters of a rule that counts log events.
var countParams = map[string]ParamType{"within": TypeDuration, "min_events": TypeInteger, "min_size": TypeBytes}

// counts judges a rule that counts log events. What the log says proves
// nothing, so it may only report.
func (v *vetter) counts() {
	r := v.rule
	if r.Capture != nil || r.Prove != nil || r.Repair != nil || r.Measure != nil || r.Seal != nil || len(r.Guards) > 0 || r.Logic != nil {
		v.mistake(1, "a rule that counts log events has no section but detect and guidance", "any user can write any text into the log, so nothing may follow from it")
	}
	v.hazards()
	for _, p := range r.Params {
		if p.Name != enabledParam && countParams[p.Name] != p.Type {
			v.mistake(p.Line, fmt.Sprintf("a rule that counts log events has no parameter %s of type %s", p.Name, p.Type),
				"there are within: duration, min_events: integer and min_size: bytes")
		}
	}
	if _, ok := r.Param("within"); !ok {
		v.mistake(1, "a rule that counts log events needs the parameter within", "-- param within: duration = 24h")
	}
}

// eventNames are the fields of a log event a rule may narrow itself by.
var eventNames = []string{"schema", "table", "constraint", "column", "function", "arguments", "sqlstate", "user", "database", "inserted"}

// Damage is the fact that holds the message of an error that proves the fault.
const Damage = "damage"

// WALFree is the value that is how many bytes are free where the WAL is written;
// null where that cannot be seen.
const WALFree = "disk.wal_free"

// guardNames are what a guard may ask of the healer: since when the fault has
// been known, how many repairs of this rule were verified within the last hour,
// and what room there is.
var guardNames = []string{"finding.first_seen", "repairs.last_hour", WALFree}

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
	for _, name := range rule.Logic.SQL {
		out[name] = composed
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
	first := parser.Inspection{}
	for n := range t.choices() {
		list, err := parser.Inspect(t.sample(k, n))
		switch {
		case err != nil:
			v.mistakef(t.Line, "%s: %v", section, err)
		case len(list) != 1:
			v.mistakef(t.Line, "%s: it has to be one statement, it is %d", section, len(list))
		case n == 0:
			first = list[0]
			continue
		case list[0].Class == first.Class && slices.Equal(list[0].Options, first.Options):
			continue
		default:
			v.mistakef(t.Line, "%s: one word makes %s of it, and another one %s", section, describe(first), describe(list[0]))
		}
		return parser.Inspection{}, false
	}
	return first, true
}

// choices is how many samples hold each key word that the template can have.
func (t Template) choices() int {
	n := 1
	for _, p := range t.parts {
		n = max(n, len(words(p.format)))
	}
	return n
}

// composed marks SQL that the rule's logic made, out of quoted names and of
// expressions that the server printed.
const composed = "logic"

// inSandbox is added to the name of a section whose statement always runs in
// the owner's sandbox.
const inSandbox = " as owner"

// expression reports whether a value is an expression that the server printed,
// for what runs in the owner's sandbox. It is the owner's own code, so no
// other statement of a repair may hold it.
func (v *vetter) expression(section string, p part, fn string) bool {
	if p.format != "sql" || v.rule.Reads != ReadsRows || fn != "pg_catalog.pg_get_expr" && fn != composed {
		return false
	}
	switch section {
	case "prove", "guard", "measure", "verify", "seal":
		return true
	}
	return strings.HasSuffix(section, inSandbox)
}

func definition(fn string) bool {
	return strings.HasPrefix(fn, "pg_catalog.pg_get_") && strings.HasSuffix(fn, "def")
}

// The samples stand for values while a template is judged.
const (
	sampleName = "pgmend_sample"
	sampleExt  = "pgmend_extension"
)

// sample renders the template as it could look, with the nth of its key words.
func (t Template) sample(k known, n int) string {
	values := make(Values)
	whole := len(t.parts) == 1
	for _, p := range t.parts {
		switch {
		case p.kind == partText:
		case strings.HasPrefix(p.name, "ext."):
			values[p.name] = Text(sampleExt)
		case p.format == "number":
			values[p.name] = Text("1")
		case words(p.format) != nil:
			values[p.name] = Text(words(p.format)[n%len(words(p.format))])
		case p.format == "names":
			values[p.name] = Text(`["` + sampleName + `"]`)
		case p.format == "sql" && k[p.name] == "pg_catalog.pg_get_constraintdef":
			values[p.name] = Text("CHECK (true) NOT VALID")
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
