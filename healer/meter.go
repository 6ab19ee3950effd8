package healer

import "context"

// Meter reads what statements take. Its counters only grow.
type Meter interface {
	// Relations are the names under which statements touch a table: its own,
	// those of its partitions and parents, and of the views over them.
	Relations(ctx context.Context, table Object) ([]Relation, error)
	// Readings are what statements took so far: of those that a change of the
	// scope concerns, and, to compare with, of others. Missing says what could
	// not be asked, and why.
	Readings(ctx context.Context, of Scope) (list []Reading, missing []string, err error)
}

// Scope is what a change concerns.
type Scope struct {
	Relations []Relation `json:"relations"`
	Server    bool       `json:"server,omitempty"` // all statements of all databases, as a setting does
}

// Relation is a relation by its name.
type Relation struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// Reading is what one statement took since its counters began.
type Reading struct {
	Source    string // the log, pg_stat_statements
	Statement string // its id in the source
	Text      string // its literals masked
	Touches   bool   // what the change concerns
	Began     string // another: the counters began again at zero
	Usage
}
