package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Now is what stands at a moment.
type Now struct {
	Control   healer.Control
	Findings  []healer.Finding
	Proposals []healer.Proposal
	Repairs   []healer.Attempt
	Held      []healer.Planned // plans of open findings, with what held them back
	At        time.Time
	Daemon    *Daemon // nil: none answered
}

// Daemon is what a running daemon says of itself.
type Daemon struct {
	Version   string    `json:"version"`
	Mode      string    `json:"mode"`
	PID       int       `json:"pid"`
	Started   time.Time `json:"started"`
	LastCycle time.Time `json:"last_cycle,omitzero"`
	Databases []string  `json:"databases"`
	Config    string    `json:"config_hash,omitempty"`
	State     string    `json:"state,omitempty"` // what it does, as systemctl status shows it
}

// stateJSON is Now in the JSON contract.
type stateJSON struct {
	SchemaVersion int            `json:"schema_version"`
	At            time.Time      `json:"at"`
	Paused        bool           `json:"paused"`
	Until         *time.Time     `json:"until"`
	By            *string        `json:"by"`
	Findings      map[string]int `json:"findings"`
	Answerable    []string       `json:"answerable_plans"`
	Repairs       map[string]int `json:"repairs"`
	Last          any            `json:"last_repair"`
	Daemon        *Daemon        `json:"daemon"`
}

func stateOf(n Now) stateJSON {
	j := stateJSON{
		SchemaVersion: SchemaVersion, At: n.At.UTC(), Paused: n.Control.Pauses(n.At),
		Findings: make(map[string]int), Repairs: make(map[string]int), Answerable: healer.Answerable(n.Findings, n.Proposals, n.At),
		Daemon: n.Daemon,
	}
	if j.Paused {
		j.By = optional(n.Control.Actor)
		if !n.Control.Until.IsZero() {
			j.Until = &n.Control.Until
		}
	}
	for _, f := range n.Findings {
		j.Findings[string(f.Status)]++
	}
	for _, a := range n.Repairs {
		j.Repairs[string(a.State)]++
	}
	if len(n.Repairs) > 0 {
		j.Last = repairOf(n.Repairs[len(n.Repairs)-1])
	}
	return j
}

// State writes what stands now.
func State(w io.Writer, n Now, o Options) error {
	j := stateOf(n)
	switch o.format() {
	case JSON:
		return writeJSON(w, j)
	case JSONL:
		return writeLines(w, []any{j})
	}
	repairs := "run as policy allows"
	if j.Paused {
		repairs = "paused by " + n.Control.Actor
		if j.Until != nil {
			repairs += " until " + stamp(*j.Until)
		}
	}
	l := &list{name: "state", columns: []string{"what", "state"}}
	add := func(what, state string) { l.add(nil, plain, what, state) }
	if d := n.Daemon; d != nil {
		add("daemon", fmt.Sprintf("%s, mode %s, process %d, since %s", d.Version, d.Mode, d.PID, stamp(d.Started)))
		add("state", d.State)
		add("databases", strings.Join(d.Databases, ", "))
		add("last cycle", stamp(d.LastCycle))
	} else {
		add("daemon", "none answers")
	}
	add("repairs", repairs)
	add("findings", fmt.Sprintf("%d open, %d muted, %d resolved", j.Findings["open"], j.Findings["muted"], j.Findings["resolved"]))
	for _, id := range j.Answerable {
		add("awaits approval", id)
	}
	add("repairs so far", fmt.Sprintf("%d, %d verified, %d failed", len(n.Repairs), j.Repairs["verified"], j.Repairs["failed"]))
	if len(n.Repairs) > 0 {
		a := n.Repairs[len(n.Repairs)-1]
		add("last repair", fmt.Sprintf("%s %s, %s on %s", stamp(a.Started), a.State, a.Plan.Finding.Rule, where(a.Plan.Finding)))
	}
	return l.write(w, o)
}

// RuleRow is a rule and what the site wants of it.
type RuleRow struct {
	Rule *rules.Rule
	Will string
}

// ruleJSON is a rule in the JSON contract.
type ruleJSON struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Severity rules.Severity `json:"severity"`
	Risk     rules.Risk     `json:"risk"`
	Scope    rules.Scope    `json:"scope"`
	Every    string         `json:"every"`
	On       []string       `json:"on"`
	Reads    rules.Reads    `json:"reads"`
	Hazards  []string       `json:"hazards"`
	Repairs  bool           `json:"repairs"`
	Mode     string         `json:"mode"`
	Params   []paramJSON    `json:"params"`
	Hash     string         `json:"hash"`
}

type paramJSON struct {
	Name    string          `json:"name"`
	Type    rules.ParamType `json:"type"`
	Default string          `json:"default"`
}

// Rules writes a list of rules.
func Rules(w io.Writer, all []RuleRow, o Options) error {
	l := &list{name: "rules", columns: []string{"rule", "severity", "risk", "mode", "every", "parameters", "title"}}
	for _, row := range all {
		r := row.Rule
		risk, params := string(r.Risk), ""
		if r.Observes() {
			risk = "none: it only observes"
		}
		j := ruleJSON{
			ID: r.ID, Title: r.Title, Severity: r.Severity, Risk: r.Risk, Scope: r.Scope, Every: r.Every, On: some(r.On),
			Reads: r.Reads, Hazards: some(r.Hazards), Repairs: !r.Observes(), Mode: row.Will, Params: []paramJSON{}, Hash: r.Hash,
		}
		for i, p := range r.Params {
			if i > 0 {
				params += ", "
			}
			params += p.Name + "=" + p.Default
			j.Params = append(j.Params, paramJSON{p.Name, p.Type, p.Default})
		}
		l.add(j, plain, r.ID, string(r.Severity), risk, row.Will, r.Every, params, r.Title)
	}
	return l.write(w, o)
}
