package healer

import (
	"context"
	"encoding/json"
	"time"
)

// Kind is what an entry of the ledger is about.
type Kind string

// The kinds of subject.
const (
	KindFinding Kind = "finding" // Body: Finding
	KindPlan    Kind = "plan"    // Body: Proposal
	KindAttempt Kind = "attempt" // Body: Attempt
	KindControl Kind = "control" // pause, resume, breaker: Body: Control

	KindBaseline Kind = "baseline" // Body: Baseline
)

// Entry is one transition, with the whole new state of its subject as JSON,
// so that the newest entry of a subject is its present state.
type Entry struct {
	Seq     int64           `json:"seq"` // given by the ledger, from 1
	Time    time.Time       `json:"time"`
	Kind    Kind            `json:"kind"`
	Subject string          `json:"subject"` // the finding's, plan's or attempt's id
	Action  string          `json:"action"`  // finding.opened, repair.intended …
	Actor   string          `json:"actor"`
	Body    json.RawMessage `json:"body"`
	Hash    string          `json:"hash"` // of this entry and the hash before, hex
}

// Ledger is the durable, append-only history. What is not in it did not
// happen; when Append fails nothing runs.
type Ledger interface {
	// Append writes and syncs the entry before it returns it, with Seq, Time
	// (where zero) and Hash filled in.
	Append(ctx context.Context, e Entry) (Entry, error)
	// Current returns the newest entry of every subject of the kind, oldest
	// subject first; of those only that something happened to since then.
	Current(ctx context.Context, kind Kind, since time.Time) ([]Entry, error)
	// History returns the entries of one subject, oldest first; of all
	// subjects where the subject is "".
	History(ctx context.Context, subject string) ([]Entry, error)
}

// State holds what may be overwritten: checkpoints, when a finding was last
// seen, when a rule last ran.
type State interface {
	Get(ctx context.Context, key string) (value string, found bool, err error)
	Put(ctx context.Context, key, value string) error
}

// Approval is a person's yes or no to one plan.
type Approval struct {
	Plan     string    `json:"plan"`
	Approved bool      `json:"approved"`
	Actor    string    `json:"actor"`
	At       time.Time `json:"at"`
	Expires  time.Time `json:"expires,omitzero"`
}
