package healer

import (
	"context"
	"fmt"

	"github.com/pgmend/pgmend/rules"
)

// run is one run of a Healer: the server as it was at the start, the rules
// that take part, and what came of it.
type run struct {
	*Healer
	opts   Options
	server Identity
	rules  []*rules.Rule
	params map[string]rules.Values // of each rule
	memory *memory
	result Result

	offered map[string]bool // lists of statements that the approved baseline gave, by digest

	passed []passed        // what each rule of this pass found
	damage string          // damaged data that were seen in this run
	locked map[uint32]bool // tables found locked: nobody waits for them twice
}

// passed is what one rule came to in one pass.
type passed struct {
	rule     *rules.Rule
	findings []Finding
	skips    []Skip
}

func (h *Healer) begin(ctx context.Context, o Options) (*run, error) {
	id, err := h.cfg.Reader.Identify(ctx)
	if err != nil {
		return nil, fmt.Errorf("identify the server: %w", err)
	}
	r := &run{
		Healer: h, opts: o, server: id,
		params: make(map[string]rules.Values),
		locked: make(map[uint32]bool),
		result: Result{Server: id},
	}
	if r.memory, err = h.recall(ctx); err != nil {
		return nil, err
	}
	return r, r.choose()
}

// choose picks the rules that take part and gives them their parameters.
func (r *run) choose() error {
	all := r.cfg.Rules.For(r.server.Major())
	settings := append([]rules.Setting(nil), r.cfg.Policy.Settings...)
	for _, s := range r.opts.Sets {
		setting, err := rules.ParseSetting(s)
		if err != nil {
			return err
		}
		settings = append(settings, setting)
	}
	if err := rules.CheckSettings(settings, all); err != nil {
		return err
	}
	for _, rule := range all {
		if !r.takesPart(rule) {
			continue
		}
		values, enabled, err := rule.Settings(settings)
		if err != nil {
			return err
		}
		if enabled {
			r.params[rule.ID] = values
			r.rules = append(r.rules, rule)
		}
	}
	return nil
}

func (r *run) takesPart(rule *rules.Rule) bool {
	if r.deaf(rule) || r.cfg.Policy.For(rule.ID) == WillOff || (rule.Scope == rules.ScopeCluster && !r.cfg.Control) {
		return false
	}
	major, need := r.server.Major(), rule.Requires
	if major < need.Min || (need.Max > 0 && major > need.Max) {
		return false
	}
	for _, e := range need.Extensions {
		if _, installed := r.server.Extensions[e]; !installed {
			return false
		}
	}
	if len(r.opts.Rules) == 0 {
		return true
	}
	for _, glob := range r.opts.Rules {
		if rules.MatchGlob(glob, rule.ID) {
			return true
		}
	}
	return false
}

// rule returns a rule that takes part by its id.
func (r *run) rule(id string) *rules.Rule {
	for _, rule := range r.rules {
		if rule.ID == id {
			return rule
		}
	}
	return nil
}

// eventFields are the fields of a log event that a rule may narrow itself
// by; they are null when the schedule runs it.
var eventFields = [...]string{"schema", "table", "constraint", "column", "function", "arguments", "sqlstate", "user", "database", "inserted"}

// base returns the values every query of a rule may use: parameters, the
// event's fields, the schemas of extensions.
func (r *run) base(rule *rules.Rule) rules.Values {
	v := make(rules.Values)
	for _, f := range eventFields {
		v["event."+f] = rules.Value{Null: true, Type: rules.Text("").Type}
	}
	for name, schema := range r.server.Extensions {
		v["ext."+name] = rules.Text(schema)
	}
	v[rules.HealerName], v[rules.DriftName] = rules.Text(r.server.Healer), rules.Null()
	return v.Merge(r.params[rule.ID], r.opts.Event)
}

// read runs one of the rule's queries, in the owner's sandbox where it may read
// rows.
func (r *run) read(ctx context.Context, rule *rules.Rule, q rules.Query, v rules.Values) ([]rules.Row, error) {
	rows, err := r.question(ctx, rule, q, v)
	r.suspect(err, false)
	return rows, err
}

// question is read, where an error may be the answer.
func (r *run) question(ctx context.Context, rule *rules.Rule, q rules.Query, v rules.Values) ([]rules.Row, error) {
	v, err := r.knowing(ctx, q, v)
	if err != nil {
		return nil, err
	}
	req := Read{Application: "pgmend/" + rule.ID, Query: q.Template, Values: v}
	if rule.Reads == rules.ReadsRows && !q.Impersonal {
		req.Role = v["owner"].Text
	}
	return r.cfg.Reader.Read(ctx, req)
}
