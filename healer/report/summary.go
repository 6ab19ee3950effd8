package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Summary is what happened in a period.
type Summary struct {
	From, To time.Time
	Findings []healer.Finding // open, or last seen in the period
	Repairs  []healer.Attempt // started in the period
}

// Period chooses what falls into a period: attempts that began in it, and
// findings that are open or were still seen in it.
func Period(from, to time.Time, fs []healer.Finding, as []healer.Attempt) Summary {
	s := Summary{From: from, To: to}
	for _, f := range fs {
		if f.Status == healer.Open && !f.FirstSeen.After(to) || !f.LastSeen.Before(from) && !f.LastSeen.After(to) {
			s.Findings = append(s.Findings, f)
		}
	}
	for _, a := range as {
		if !a.Started.Before(from) && a.Started.Before(to) {
			s.Repairs = append(s.Repairs, a)
		}
	}
	return s
}

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

func (s Summary) open() []healer.Finding {
	var out []healer.Finding
	for _, f := range s.Findings {
		if f.Status == healer.Open {
			out = append(out, f)
		}
	}
	return out
}

// headline says the period in one line.
func (s Summary) headline() string {
	verified, failed := 0, 0
	for _, t := range s.tallies() {
		verified, failed = verified+t.Verified, failed+t.Failed
	}
	return fmt.Sprintf("%d repairs attempted, %d verified, %d failed; %d findings open.",
		len(s.Repairs), verified, failed, len(s.open()))
}

// Write writes the summary.
func (s Summary) Write(w io.Writer, o Options) error {
	switch o.format() {
	case JSON:
		return writeJSON(w, map[string]any{
			"schema_version": SchemaVersion, "from": s.From, "to": s.To, "headline": s.headline(),
			"rules": s.rules().items(), "findings": findings(s.Findings).items(), "repairs": repairs(s.Repairs).items(),
		})
	case JSONL:
		return resultLines(w, healer.Result{Findings: s.Findings, Repairs: s.Repairs})
	case CSV:
		return s.rules().csv(w)
	}
	d := document{title: "pgmend from " + stamp(s.From) + " to " + stamp(s.To)}
	d.add("", sentence(s.headline()))
	if len(s.Repairs) > 0 {
		d.add("By rule", &grid{*s.rules()})
		d.add("Repairs", &grid{*repairs(s.Repairs)})
	}
	if open := s.open(); len(open) > 0 {
		d.add("Open findings", &grid{*findings(open)})
	}
	return d.write(w, o)
}
