package healer

import "context"

// Meter reads what statements take. Its counters only grow.
type Meter interface {
	// Relations are the names under which statements touch a table: its own,
	// those of its partitions and parents, and of the views over them.
	Relations(ctx context.Context, table Object) ([]Relation, error)
	// Readings are what statements took so far: of those that touch one of the
	// relations, and, to compare with, of others. Missing says what could not
	// be asked, and why.
	Readings(ctx context.Context, of []Relation) (list []Reading, missing []string, err error)
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
	Touches   bool   // one of the relations
	Began     string // another: the counters began again at zero
	Usage
}
