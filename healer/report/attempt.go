package report

import (
	"io"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// repairJSON is an attempt in the JSON contract.
type repairJSON struct {
	ID        string              `json:"id"`
	Rule      string              `json:"rule"`
	Database  string              `json:"database"`
	Object    string              `json:"object"`
	State     healer.AttemptState `json:"state"`
	Risk      rules.Risk          `json:"risk"`
	Actor     string              `json:"actor"`
	Finding   string              `json:"finding"`
	Plan      string              `json:"plan"`
	SQL       []string            `json:"sql"`
	Steps     []stepJSON          `json:"steps"`
	Before    map[string]any      `json:"before"`
	After     map[string]any      `json:"after"`
	Undo      undoJSON            `json:"undo"`
	Verified  bool                `json:"verified"`
	RefusedBy *string             `json:"refused_by"`
	HandedTo  *string             `json:"handed_to"`
	Error     *string             `json:"error"`
	UndoOf    *string             `json:"undo_of"`
	UndoneBy  *string             `json:"undone_by"`
	Why       *string             `json:"why"`
	Watch     *healer.Watch       `json:"watch"`
	Started   time.Time           `json:"started"`
	Ended     *time.Time          `json:"ended"`
}

type stepJSON struct {
	SQL       string           `json:"sql"`
	Done      bool             `json:"done"`
	Tag       string           `json:"tag"`
	ElapsedMS float64          `json:"elapsed_ms"`
	WALBytes  int64            `json:"wal_bytes"`
	Delayed   int              `json:"sessions_delayed"`
	Locks     []healer.LockUse `json:"locks"`
	Error     *string          `json:"error"`
}

func repairOf(a healer.Attempt) repairJSON {
	j := repairJSON{
		ID: a.ID, Rule: a.Plan.Finding.Rule, Database: a.Plan.Finding.Database, Object: where(a.Plan.Finding),
		State: a.State, Risk: a.Plan.Risk, Actor: a.Actor, Finding: a.Plan.Finding.ID, Plan: a.Plan.ID,
		SQL: make([]string, 0, len(a.Steps)), Steps: make([]stepJSON, 0, len(a.Steps)),
		Before: measures(a.Before), After: measures(a.After), Undo: undoOf(a.Plan), Verified: a.Verified,
		RefusedBy: optional(a.RefusedBy), HandedTo: optional(a.HandedTo), Error: optional(a.Err),
		UndoOf: optional(a.UndoOf), UndoneBy: optional(a.UndoneBy), Started: a.Started,
		Why: optional(a.Why), Watch: a.Watch,
	}
	if !a.Ended.IsZero() {
		j.Ended = &a.Ended
	}
	for _, s := range a.Steps {
		j.SQL = append(j.SQL, s.SQL)
		locks := s.Outcome.Locks
		if locks == nil {
			locks = []healer.LockUse{}
		}
		j.Steps = append(j.Steps, stepJSON{
			SQL: s.SQL, Done: s.Done, Tag: s.Outcome.Tag,
			ElapsedMS: float64(s.Outcome.Elapsed.Microseconds()) / 1000,
			WALBytes:  s.Outcome.WALBytes, Delayed: s.Outcome.Delayed, Locks: locks, Error: optional(s.Err),
		})
	}
	return j
}

func measures(p healer.Picture) map[string]any {
	out := make(map[string]any, len(p.Measures))
	for _, c := range p.Measures {
		out[c.Name] = value(c)
	}
	return out
}

func stateColour(s healer.AttemptState) colour {
	switch s {
	case healer.Verified:
		return green
	case healer.Failed, healer.Interrupted:
		return red
	case healer.Refused, healer.Deferred, healer.Undone:
		return yellow
	}
	return plain
}

// took is how long an attempt lasted.
func took(a healer.Attempt) string {
	if a.Ended.IsZero() {
		return ""
	}
	return Elapsed(a.Ended.Sub(a.Started))
}

// remark is the one thing to know of an attempt that is not its state.
func remark(a healer.Attempt) string {
	switch {
	case a.RefusedBy != "":
		return "refused by " + a.RefusedBy + ": " + a.Err
	case a.Err != "":
		return a.Err
	case a.HandedTo != "":
		return "handed over to " + a.HandedTo
	case a.UndoOf != "":
		return "undo of " + a.UndoOf
	case a.UndoneBy != "":
		return "undone by " + a.UndoneBy
	}
	return a.Plan.Finding.Title
}

func repairs(all []healer.Attempt) *list {
	l := &list{name: "repairs", columns: []string{"state", "id", "rule", "database", "object", "started", "took", "by", "remark"},
		linked: "id", folder: "/repairs/"}
	for _, a := range all {
		l.add(repairOf(a), stateColour(a.State), string(a.State), a.ID, a.Plan.Finding.Rule, a.Plan.Finding.Database,
			where(a.Plan.Finding), stamp(a.Started), took(a), a.Actor, remark(a))
	}
	return l
}

// Repairs writes a list of attempts.
func Repairs(w io.Writer, all []healer.Attempt, o Options) error { return repairs(all).write(w, o) }

// Approvals writes persons' answers to plans.
func Approvals(w io.Writer, all []healer.Approval, o Options) error {
	l := &list{name: "approvals", columns: []string{"answer", "plan", "by", "at", "expires"}}
	for _, a := range all {
		answer, c := "rejected", red
		if a.Approved {
			answer, c = "approved", green
		}
		l.add(a, c, answer, a.Plan, a.Actor, stamp(a.At), stamp(a.Expires))
	}
	return l.write(w, o)
}
