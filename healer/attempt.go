package healer

import (
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Attempt is one run of a plan, as far as it got.
type Attempt struct {
	ID        string       `json:"id"` // a ULID
	Plan      Plan         `json:"plan"`
	State     AttemptState `json:"state"`
	Actor     string       `json:"actor"` // who caused it: "daemon", a person
	Steps     []StepRun    `json:"steps"`
	Before    Picture      `json:"before"`
	After     Picture      `json:"after"`
	Builds    []Index      `json:"builds,omitempty"` // the table's indexes before
	Verified  bool         `json:"verified"`
	Sealed    rules.Row    `json:"sealed,omitempty"` // how it left what its undo rests on
	Guards    []string     `json:"guards,omitempty"` // that were asked and passed
	RefusedBy string       `json:"refused_by,omitempty"`
	HandedTo  string       `json:"handed_to,omitempty"` // the rule a failure hands over to
	Err       string       `json:"error,omitempty"`
	Stopped   bool         `json:"stopped,omitempty"` // interrupted because it was asked to stop
	UndoOf    string       `json:"undo_of,omitempty"` // the attempt this one takes back
	UndoneBy  string       `json:"undone_by,omitempty"`
	Why       string       `json:"why,omitempty"`      // it is taken back
	Approval  *Approval    `json:"approval,omitempty"` // under which it ran
	Watch     *Watch       `json:"watch,omitempty"`    // of the statements that touch it
	Server    Identity     `json:"server"`
	Started   time.Time    `json:"started"`
	Ended     time.Time    `json:"ended,omitzero"`
}

// AttemptState is how far an attempt got.
type AttemptState string

// The states of an attempt, in the order of its life.
const (
	Intended    AttemptState = "intended"
	Running     AttemptState = "running"
	Applied     AttemptState = "applied"
	Verified    AttemptState = "verified"
	Failed      AttemptState = "failed"
	Deferred    AttemptState = "deferred" // yielded to somebody; costs no retry
	Refused     AttemptState = "refused"
	Interrupted AttemptState = "interrupted"
	Reconciled  AttemptState = "reconciled"
	Undone      AttemptState = "undone"
)

// Final reports whether nothing more will happen to the attempt by itself.
func (s AttemptState) Final() bool {
	switch s {
	case Intended, Running, Applied, Interrupted:
		return false
	}
	return true
}

// failed reports whether the attempt counts against the next one. One that was
// interrupted and did not repair does, too: a statement that crashes the server
// or this process would otherwise be run for ever. A stop is no such thing.
func (a *Attempt) failed() bool {
	return a.State == Failed || a.State == Reconciled && !a.Verified && !a.Stopped
}

// under reports whether the attempt ran because of an approval.
func (a *Attempt) under(yes Approval) bool {
	return a.Approval != nil && a.Approval.Actor == yes.Actor && a.Approval.At.Equal(yes.At)
}

// mode is how the attempt's statements run.
func (a *Attempt) mode() rules.Mode {
	if a.UndoOf != "" {
		return a.Plan.UndoMode
	}
	return a.Plan.Mode
}

// application is how the attempt's sessions call themselves, by which they are
// found again.
func (a *Attempt) application() string { return "pgmend/" + a.Plan.Finding.Rule + "/" + a.ID }

// StepRun is one statement as it ran.
type StepRun struct {
	SQL     string  `json:"sql"`
	Class   string  `json:"class"`
	Role    string  `json:"role,omitempty"`
	Done    bool    `json:"done"`
	Outcome Outcome `json:"outcome"`           // of all batches together
	Batches int     `json:"batches,omitempty"` // that were committed
	Err     string  `json:"error,omitempty"`
}

// Picture is an object at one moment: what the catalog says and the numbers
// that the rule measures.
type Picture struct {
	At       time.Time `json:"at,omitzero"`
	Snapshot Snapshot  `json:"snapshot"`
	Measures rules.Row `json:"measures,omitempty"`
}
