package report

import (
	"io"

	"github.com/pgmend/pgmend/healer"
)

// View is which of a run's parts a person asked for; JSON always has all.
type View string

// The views.
const (
	Scanned View = "scan"
	Planned View = "plan"
	Healed  View = "heal"
)

// resultJSON is the contract of scan, plan and heal.
type resultJSON struct {
	SchemaVersion int             `json:"schema_version"`
	Status        Status          `json:"status"`
	Server        healer.Identity `json:"server"`
	Findings      []any           `json:"findings"`
	Skips         []any           `json:"skips"`
	Plans         []any           `json:"plans"`
	Repairs       []any           `json:"repairs"`
}

// Result writes what a run did.
func Result(w io.Writer, v View, r healer.Result, s Status, o Options) error {
	switch o.format() {
	case JSON:
		return writeJSON(w, resultJSON{
			SchemaVersion: SchemaVersion, Status: s, Server: r.Server,
			Findings: findings(r.Findings).items(), Skips: skips(r.Skips).items(),
			Plans: plans(r.Plans).items(), Repairs: repairs(r.Repairs).items(),
		})
	case JSONL:
		return resultLines(w, r)
	case CSV:
		return v.list(r).write(w, o)
	}
	for i, part := range v.parts(r) {
		if i > 0 {
			if err := emit(w, "\n"); err != nil {
				return err
			}
		}
		if err := part(w, o); err != nil {
			return err
		}
	}
	return nil
}

// list is the one kind of row that CSV can hold.
func (v View) list(r healer.Result) *list {
	switch v {
	case Planned:
		return plans(r.Plans)
	case Healed:
		return repairs(r.Repairs)
	}
	return findings(r.Findings)
}

func (v View) parts(r healer.Result) []func(io.Writer, Options) error {
	var out []func(io.Writer, Options) error
	switch v {
	case Scanned:
		out = append(out, findings(r.Findings).write)
	case Planned:
		out = append(out, func(w io.Writer, o Options) error { return Plans(w, r.Plans, o) })
		if observed := unplanned(r); len(observed) > 0 {
			out = append(out, findings(observed).write)
		}
	case Healed:
		if len(r.Repairs) > 0 || len(r.Findings) == 0 {
			out = append(out, repairs(r.Repairs).write)
		}
		if held := held(r); len(held) > 0 {
			out = append(out, heldBack(held).write)
		}
		if observed := unplanned(r); len(observed) > 0 {
			out = append(out, findings(observed).write)
		}
	}
	if len(r.Skips) > 0 {
		out = append(out, skips(r.Skips).write)
	}
	return out
}

// unplanned are the findings nobody makes a plan for: their rules only
// observe, or they are muted.
func unplanned(r healer.Result) []healer.Finding {
	has := make(map[string]bool)
	for _, p := range r.Plans {
		has[p.Plan.Finding.ID] = true
	}
	for _, a := range r.Repairs {
		has[a.Plan.Finding.ID] = true
	}
	var out []healer.Finding
	for _, f := range r.Findings {
		if !has[f.ID] {
			out = append(out, f)
		}
	}
	return out
}

// held are the plans that did not run.
func held(r healer.Result) []healer.Planned {
	ran := make(map[string]bool)
	for _, a := range r.Repairs {
		ran[a.Plan.Finding.ID] = true
	}
	var out []healer.Planned
	for _, p := range r.Plans {
		if !ran[p.Plan.Finding.ID] {
			out = append(out, p)
		}
	}
	return out
}

func heldBack(all []healer.Planned) *list {
	l := &list{name: "plans", columns: []string{"verdict", "plan", "rule", "database", "object", "risk", "why"}}
	for _, p := range all {
		l.add(planOf(p), verdictColour(p.Decision.Verdict), string(p.Decision.Verdict), p.Plan.ID, p.Plan.Finding.Rule,
			p.Plan.Finding.Database, where(p.Plan.Finding), string(p.Plan.Risk), ruling(p.Decision))
	}
	return l
}

// resultLines writes one object a line, each with its kind.
func resultLines(w io.Writer, r healer.Result) error {
	var out []any
	for _, l := range []*list{findings(r.Findings), skips(r.Skips), plans(r.Plans), repairs(r.Repairs)} {
		for _, item := range l.items() {
			out = append(out, map[string]any{"kind": l.name[:len(l.name)-1], l.name[:len(l.name)-1]: item})
		}
	}
	return writeLines(w, out)
}
