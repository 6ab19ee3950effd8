package report

import (
	"io"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// findingJSON is a finding in the JSON contract.
type findingJSON struct {
	ID        string            `json:"id"`
	Rule      string            `json:"rule"`
	Title     string            `json:"title"`
	Database  string            `json:"database"`
	Object    string            `json:"object"`
	Schema    string            `json:"schema"`
	Name      string            `json:"name"`
	Severity  rules.Severity    `json:"severity"`
	Risk      rules.Risk        `json:"risk"`
	Status    healer.Status     `json:"status"`
	BlockedBy *string           `json:"blocked_by"`
	FirstSeen time.Time         `json:"first_seen"`
	LastSeen  time.Time         `json:"last_seen"`
	Facts     map[string]any    `json:"facts"`
	Evidence  []healer.Evidence `json:"evidence"`
}

func findingOf(f healer.Finding) findingJSON {
	j := findingJSON{
		ID: f.ID, Rule: f.Rule, Title: f.Title, Database: f.Database,
		Object: where(f), Schema: f.Object.Schema, Name: f.Object.Name,
		Severity: f.Severity, Risk: f.Risk, Status: f.Status, BlockedBy: optional(f.BlockedBy),
		FirstSeen: f.FirstSeen, LastSeen: f.LastSeen,
		Facts: make(map[string]any, len(f.Facts)), Evidence: f.Evidence,
	}
	for k, v := range f.Facts {
		j.Facts[k] = value(rules.Column{Name: k, Value: v})
	}
	if j.Evidence == nil {
		j.Evidence = []healer.Evidence{}
	}
	return j
}

// optional is null in JSON where the text is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func severityColour(s rules.Severity) colour {
	switch s {
	case rules.Critical:
		return red
	case rules.Warning:
		return yellow
	}
	return plain
}

func findings(all []healer.Finding) *list {
	l := &list{name: "findings", columns: []string{"severity", "id", "rule", "database", "object", "risk", "status", "finding"},
		linked: "id", folder: "/findings/"}
	for _, f := range all {
		status := string(f.Status)
		if f.BlockedBy != "" && f.Status == healer.Open {
			status = "blocked by " + f.BlockedBy
		}
		l.add(findingOf(f), severityColour(f.Severity), string(f.Severity), f.ID, f.Rule, f.Database,
			where(f), string(f.Risk), status, f.Title)
	}
	return l
}

// Findings writes a list of findings.
func Findings(w io.Writer, all []healer.Finding, o Options) error { return findings(all).write(w, o) }

func skips(all []healer.Skip) *list {
	l := &list{name: "skips", columns: []string{"skipped", "rule", "database", "object", "why"}}
	for _, s := range all {
		why := s.Message
		if s.Hint != "" {
			why += "; " + s.Hint
		}
		l.add(s, yellow, string(s.Reason), s.Rule, s.Database, s.Object, why)
	}
	return l
}
