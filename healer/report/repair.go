package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Repair is one attempt with what a reader needs to judge it.
type Repair struct {
	Attempt healer.Attempt

	Earlier []healer.Attempt // of the same finding, oldest first

	Measure  string // the rule's measuring query; "": it measures nothing, or is not loaded any more
	Guidance string // Markdown
	Source   string // who wrote the guidance: "built-in text", "AI text"
	Version  string // of pgmend
	Config   string // SHA-256 of the configuration, hex
}

// Write writes the repair report, in the order of the reader's questions.
func (r Repair) Write(w io.Writer, o Options) error {
	switch o.format() {
	case JSON:
		return writeJSON(w, r.json())
	case JSONL:
		return writeLines(w, []any{r.json()})
	case CSV:
		return repairs([]healer.Attempt{r.Attempt}).csv(w)
	}
	a := r.Attempt
	d := document{
		title:  fmt.Sprintf("%s · %s on %s", strings.ToUpper(string(a.State)), a.Plan.Finding.Rule, where(a.Plan.Finding)),
		colour: stateColour(a.State),
		foot:   foot(r.Version),
		badge:  string(a.State), heading: a.Plan.Finding.Title, on: where(a.Plan.Finding), lead: sentenceCase(verdictLine(a)) + ".",
	}
	d.add("", r.verdict(), r.happened())
	d.add("Why", append(seen(a.Plan.Finding), proof(a.Plan.Finding)...)...)
	d.add("Before and after", append(r.pictures(), r.effect()...)...)
	if b := latency(a.Watch); len(b) > 0 {
		d.add("Statements before and after", b...)
	}
	if b := planCosts(a.Watch); len(b) > 0 {
		d.add("Plans before and after", b...)
	}
	d.add("SQL", r.steps()...)
	d.add("Locks", r.locks())
	d.add("WAL", r.wal())
	d.add("Guards", sentence(guardsLine(a)))
	d.undo(a.Plan)
	d.add("Verification", r.verification()...)
	if g := strings.TrimSpace(r.Guidance); g != "" {
		d.add("Guidance", prose(g))
	}
	d.add("Provenance", r.provenance())
	return d.write(w, o)
}

// verdict is the report in a few lines.
func (r Repair) verdict() pairs {
	a := r.Attempt
	return pairs{
		{"repair", a.ID}, {"verdict", verdictLine(a)}, {"finding", a.Plan.Finding.ID + ": " + a.Plan.Finding.Title},
		{"database", a.Plan.Finding.Database}, {"risk", string(a.Plan.Risk)}, {"by", a.Actor},
		{"started", stamp(a.Started)}, {"took", took(a)}, {"undo of", a.UndoOf}, {"undone by", a.UndoneBy},
		{"because", a.Why}, {"statements", watchLine(a.Watch)},
	}
}

// watchLine says whether statements became slower by a repair.
func watchLine(w *healer.Watch) string {
	if w == nil {
		return ""
	}
	line := map[healer.WatchState]string{
		healer.Watching:     "watched until " + stamp(w.Until),
		healer.WatchedFine:  "watched until " + stamp(w.Until) + ", and none is clearly slower",
		healer.Unjudged:     "not judged",
		healer.WatchedWorse: "slower since",
		healer.TakenBack:    "slower since, so it was taken back",
	}[w.State]
	if w.Reason != "" {
		line += ": " + w.Reason
	}
	return line
}

// verdictLine says in words how an attempt ended.
func verdictLine(a healer.Attempt) string {
	s := map[healer.AttemptState]string{
		healer.Intended: "intended; it has not begun", healer.Running: "it is running",
		healer.Applied: "applied, not verified yet", healer.Verified: "repaired, and the repair is verified",
		healer.Failed: "failed", healer.Deferred: "put off: it yielded to somebody, and costs no retry",
		healer.Refused: "refused", healer.Interrupted: "interrupted; it is reconciled at the next start",
		healer.Reconciled: "interrupted, then reconciled with what the catalog says", healer.Undone: "repaired, then undone",
	}[a.State]
	if s == "" {
		s = string(a.State)
	}
	if a.UndoOf != "" && a.Verified {
		s = "the repair " + a.UndoOf + " is taken back, and that is verified"
	}
	if a.RefusedBy != "" {
		s += " by the guard " + a.RefusedBy
	}
	if a.Err != "" {
		s += ": " + a.Err
	}
	if a.HandedTo != "" {
		s += "; handed over to " + a.HandedTo
	}
	return s
}

// proof is each query of the rule with its answer and its time.
func proof(f healer.Finding) []block {
	out := []block{sentence(fmt.Sprintf("The rule %s proved it in the catalog, first at %s.", f.Rule, stamp(f.FirstSeen)))}
	for _, e := range f.Evidence {
		l := &grid{list{name: "evidence", columns: []string{"column", "value"}}}
		for _, c := range e.Row {
			l.add(nil, plain, c.Name, reading(c))
		}
		out = append(out, sentence("At "+stamp(e.At)+" this query"), code(statement(e.Query)), sentence("returned"), l)
	}
	return out
}

// effect compares what the rule measures.
func (r Repair) effect() []block {
	a := r.Attempt
	var out []block
	if len(a.Before.Measures) == 0 && len(a.After.Measures) == 0 {
		out = append(out, sentence("The rule measures no numbers."))
	} else {
		l := &grid{list{name: "measures", columns: []string{"measure", "before", "after", "change"}}}
		for _, b := range a.Before.Measures {
			after, ok := a.After.Measures.Get(b.Name)
			if !ok {
				l.add(nil, plain, b.Name, reading(b), "not measured", "")
				continue
			}
			c := b
			c.Value = after
			l.add(nil, plain, b.Name, reading(b), reading(c), change(b, c))
		}
		out = append(out, l)
		if r.Measure != "" {
			out = append(out, sentence(fmt.Sprintf("Method: this query, before at %s and after at %s.",
				stamp(a.Before.At), orNever(a.After.At))), code(statement(r.Measure)))
		}
	}
	if lines := differences(a); len(lines) > 0 {
		out = append(out, sentence("In the catalog:"), bullets(lines))
	}
	return out
}

func orNever(t time.Time) string {
	if t.IsZero() {
		return "no time: it was not measured"
	}
	return stamp(t)
}

// differences are the properties of the object that the repair changed.
func differences(a healer.Attempt) []string {
	switch before, after := a.Before.Snapshot, a.After.Snapshot; {
	case a.After.At.IsZero():
		return nil
	case before.Exists() && !after.Exists():
		return []string{"the " + before.Kind + " is gone"}
	default:
		return before.Diff(after)
	}
}

// steps shows the exact SQL with its timings.
func (r Repair) steps() []block {
	var out []block
	for i, s := range r.Attempt.Steps {
		line := fmt.Sprintf("%d. not run", i+1)
		switch {
		case s.Err != "":
			line = fmt.Sprintf("%d. failed after %s: %s", i+1, Elapsed(s.Outcome.Elapsed), s.Err)
		case s.Done:
			line = fmt.Sprintf("%d. %s, %s from %s", i+1, tagged(s), Elapsed(s.Outcome.Elapsed), stamp(s.Outcome.Started))
		}
		if s.Role != "" {
			line += ", as " + quoted(s.Role)
		}
		out = append(out, sentence(line), code(statement(s.SQL)))
		for _, n := range s.Outcome.Notices {
			out = append(out, sentence(fmt.Sprintf("the server said: %s %s: %s", n.Severity, n.SQLState, n.Message)))
		}
	}
	if len(out) == 0 {
		out = append(out, sentence("Nothing ran."))
	}
	return out
}

func (r Repair) locks() block {
	l := &grid{list{name: "locks seen", columns: []string{"mode", "relation", "waited", "held"}}}
	delayed := 0
	for _, s := range r.Attempt.Steps {
		delayed += s.Outcome.Delayed
		for _, k := range s.Outcome.Locks {
			l.add(nil, plain, k.Mode, k.Relation, Elapsed(k.Waited), Elapsed(k.Held))
		}
	}
	if len(l.rows) == 0 {
		return sentence(fmt.Sprintf("No lock was seen by the watchdog; sessions delayed: %d.", delayed))
	}
	return stacked{l, sentence(fmt.Sprintf("Sessions delayed: %d.", delayed))}
}

func (r Repair) wal() block {
	var bytes int64
	for _, s := range r.Attempt.Steps {
		bytes += s.Outcome.WALBytes
	}
	return sentence(fmt.Sprintf("The server wrote %s of WAL meanwhile, all sessions together.", Size(bytes)))
}

func guardsLine(a healer.Attempt) string {
	s := "Passed: " + strings.Join(a.Guards, "; ") + "."
	if len(a.Guards) == 0 {
		s = "None was asked."
	}
	if a.RefusedBy != "" {
		s += " Refused: " + a.RefusedBy + "."
	}
	return s
}

// undo adds how a plan is taken back, or why it cannot be.
func (d *document) undo(p healer.Plan) {
	switch {
	case len(p.Undo) > 0:
		d.add("Undo", script(p.Undo, p.UndoMode))
	case p.UndoNone != "":
		d.add("Undo", sentence("None: "+p.UndoNone+"."))
	default:
		d.add("Undo", sentence("None was declared."))
	}
}

func (r Repair) verification() []block {
	a := r.Attempt
	s := "It was not verified."
	switch {
	case a.Verified:
		s = "This query returned no row after the repair, so the fault is gone."
	case a.State == healer.Failed && len(a.Steps) > 0:
		s = "It is not proven that the fault is gone."
	}
	if a.Plan.Verify == "" {
		return []block{sentence(s)}
	}
	return []block{sentence(s), code(statement(a.Plan.Verify))}
}

func (r Repair) provenance() pairs {
	a := r.Attempt
	server := ""
	if v := a.Server.Version; v > 0 {
		server = fmt.Sprintf("PostgreSQL %d.%d, system %s, timeline %d, as %s", v/10000, v%10000,
			a.Server.SystemIdentifier, a.Server.Timeline, a.Server.User)
	}
	return pairs{
		{"pgmend", r.Version}, {"server", server}, {"rule", a.Plan.Finding.Rule + " " + a.Plan.RuleHash},
		{"plan", a.Plan.ID + " " + a.Plan.Basis}, {"configuration", r.Config}, {"guidance", r.Source},
	}
}

// stacked is blocks one below the other.
type stacked []block

func (s stacked) text(o Options) string {
	var b strings.Builder
	for _, x := range s {
		b.WriteString(x.text(o))
	}
	return b.String()
}

func (s stacked) markdown() string {
	var parts []string
	for _, x := range s {
		parts = append(parts, x.markdown())
	}
	return strings.Join(parts, "\n")
}

// json is the whole report for programs.
func (r Repair) json() map[string]any {
	a := r.Attempt
	var wal int64
	delayed := 0
	for _, s := range a.Steps {
		wal += s.Outcome.WALBytes
		delayed += s.Outcome.Delayed
	}
	return map[string]any{
		"schema_version": SchemaVersion,
		"verdict":        verdictLine(a),
		"repair":         repairOf(a),
		"finding":        findingOf(a.Plan.Finding),
		"measure":        optional(r.Measure),
		"measured":       map[string]any{"before": moment8601(a.Before.At), "after": moment8601(a.After.At)},
		"snapshots":      map[string]any{"before": a.Before.Snapshot, "after": a.After.Snapshot},
		"wal_bytes":      wal, "sessions_delayed": delayed,
		"guards":   some(a.Guards),
		"verify":   optional(a.Plan.Verify),
		"guidance": map[string]any{"text": optional(r.Guidance), "source": optional(r.Source)},
		"provenance": map[string]any{
			"pgmend": r.Version, "server": a.Server, "rule_hash": a.Plan.RuleHash,
			"basis": a.Plan.Basis, "configuration": optional(r.Config),
		},
	}
}
