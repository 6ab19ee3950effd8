package healer

import "github.com/pgmend/pgmend/rules"

// Options says what one run may do. The zero value finds with every rule and
// acts as the daemon.
type Options struct {
	Databases []string   `json:"databases,omitempty"` // none: all
	Rules     []string   `json:"rules,omitempty"`     // globs over rule ids; none: all
	Plans     []string   `json:"plans,omitempty"`     // act on these plans only; none: all
	Sets      []string   `json:"sets,omitempty"`      // GLOB.param=value
	Person    bool       `json:"person,omitempty"`    // a person's act: the daemon's mode does not matter
	Ceiling   rules.Risk `json:"ceiling,omitempty"`   // highest risk to act on; "": medium
	Now       bool       `json:"now,omitempty"`       // skip window and cooldown
	Yes       bool       `json:"yes,omitempty"`       // with ceiling high: the approval
	Actor     string     `json:"actor,omitempty"`     // who; "": "daemon"
	Why       string     `json:"why,omitempty"`       // for the record of an undo

	// Event narrows the run to what a log event named. It is a hint: the
	// catalog still has to prove the fault.
	Event rules.Values `json:"event,omitempty"`
}

// Result is what a run found, planned and repaired, in that order.
type Result struct {
	Server   Identity  `json:"server"`
	Findings []Finding `json:"findings"`
	Skips    []Skip    `json:"skips"`
	Plans    []Planned `json:"plans"`
	Repairs  []Attempt `json:"repairs"`

	// Freed are rules that took no part, and whose findings waited for what was
	// repaired.
	Freed []string `json:"-"`
}

// Planned is a plan and what was decided about it.
type Planned struct {
	Plan     Plan     `json:"plan"`
	Decision Decision `json:"decision"`
}

// Merge adds another database's result.
func (r *Result) Merge(o Result) {
	if r.Server.SystemIdentifier == "" {
		r.Server = o.Server
	}
	r.Findings = append(r.Findings, o.Findings...)
	r.Skips = append(r.Skips, o.Skips...)
	r.Plans = append(r.Plans, o.Plans...)
	r.Repairs = append(r.Repairs, o.Repairs...)
}
