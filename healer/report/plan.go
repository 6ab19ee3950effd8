package report

import (
	"io"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// planJSON is a plan in the JSON contract.
type planJSON struct {
	ID       string          `json:"id"`
	Finding  string          `json:"finding"`
	Rule     string          `json:"rule"`
	Database string          `json:"database"`
	Object   string          `json:"object"`
	Risk     rules.Risk      `json:"risk"`
	Mode     rules.Mode      `json:"mode"`
	SQL      []string        `json:"sql"`
	Undo     undoJSON        `json:"undo"`
	Verify   string          `json:"verify"`
	Guards   []string        `json:"guards"`
	Locks    []string        `json:"locks"`
	Hazards  []string        `json:"hazards"`
	Expires  time.Time       `json:"expires"`
	Decision healer.Decision `json:"decision"`
}

// undoJSON is how a repair is taken back, or why it cannot be.
type undoJSON struct {
	SQL  []string `json:"sql"`
	None *string  `json:"none"`
}

func sqlOf(steps []healer.PlannedStep) []string {
	out := make([]string, 0, len(steps))
	for _, s := range steps {
		out = append(out, s.SQL)
	}
	return out
}

func undoOf(p healer.Plan) undoJSON {
	return undoJSON{SQL: sqlOf(p.Undo), None: optional(p.UndoNone)}
}

func planOf(p healer.Planned) planJSON {
	return planJSON{
		ID: p.Plan.ID, Finding: p.Plan.Finding.ID, Rule: p.Plan.Finding.Rule, Database: p.Plan.Finding.Database,
		Object: where(p.Plan.Finding), Risk: p.Plan.Risk, Mode: p.Plan.Mode, SQL: sqlOf(p.Plan.Steps),
		Undo: undoOf(p.Plan), Verify: p.Plan.Verify, Guards: some(p.Plan.Guards), Locks: some(p.Plan.Locks),
		Hazards: some(p.Plan.Hazards), Expires: p.Plan.Expires, Decision: p.Decision,
	}
}

// some is the list, or an empty one for JSON.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func verdictColour(v healer.Verdict) colour {
	switch v {
	case healer.Proceed:
		return green
	case healer.Wait:
		return yellow
	}
	return red
}

// ruling says what was decided and why.
func ruling(d healer.Decision) string {
	s := string(d.Verdict)
	if d.Verdict == healer.Proceed {
		return "would run now"
	}
	if d.Guard != "" {
		s += " (" + d.Guard + ")"
	}
	if d.Reason != "" {
		s += ": " + d.Reason
	}
	if !d.Until.IsZero() {
		s += ", until " + stamp(d.Until)
	}
	return s
}

func plans(all []healer.Planned) *list {
	l := &list{name: "plans", columns: []string{"verdict", "plan", "rule", "database", "object", "risk", "why", "sql"}}
	for _, p := range all {
		why := p.Decision.Reason
		if p.Decision.Guard != "" {
			why = p.Decision.Guard + ": " + why
		}
		l.add(planOf(p), verdictColour(p.Decision.Verdict), string(p.Decision.Verdict), p.Plan.ID, p.Plan.Finding.Rule,
			p.Plan.Finding.Database, where(p.Plan.Finding), string(p.Plan.Risk), why, strings.Join(sqlOf(p.Plan.Steps), "; "))
	}
	return l
}

// Plans writes what would run: for people each plan in full.
func Plans(w io.Writer, all []healer.Planned, o Options) error {
	if f := o.format(); (f != Table && f != Markdown) || len(all) == 0 {
		return plans(all).write(w, o)
	}
	for i, p := range all {
		if i > 0 {
			if err := emit(w, "\n"); err != nil {
				return err
			}
		}
		if err := Plan(w, p, o); err != nil {
			return err
		}
	}
	return nil
}

// Plan writes one plan: what would run, with its locks, guards and undo.
func Plan(w io.Writer, p healer.Planned, o Options) error {
	if f := o.format(); f != Table && f != Markdown {
		return plans([]healer.Planned{p}).write(w, o)
	}
	d := document{title: p.Plan.ID + " · " + p.Plan.Finding.Rule + " on " + where(p.Plan.Finding)}
	d.add("", pairs{
		{"finding", p.Plan.Finding.ID + ": " + p.Plan.Finding.Title},
		{"database", p.Plan.Finding.Database},
		{"risk", string(p.Plan.Risk)},
		{"decision", ruling(p.Decision)},
		{"locks", strings.Join(p.Plan.Locks, "; ")},
		{"hazards", strings.Join(p.Plan.Hazards, ", ")},
		{"guards", strings.Join(p.Plan.Guards, "; ")},
		{"expires", stamp(p.Plan.Expires)},
	})
	d.add("SQL", script(p.Plan.Steps, p.Plan.Mode))
	d.undo(p.Plan)
	return d.write(w, o)
}

// script shows planned steps as one could run them.
func script(steps []healer.PlannedStep, mode rules.Mode) code {
	var b strings.Builder
	if mode == rules.Transaction {
		b.WriteString("-- in one transaction\n")
	}
	role := ""
	for _, s := range steps {
		if s.Role != role {
			b.WriteString("-- as " + Plain(quoted(s.Role)) + "\n")
			role = s.Role
		}
		b.WriteString(statement(s.SQL))
	}
	return code(b.String())
}

// statement ends SQL with one semicolon and a new line.
func statement(sql string) string {
	return strings.TrimRight(sql, "; \n\t") + ";\n"
}
