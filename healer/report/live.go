package report

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Live prints each transition of a run as a line, as it happens.
type Live struct {
	w    io.Writer
	opts Options

	mu    sync.Mutex
	dirty bool // a transient line stands at the cursor
}

var _ healer.Observer = (*Live)(nil)

// NewLive returns an observer that prints for a person. A failing writer
// stops nothing: the ledger has it all.
func NewLive(w io.Writer, o Options) *Live { return &Live{w: w, opts: o} }

// Observe implements healer.Observer.
func (l *Live) Observe(_ context.Context, t healer.Transition) {
	word, c, text := describe(t)
	if word == "" {
		return
	}
	if l.opts.Format == JSONL {
		l.object(t)
		return
	}
	l.line(t.At, t.Database, word, c, text)
}

// object writes a transition of a repair as one object.
func (l *Live) object(t healer.Transition) {
	if t.Attempt == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = writeLines(l.w, []any{map[string]any{"time": t.At.UTC(), "action": t.Action, "repair": repairOf(*t.Attempt)}})
}

// line writes one line. Several databases are healed at once, and a line is
// never torn.
func (l *Live) line(when time.Time, database, word string, c colour, text string) {
	at := when.UTC().Format("15:04:05")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wipe()
	text, database = Plain(text), Plain(database)
	if l.opts.Width > 0 {
		text = clip(text, l.opts.Width-len(at)-columns(database)-len(pad(word))-3)
	}
	_, _ = fmt.Fprintln(l.w, strings.TrimRight(strings.Join([]string{
		l.opts.paint(dim, at), database, l.opts.paint(c, pad(word)), text}, " "), " "))
}

// pad aligns the words that lines begin with.
func pad(word string) string { return fmt.Sprintf("%-9s", word) }

// clip shortens a text to so many columns of a terminal.
func clip(s string, limit int) string {
	if limit = max(limit, narrow); columns(s) <= limit {
		return s
	}
	used := 0
	for i, r := range s {
		if used += runeColumns(r); used > limit-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// describe says a transition in a word and a text. Nobody watches cycles
// begin, plans being proposed or findings that still stand.
func describe(t healer.Transition) (word string, c colour, text string) {
	switch t.Action {
	case healer.RuleSkipped:
		if t.Skip != nil {
			return "skipped", yellow, join(t.Skip.Rule, t.Skip.Object, string(t.Skip.Reason)+":", t.Skip.Message, t.Skip.Hint)
		}
	case healer.StepStarted:
		if t.Step != nil {
			return "sql", cyan, t.Step.SQL
		}
	case healer.StepFinished:
		if t.Step != nil {
			return stepDone(*t.Step)
		}
	case healer.HealerPaused:
		return "paused", yellow, "by " + t.Message
	case healer.HealerResumed:
		return "resumed", green, "by " + t.Message
	}
	if f := about(t); f != nil {
		return ofFinding(t, *f)
	}
	return "", plain, ""
}

// about is the finding that a transition is about.
func about(t healer.Transition) *healer.Finding {
	switch {
	case t.Finding != nil:
		return t.Finding
	case t.Attempt != nil:
		return &t.Attempt.Plan.Finding
	case t.Plan != nil:
		return &t.Plan.Finding
	}
	return nil
}

func ofFinding(t healer.Transition, f healer.Finding) (word string, c colour, text string) {
	subject := f.Rule + " " + where(f)
	why := t.Message
	if t.Decision != nil {
		why = join(t.Decision.Guard+":", t.Decision.Reason)
	}
	if t.Attempt != nil && t.Attempt.Err != "" {
		why = t.Attempt.Err
	}
	switch t.Action {
	case healer.FindingOpened:
		return "found", severityColour(f.Severity), join(subject, f.Title)
	case healer.FindingResolved:
		return "resolved", green, subject
	case healer.FindingMuted:
		return "muted", yellow, join(subject, by(t.Message))
	case healer.FindingUnmuted:
		return "unmuted", plain, join(subject, by(t.Message))
	case healer.PlanApproved:
		return "approved", green, join(subject, by(t.Message))
	case healer.PlanRejected:
		return "rejected", yellow, join(subject, by(t.Message))
	case healer.PlanVoid:
		return "void", yellow, join(subject, why)
	case healer.RepairWaiting:
		return "waits", yellow, join(subject, why)
	case healer.RepairRefused:
		return "refused", yellow, join(subject, why)
	case healer.RepairIntended:
		return "repairs", cyan, subject
	case healer.RepairApplied:
		return "applied", plain, subject
	case healer.RepairVerified:
		return "verified", green, subject
	case healer.RepairFailed:
		return "failed", red, join(subject, why)
	case healer.RepairDeferred:
		return "put off", yellow, join(subject, why)
	case healer.RepairInterrupted:
		return "cut short", red, join(subject, why)
	case healer.RepairReconciled:
		return "settled", yellow, join(subject, why)
	case healer.RepairUndone:
		return "undone", yellow, subject
	}
	return "", plain, ""
}

func stepDone(s healer.StepRun) (word string, c colour, text string) {
	if s.Err != "" {
		return "error", red, s.Err
	}
	text = join(tagged(s), "in", Elapsed(s.Outcome.Elapsed))
	if s.Outcome.WALBytes > 0 {
		text += ", " + Size(s.Outcome.WALBytes) + " WAL"
	}
	if s.Outcome.Delayed > 0 {
		text += fmt.Sprintf(", %d sessions delayed", s.Outcome.Delayed)
	}
	return "done", plain, text
}

func by(actor string) string {
	if actor == "" {
		return ""
	}
	return "by " + actor
}

// join puts the parts that say something on one line.
func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" && p != ":" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}

// tagged is a statement's command tag, with the rows that its batches changed.
func tagged(s healer.StepRun) string {
	if s.Batches < 2 {
		return s.Outcome.Tag
	}
	return fmt.Sprintf("%s of %d rows in %d transactions", s.Outcome.Tag, s.Outcome.Changed, s.Batches)
}
