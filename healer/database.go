package healer

import (
	"context"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Reader runs the read-only queries of rules in one database.
type Reader interface {
	// Identify says which server and database this is, asked afresh.
	Identify(ctx context.Context) (Identity, error)
	// Read runs one query in a READ ONLY transaction of its own, or, with a
	// Role, in that owner's sandbox, rolled back. Errors are *DatabaseError.
	Read(ctx context.Context, r Read) ([]rules.Row, error)
	// ReadEach runs a query with a Role once for each of the values, so many of
	// them in one transaction. It answers as far as it comes: what has no answer,
	// also beside an error, is to be asked by itself.
	ReadEach(ctx context.Context, r Read, values []rules.Values, together int) ([]Answer, error)
}

// Answer is what a query returned, if it was Given.
type Answer struct {
	Given bool
	Rows  []rules.Row
}

// Snapshotter describes objects as the catalog has them.
type Snapshotter interface {
	// Snapshot describes the object by its oid, or where that is gone, by its
	// name. An object that does not exist gives the zero Snapshot.
	Snapshot(ctx context.Context, o Object) (Snapshot, error)
	// Builds lists the indexes of the object's table and of its partitions, so
	// that what a failed concurrent build left behind can be told from what was
	// there.
	Builds(ctx context.Context, o Object) ([]Index, error)
}

// Operator opens the sessions that repair.
type Operator interface {
	// Begin opens a session for the operation, with every setting of the
	// doctrine set and read back, watched by a second session.
	Begin(ctx context.Context, op Operation) (Session, error)
	// Around says what goes on around a repair of the object.
	Around(ctx context.Context, o Object) (Surroundings, error)
	// Budget says what a repair of the object may cost, its sizes only where
	// they are asked for, and what there is of it.
	Budget(ctx context.Context, o Object, sizes bool) (Budget, error)
	// Running returns the applications (pgmend/RULE/ATTEMPT) of sessions on
	// this server that an earlier process of ours left at work.
	Running(ctx context.Context) ([]string, error)
}

// Differs says why a server is not the one that a repair was planned for, or
// is not any more; "" where it is.
func (i Identity) Differs(now Identity) string {
	switch {
	case now.SystemIdentifier != i.SystemIdentifier:
		return "this is another server now"
	case now.DatabaseOID != i.DatabaseOID:
		return "the database was dropped and made again"
	case now.InRecovery:
		return "the server is in recovery now"
	case now.Timeline != i.Timeline:
		return "the server's timeline changed"
	case now.DataDirectory != i.DataDirectory && now.DataDirectory != "" && i.DataDirectory != "":
		// A copy of the files has the system identifier of what it was copied from.
		return "this is a server with another data directory now"
	}
	return ""
}

// Session runs the statements of one operation, one at a time.
type Session interface {
	// Read runs a query under the locks the operation holds already.
	Read(ctx context.Context, r Read) ([]rules.Row, error)
	// Exec runs one statement.
	Exec(ctx context.Context, s Statement) (Outcome, error)
	// Close commits or rolls back a transaction and closes the connection.
	Close(ctx context.Context, commit bool) error
}

// Identity is which server this is and what it is now.
type Identity struct {
	SystemIdentifier string            `json:"system_identifier"`
	DataDirectory    string            `json:"data_directory,omitempty"` // "": the role may not know it
	Timeline         int               `json:"timeline"`
	InRecovery       bool              `json:"in_recovery"`
	Version          int               `json:"version"` // server_version_num, 150018
	Database         string            `json:"database"`
	DatabaseOID      uint32            `json:"database_oid"`
	User             string            `json:"user"`
	Healer           string            `json:"healer,omitempty"` // the login that repairs
	Superuser        bool              `json:"superuser"`
	Extensions       map[string]string `json:"extensions,omitempty"` // name to schema
}

// Major returns the major version, 15.
func (i Identity) Major() int { return i.Version / 10000 }

// Read asks for one query.
type Read struct {
	Application string         // pgmend/RULE or pgmend/RULE/ATTEMPT
	Query       rules.Template // its {splices} and @binds filled from Values
	Values      rules.Values
	Role        string        // run as this owner, sandboxed; "": as the observer
	LockTimeout time.Duration // 0: the default, 200 ms
	Timeout     time.Duration // 0: the default, 30 s
	Keep        bool          // the session keeps its plan: it is asked again and again
}

// Operation is what a session is opened for.
type Operation struct {
	Application string // pgmend/RULE/ATTEMPT
	Database    string // where it runs; "": the healer's own
	Signals     bool   // it signals sessions, and nothing else
	Mode        rules.Mode
	Deadline    time.Duration // of one statement; 0: the default, 1 h
	LockTimeout time.Duration // of a transaction, at most 500 ms; 0: that
	LockBudget  time.Duration // how long anyone may wait for us; 0: 1 s
	Oldest      time.Duration // how old a transaction may be that a concurrent statement would wait for; 0: 1 min

	// Server is where the operation belongs: the session that acts makes sure
	// before every statement that it is there. The zero value asks nothing.
	Server Identity
	// Alarm is asked about every second while a statement runs; a reason ends
	// the statement. nil: nobody is asked.
	Alarm func(context.Context) string
}

// Statement is one statement of a repair or an undo.
type Statement struct {
	SQL   string
	Class string // as parser.Inspect names it
	Role  string // the owner to run as, "": as the healer itself
	Alone bool   // in a session: in a transaction of its own, in the owner's sandbox
}

// Outcome is what a statement did.
type Outcome struct {
	Tag      string        `json:"tag"`
	Changed  int64         `json:"changed,omitempty"` // rows that a statement in an owner's sandbox changed
	Rows     []rules.Row   `json:"rows,omitempty"`
	Notices  []Notice      `json:"notices,omitempty"`
	Started  time.Time     `json:"started"`
	Elapsed  time.Duration `json:"elapsed_ns"`
	Locks    []LockUse     `json:"locks,omitempty"`
	Delayed  int           `json:"delayed"`   // sessions seen waiting for us
	WALBytes int64         `json:"wal_bytes"` // written by the server meanwhile
}

// Notice is a message the server sent beside the result.
type Notice struct {
	Severity string `json:"severity"`
	SQLState string `json:"sqlstate"`
	Message  string `json:"message"`
}

// LockUse is a lock the statement was seen to wait for or to hold.
type LockUse struct {
	Mode     string        `json:"mode"`
	Relation string        `json:"relation"`
	Waited   time.Duration `json:"waited_ns"`
	Held     time.Duration `json:"held_ns"`
}

// Index is one index of a table.
type Index struct {
	OID        uint32 `json:"oid"`
	Schema     string `json:"schema"`
	Name       string `json:"name"`
	Definition string `json:"definition"`
	Valid      bool   `json:"valid"`
	Live       bool   `json:"live"`
	Building   bool   `json:"-"` // it is not valid, and a session builds on its table
}

// Property is one thing the catalog says of an object.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Snapshot is all that the catalog says of an object that a repair could
// change, with names for oids, in a stable order. Sizes and counts are not
// part of it.
type Snapshot struct {
	OID        uint32     `json:"oid"`
	Kind       string     `json:"kind"` // index, table, sequence …; "": it does not exist
	Owner      string     `json:"owner"`
	OwnerSuper bool       `json:"owner_superuser"`
	Extension  string     `json:"extension,omitempty"` // whose member it is
	System     bool       `json:"system,omitempty"`
	Temporary  bool       `json:"temporary,omitempty"`
	Properties []Property `json:"properties"`
}

// Exists reports whether there is such an object.
func (s Snapshot) Exists() bool { return s.Kind != "" }

// DatabaseError is an error the server or the connection to it reported.
type DatabaseError struct {
	SQLState string // "" where the connection itself failed
	Message  string
	Detail   string
	Hint     string
	Err      error
}

// Error implements error.
func (e *DatabaseError) Error() string {
	s := e.Message
	if e.SQLState != "" {
		s += " (SQLSTATE " + e.SQLState + ")"
	}
	if e.Hint != "" {
		s += "; hint: " + e.Hint
	}
	return s
}

// Unwrap returns the driver's error.
func (e *DatabaseError) Unwrap() error { return e.Err }
