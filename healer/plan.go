package healer

import (
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Plan is a repair before it happens: inert data. Its id is a hash of server,
// object, definition and SQL, so an approval of it approves exactly this.
type Plan struct {
	ID       string        `json:"id"` // P and the head of the hash
	Finding  Finding       `json:"finding"`
	Risk     rules.Risk    `json:"risk"`
	Mode     rules.Mode    `json:"mode"`
	Steps    []PlannedStep `json:"steps"`
	Undo     []PlannedStep `json:"undo"`
	UndoMode rules.Mode    `json:"undo_mode,omitempty"`
	UndoNone string        `json:"undo_none,omitempty"` // why there is no undo
	Verify   string        `json:"verify"`
	Guards   []string      `json:"guards"`
	Locks    []string      `json:"locks"`
	Hazards  []string      `json:"hazards"`
	Basis    string        `json:"basis"` // SHA-256 of facts and SQL, checked again before applying
	RuleHash string        `json:"rule_hash"`
	Made     time.Time     `json:"made"`
	Expires  time.Time     `json:"expires"`
}

// PlannedStep is one statement of a plan.
type PlannedStep struct {
	SQL   string       `json:"sql"`            // what a `let` reads later stands as {name}
	Class string       `json:"class"`          // as parser.Inspect names it
	Role  string       `json:"role,omitempty"` // the owner it runs as
	Index int          `json:"index"`          // of the rule's step
	Each  rules.Values `json:"each,omitempty"` // the row of `each`

	// Of a statement that the approved baseline gives:
	Lock   string `json:"lock,omitempty"`   // the strongest that it takes
	Assert string `json:"assert,omitempty"` // a row of this query forbids it
	Alone  bool   `json:"alone,omitempty"`  // in a transaction of its own, in the owner's sandbox
}

// Decision says whether a plan may run now, and if not, which guard refused.
type Decision struct {
	Verdict Verdict   `json:"verdict"`
	Guard   string    `json:"guard,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Until   time.Time `json:"until,omitzero"` // when it is worth asking again
}

// Verdict is what was decided.
type Verdict string

// The verdicts.
const (
	Proceed Verdict = "proceed"
	Wait    Verdict = "waiting" // for an approval, the window, a cooldown, another finding
	Refuse  Verdict = "refused"
)
