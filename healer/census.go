package healer

import (
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Census is what one database is like at a moment, for people to look at. It
// proves nothing and no repair rests on it.
type Census struct {
	Database   string
	At         time.Time
	Totals     rules.Row   // size, sessions, ages
	Tables     []rules.Row // the largest, with what is read and written
	Indexes    []rules.Row // the largest, with how often they are used
	Upkeep     []rules.Row // tables by dead rows and by age, with when they were last looked after
	Sequences  []rules.Row // those that are most used up
	Progress   []rules.Row // what VACUUM, CREATE INDEX and the like are at
	Waits      []rules.Row // who waits for whose lock
	Statements []rules.Row // what took the most time, of pg_stat_statements; masked
	Missing    []string    // what could not be read, and why
}
