package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/rules/logic"
)

// Rule is one rule as it applies to one PostgreSQL major version: the
// variants of its file have been chosen.
type Rule struct {
	ID       string // AREA/NAME, equal to the file's path
	Title    string
	Scope    Scope
	Every    string   // a Go duration ("15m") or a cron specification, in UTC
	On       []string // SQLSTATEs or event kinds that run it at once
	Severity Severity
	Risk     Risk
	Hazards  []string // what the repair may do; vet allows no more
	Requires Requirement
	Reads    Reads
	Cooldown time.Duration // between two repairs of the same finding
	Params   []Param
	Logic    *logic.Func // what steps cannot express, between capture and finding; nil: nothing

	Counts  []string // kinds of log events, in the place of detect: enough of them make a finding
	Detect  Query    // candidates, one row each
	Capture *Query   // once per candidate; no row: no finding
	Proof   []string // SQLSTATEs of capture that prove the fault, as {damage}
	Batch   int      // candidates of one owner whose rows are read in one transaction; 0: each by itself
	Prove   *Query   // the rows, after the logic and with its facts; no row: no finding
	Guards  []Guard  // any row refuses
	Measure *Query   // numbers before and after, for the report
	Repair  *Action  // nil: the rule only reports
	Verify  *Verify  // nil only where Repair is nil
	Seal    *Query   // what the undo rests on: asked when the attempt ends and before its undo, which another answer refuses
	Undo    Undo

	// Opens is set where capture opens the relation, and so can meet a lock.
	Opens bool

	Guidance string // Markdown

	File string // where it was read, for messages
	Hash string // SHA-256 of the file, hex: the provenance in reports
}

// Observes reports whether the rule only finds and never repairs.
func (r *Rule) Observes() bool { return r.Repair == nil }

// Param returns the declared parameter of that name.
func (r *Rule) Param(name string) (Param, bool) {
	for _, p := range r.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// Scope says where a rule runs.
type Scope string

// The scopes of a rule.
const (
	ScopeDatabase Scope = "database" // in every database
	ScopeCluster  Scope = "cluster"  // once, in the control database
)

// Severity is how bad the fault is while it lasts.
type Severity string

// The severities, in rising order.
const (
	Info     Severity = "info"
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Risk is how dangerous the repair is, and so who decides.
type Risk string

// The risks, in rising order.
const (
	Low    Risk = "low"    // any time
	Medium Risk = "medium" // inside the maintenance window
	High   Risk = "high"   // after an approval
)

// Rank orders risks; an unknown one ranks above all.
func (r Risk) Rank() int {
	switch r {
	case Low:
		return 1
	case Medium:
		return 2
	case High:
		return 3
	}
	return 4
}

// Reads says what a rule's queries look at.
type Reads string

// What a rule reads. Rows are read only in the owner's sandbox, because
// planning a query on a table runs functions its owner wrote.
const (
	ReadsCatalog Reads = "catalog"
	ReadsRows    Reads = "rows"
)

// Requirement is what the server must be for the rule to run.
type Requirement struct {
	Min, Max   int      // major versions, 0: open
	Extensions []string // must be installed in the database
}

// Param is a declared, typed setting of a rule.
type Param struct {
	Name    string
	Type    ParamType
	Default string // as written in the file
	Line    int
}

// ParamType is the type of a parameter's value.
type ParamType string

// The types of parameters, with the form they take as a bind argument.
const (
	TypeBytes    ParamType = "bytes"    // "64MB": an integer
	TypeInteger  ParamType = "integer"  // an integer
	TypeNumber   ParamType = "number"   // a decimal number
	TypeShare    ParamType = "share"    // 0 to 1, or "20%": a decimal number
	TypeDuration ParamType = "duration" // "15m": an interval in seconds
	TypeText     ParamType = "text"
	TypeBool     ParamType = "bool"
)

// Query is one SELECT of a rule.
type Query struct {
	Template

	// Impersonal is set where it looks at the catalog alone, at what answers the
	// same whoever asks: it needs no owner's rights, and runs no owner's code.
	Impersonal bool
}

// Guard is a query whose rows refuse the repair; the first column of the
// first row is the reason.
type Guard struct {
	Name string
	Query
}

// Mode says how the steps of an action run.
type Mode string

// The modes of an action.
const (
	// Session runs each statement by itself, as CONCURRENTLY and VACUUM need.
	Session Mode = "session"
	// Transaction runs all steps in one transaction.
	Transaction Mode = "transaction"
	// Declared runs what the approved baseline gives, as the finding's fact mode
	// says: in a session or in a transaction.
	Declared Mode = "declared"
	// Batches runs each step in a transaction of its own, and those that repeat
	// again and again, so that many rows move and nobody waits for all of them.
	Batches Mode = "batches"
)

// Action is a list of steps: a repair, or the undo of one.
type Action struct {
	Mode        Mode
	Deadline    time.Duration // of one statement; 0: the default
	LockTimeout time.Duration // of a transaction; 0: the default
	Steps       []Step
}

// Signals reports whether the action signals sessions. Such an action does
// nothing else, because it runs as the login that may.
func (a *Action) Signals() bool {
	for _, s := range a.Steps {
		if s.Signals {
			return true
		}
	}
	return false
}

// The values of one run of batches, which a plan cannot know yet: the tables
// that it makes for itself, and whose rows those are.
const (
	RunAttempt    = "run.attempt"    // the id of the attempt
	RunQuarantine = "run.quarantine" // the name of the table where rows go
	RunWorklist   = "run.worklist"   // the name of the list of rows still to move
)

// runNames are those values.
var runNames = [...]string{RunAttempt, RunQuarantine, RunWorklist}

// RunValues are the values of one run of batches. An undo has those of the
// attempt that it takes back.
func RunValues(attempt string) Values {
	id := strings.ToLower(attempt)
	return Values{
		RunAttempt: Text(attempt), RunQuarantine: Text("pgmend_quarantine_" + id), RunWorklist: Text("pgmend_worklist_" + id),
	}
}

// OfRun reports whether a value is one of a run of batches.
func OfRun(name string) bool { return slices.Contains(runNames[:], name) }

// Step is one durable statement of an action and the queries around it.
type Step struct {
	Template
	Each    *Query            // once per row, as {each.column}; when planning
	If      *Query            // only if there is a row; when planning
	Let     []Query           // facts read under locks already held; when running
	Assert  []Query           // a row rolls back, its first column is the reason
	Fails   map[string]string // SQLSTATE to the rule it hands over to
	AsOwner bool              // as the object's owner, sandboxed
	Gives   string            // the fact that holds its statements, of the approved baseline; "": the text is the statement
	Repeat  bool              // in batches: with its neighbours, until none changes a row any more
	Class   string            // the statement's class, by its syntax tree
	Signals bool              // it cancels or ends a session
}

// Verify proves a repair: within the time, the query must return no row.
type Verify struct {
	Within time.Duration
	Query
}

// Undo takes a repair back, or says why that is not possible.
type Undo struct {
	None   string  // the reason, where there is no undo
	Action *Action // nil where None is set
}
