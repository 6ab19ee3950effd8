package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// tally counts a rule's attempts by how they ended.
type tally struct {
	Rule     string        `json:"rule"`
	Attempts int           `json:"attempts"`
	Verified int           `json:"verified"`
	Failed   int           `json:"failed"`
	Undone   int           `json:"undone"`
	Other    int           `json:"other"` // deferred, refused, unfinished
	Busy     time.Duration `json:"busy_ns"`
	WALBytes int64         `json:"wal_bytes"`
}

func (s Summary) tallies() []tally {
	by := make(map[string]*tally)
	for _, a := range s.Repairs {
		t := by[a.Plan.Finding.Rule]
		if t == nil {
			t = &tally{Rule: a.Plan.Finding.Rule}
			by[t.Rule] = t
		}
		t.Attempts++
		switch a.State {
		case healer.Verified:
			t.Verified++
		case healer.Failed:
			t.Failed++
		case healer.Undone:
			t.Undone++
		default:
			t.Other++
		}
		for _, step := range a.Steps {
			t.Busy += step.Outcome.Elapsed
			t.WALBytes += step.Outcome.WALBytes
		}
	}
	var out []tally
	for _, rule := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[rule])
	}
	return out
}

func (s Summary) rules() *list {
	l := &list{name: "rules", columns: []string{"rule", "attempts", "verified", "failed", "undone", "other", "busy", "WAL"}}
	for _, t := range s.tallies() {
		l.add(t, plain, t.Rule, fmt.Sprint(t.Attempts), fmt.Sprint(t.Verified), fmt.Sprint(t.Failed),
			fmt.Sprint(t.Undone), fmt.Sprint(t.Other), Elapsed(t.Busy), Size(t.WALBytes))
	}
	return l
}

// headline says the period in one line.
func (s Summary) headline() string {
	verified, failed := 0, 0
	for _, t := range s.tallies() {
		verified, failed = verified+t.Verified, failed+t.Failed
	}
	return fmt.Sprintf("%d repairs attempted, %d verified, %d failed; %d findings opened, %d closed, %d open.",
		len(s.Repairs), verified, failed, len(s.opened()), len(s.closed()), len(s.open()))
}

// Write writes the summary.
func (s Summary) Write(w io.Writer, o Options) error {
	switch o.format() {
	case JSON:
		return writeJSON(w, s.json())
	case JSONL:
		return resultLines(w, healer.Result{Findings: s.Findings, Plans: s.Held, Repairs: s.Repairs})
	case CSV:
		return s.rules().csv(w)
	}
	d := document{
		title:   "pgmend from " + stamp(s.From) + " to " + stamp(s.To),
		heading: "What was found and healed", on: stamp(s.From) + " to " + stamp(s.To), lead: s.headline(),
		home: s.Home, foot: foot(s.Version),
	}
	if o.format() == HTML {
		d.add("", s.tiles())
	} else {
		d.add("", sentence(s.headline()))
	}
	s.decisions(&d)
	s.pictures(&d)
	if o.format() == HTML {
		s.entries(&d)
	} else if len(s.Repairs) > 0 {
		d.add("Repairs", &grid{*repairs(s.Repairs)})
	}
	if len(s.Repairs) > 0 {
		d.add("By rule", &grid{*s.rules()})
	}
	if open := s.open(); len(open) > 0 {
		d.add("Open findings", &grid{*findings(open)})
	}
	if chain := causes(s.Findings); len(chain) > 0 {
		d.add("What waits for what", chain)
	}
	return d.write(w, o)
}

// foot says who wrote a page.
func foot(version string) string {
	return join("Written by pgmend", Plain(version)) + ". Times are UTC."
}

// json is the digest for programs.
func (s Summary) json() map[string]any {
	bytes, measured := s.reclaimed()
	return map[string]any{
		"schema_version": SchemaVersion, "from": s.From, "to": s.To, "headline": s.headline(),
		"rules": s.rules().items(), "findings": findings(s.Findings).items(), "repairs": repairs(s.Repairs).items(),
		"opened": ids(s.opened()), "closed": ids(s.closed()), "held": plans(s.Held).items(),
		"reclaimed": map[string]any{"bytes": bytes, "repairs_measured": measured},
	}
}

func ids(fs []healer.Finding) []string {
	out := make([]string, 0, len(fs))
	for _, f := range fs {
		out = append(out, f.ID)
	}
	return out
}

// decisions are what waits for a person, and what was held back and why.
func (s Summary) decisions(d *document) {
	approval, others := s.waiting()
	if len(approval) > 0 {
		d.add("Waits for an approval", sentence("pgmend approve PLAN lets it run; pgmend plan shows it in full."), &grid{*heldBack(approval)})
	}
	if len(others) > 0 {
		d.add("Held back", &grid{*heldBack(others)})
	}
	if list := s.refused(); len(list) > 0 {
		d.add("Refused", &grid{*repairs(list)})
	}
}
