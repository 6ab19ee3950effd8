package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// The pages of the local server. They are documents like all others; only
// their order differs from a report's.

// OverviewPage writes what a person wants to know first.
func OverviewPage(w io.Writer, n Now, patients []Patient, unreached error, o Options) error {
	d := document{title: "pgmend: overview", heading: "Overview", lead: n.sentence()}
	j := stateOf(n)
	switch {
	case j.Paused:
		d.badge, d.colour = "paused", yellow
	case n.Daemon != nil && n.Daemon.Mode == "heal":
		d.badge, d.colour = "healing", green
	case n.Daemon != nil:
		d.badge, d.colour = "observing", cyan
	}
	d.add("", n.tiles())
	if unreached != nil {
		d.add("PostgreSQL", sentence("It cannot be looked at: "+unreached.Error()))
	}
	if list := n.answerable(); len(list) > 0 {
		d.add("Waits for your answer", sentence("pgmend approve PLAN lets it run, pgmend reject PLAN does not."), &grid{*heldBack(list)})
	}
	if open := n.open(); len(open) > 0 {
		d.add("Open findings", &grid{*findings(newest(open))})
	}
	if t := waitsTree(patients); len(t) > 0 {
		d.add("Sessions that wait for a lock", t)
	}
	if chain := causes(n.Findings); len(chain) > 0 {
		d.add("What waits for what", chain)
	}
	if len(n.Repairs) > 0 {
		d.add("The last repairs", &grid{*repairs(latest(n.Repairs, 8))})
	}
	if g := ages(patients); len(g) > 0 {
		d.add("Headroom", gauges(g))
	}
	return d.write(w, o)
}

// sentence says the state in words.
func (n Now) sentence() string {
	j := stateOf(n)
	if n.Daemon == nil {
		return "No daemon answers; this is what the ledger says."
	}
	s := fmt.Sprintf("pgmend %s watches %s.", n.Daemon.Version, cmp.Or(strings.Join(n.Daemon.Databases, ", "), "no database"))
	if n.Daemon.LastCycle.IsZero() {
		s += " Its first look is not completed yet."
	} else {
		s += " It last looked at " + stamp(n.Daemon.LastCycle) + "."
	}
	if j.Paused {
		s += " Repairs are paused by " + n.Control.Actor
		if j.Until != nil {
			s += " until " + stamp(*j.Until)
		}
		s += "."
	}
	return s
}

func (n Now) tiles() block {
	j := stateOf(n)
	worst := 0
	for _, f := range n.open() {
		if f.Severity == rules.Critical {
			worst++
		}
	}
	open := tile{Name: "open findings", Value: fmt.Sprint(j.Findings["open"])}
	if j.Findings["open"] > 0 {
		open.Tone = "warn"
	}
	if worst > 0 {
		open.Tone, open.Note = "bad", fmt.Sprintf("%d critical", worst)
	}
	failed := tile{Name: "repairs failed", Value: fmt.Sprint(j.Repairs["failed"])}
	if j.Repairs["failed"] > 0 {
		failed.Tone = "bad"
	}
	answers := tile{Name: "wait for your answer", Value: fmt.Sprint(len(n.answerable()))}
	if len(n.answerable()) > 0 {
		answers.Tone = "warn"
	}
	return tiles(open, tile{Name: "repairs verified", Value: fmt.Sprint(j.Repairs["verified"]), Tone: "good"}, failed, answers)
}

func (n Now) open() []healer.Finding {
	return Summary{Findings: n.Findings}.open()
}

// answerable are the plans that a person may answer.
func (n Now) answerable() []healer.Planned {
	approval, _ := Summary{Held: n.Held}.waiting()
	return approval
}

// newest puts what came last first, and what is worse before that.
func newest(fs []healer.Finding) []healer.Finding {
	list := slices.Clone(fs)
	slices.SortStableFunc(list, func(a, b healer.Finding) int {
		if c := severe(b.Severity) - severe(a.Severity); c != 0 {
			return c
		}
		return b.FirstSeen.Compare(a.FirstSeen)
	})
	return list
}

// severe orders severities.
func severe(s rules.Severity) int {
	return slices.Index([]rules.Severity{rules.Info, rules.Warning, rules.Critical}, s)
}

// latest are the last repairs, the newest first.
func latest(as []healer.Attempt, limit int) []healer.Attempt {
	list := slices.Clone(as)
	slices.Reverse(list)
	return list[:min(limit, len(list))]
}

// shownRepairs is how many repairs the list of the page has.
const shownRepairs = 500

// FindingsPage writes all findings, open ones first.
func (n Now) FindingsPage(w io.Writer, o Options) error {
	d := document{title: "pgmend: findings", heading: "Findings", lead: "What the catalog proves. A finding is a candidate for a repair only while it is open."}
	s := Summary{Findings: n.Findings}
	d.add("Open", &grid{*findings(newest(s.open()))})
	_, others := Summary{Held: n.Held}.waiting()
	if list := append(n.answerable(), others...); len(list) > 0 {
		d.add("Why they are not healed yet", &grid{*heldBack(list)})
	}
	for _, part := range []struct {
		heading string
		status  healer.Status
	}{{"Muted", healer.Muted}, {"Resolved", healer.Resolved}} {
		list := newest(s.which(func(f healer.Finding) bool { return f.Status == part.status }))
		if len(list) > 0 {
			d.add(part.heading, &grid{*findings(list[:min(shownRepairs, len(list))])})
		}
	}
	return d.write(w, o)
}

// FindingPage writes one finding: its proof, its plan and its repairs.
func (n Now) FindingPage(w io.Writer, f healer.Finding, o Options) error {
	d := document{
		title: "pgmend: " + f.ID, heading: f.Title, on: where(f), badge: string(f.Severity), colour: severityColour(f.Severity),
		lead: fmt.Sprintf("%s since %s.", sentenceCase(string(f.Status)), stamp(f.FirstSeen)),
	}
	d.add("", pairs{
		{"finding", f.ID}, {"rule", f.Rule}, {"database", f.Database}, {"risk", string(f.Risk)}, {"status", string(f.Status)},
		{"waits for", f.BlockedBy}, {"first seen", stamp(f.FirstSeen)}, {"last seen", stamp(f.LastSeen)},
	})
	d.add("Why", append(seen(f), proof(f)...)...)
	for _, p := range n.Held {
		if p.Plan.Finding.ID == f.ID {
			d.add("What would run", sentence(sentenceCase(ruling(p.Decision))+"."), script(p.Plan.Steps, p.Plan.Mode))
		}
	}
	var mine []healer.Attempt
	for _, a := range n.Repairs {
		if a.Plan.Finding.ID == f.ID {
			mine = append(mine, a)
		}
	}
	if len(mine) > 0 {
		d.add("Repairs", &grid{*repairs(latest(mine, shownRepairs))})
		if b, ok := sparks(histories(mine)); ok {
			d.add("Measured by repairs, over time", b)
		}
	}
	return d.write(w, o)
}

// RepairsPage writes the repairs, the newest first.
func (n Now) RepairsPage(w io.Writer, o Options) error {
	d := document{title: "pgmend: repairs", heading: "Repairs", lead: "What was run, and whether it is proven to have healed."}
	list := latest(n.Repairs, shownRepairs)
	d.add("", &grid{*repairs(list)})
	if more := len(n.Repairs) - len(list); more > 0 {
		d.add("", sentence(fmt.Sprintf("%d older ones are not shown; pgmend repairs -n 0 lists all.", more)))
	}
	return d.write(w, o)
}

// Trouble is the page that says why there is no other.
func Trouble(err error) func(io.Writer, Options) error {
	return func(w io.Writer, o Options) error {
		d := document{title: "pgmend", heading: "This cannot be shown", badge: "error", colour: red, lead: err.Error()}
		if errors.Is(err, healer.ErrNotFound) {
			d.heading, d.badge, d.colour, d.lead = "There is no such page", "not found", yellow, "What is asked for is not in the ledger."
		}
		return d.write(w, o)
	}
}
