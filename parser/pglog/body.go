package pglog

// Violation is a broken constraint. The server's log names the table only
// for some kinds; Schema stays empty where it does not say.
type Violation struct {
	Schema     string   `json:"schema,omitempty"`
	Table      string   `json:"table,omitempty"`
	Constraint string   `json:"constraint,omitempty"`
	Columns    []string `json:"columns,omitempty"`    // of the key, or the one that is null
	Referenced string   `json:"referenced,omitempty"` // the other table of a foreign key
}

// Object is what a message is about: something missing, existing already or
// forbidden.
type Object struct {
	Type   string `json:"type,omitempty"` // relation, table, column, function, role, …
	Schema string `json:"schema,omitempty"`
	Table  string `json:"table,omitempty"` // of a column
	Name   string `json:"name,omitempty"`
}

// Lock is a wait for a lock.
type Lock struct {
	PID        int     `json:"pid,omitempty"`
	Mode       string  `json:"mode,omitempty"`   // ShareLock, …
	Target     string  `json:"target,omitempty"` // as the server describes it
	Relation   uint32  `json:"relation,omitempty"`
	DatabaseID uint32  `json:"database_oid,omitempty"`
	WaitMS     float64 `json:"wait_ms,omitempty"`
	Holders    []int   `json:"holders,omitempty"` // pids
	Queue      []int   `json:"queue,omitempty"`   // pids
	Waits      []Wait  `json:"waits,omitempty"`   // of a deadlock, in its order
}

// Wait is one edge of a deadlock.
type Wait struct {
	PID       int    `json:"pid"`
	Mode      string `json:"mode"`
	Target    string `json:"target"`
	BlockedBy int    `json:"blocked_by"`
}

// Statement is a statement that ran, or begins to.
type Statement struct {
	DurationMS *float64 `json:"duration_ms,omitempty"`
	Phase      string   `json:"phase,omitempty"` // statement, parse, bind, execute, fetch, plan; "" with a bare duration
	Name       string   `json:"name,omitempty"`  // of the prepared statement, with its portal
	SQL        string   `json:"sql,omitempty"`   // or the plan, in the phase plan
	Parameters []Param  `json:"parameters,omitempty"`

	ms float64 // what DurationMS points to
}

// Param is the value of a parameter.
type Param struct {
	Name  string `json:"name"` // $1
	Value string `json:"value,omitempty"`
	Null  bool   `json:"null,omitempty"`
}

// Vacuum is a run of autovacuum, or of its analyze.
type Vacuum struct {
	Database         string  `json:"database,omitempty"`
	Schema           string  `json:"schema,omitempty"`
	Table            string  `json:"table,omitempty"`
	Aggressive       bool    `json:"aggressive,omitempty"`
	Wraparound       bool    `json:"wraparound,omitempty"` // it ran to prevent wraparound
	IndexScans       int64   `json:"index_scans,omitempty"`
	PagesRemoved     int64   `json:"pages_removed,omitempty"`
	PagesRemain      int64   `json:"pages_remain,omitempty"`
	TuplesRemoved    int64   `json:"tuples_removed,omitempty"`
	TuplesRemain     int64   `json:"tuples_remain,omitempty"`
	DeadNotRemovable int64   `json:"dead_not_removable,omitempty"`
	BufferHits       int64   `json:"buffer_hits,omitempty"`
	BufferMisses     int64   `json:"buffer_misses,omitempty"`
	BufferDirtied    int64   `json:"buffer_dirtied,omitempty"`
	WALRecords       int64   `json:"wal_records,omitempty"`
	WALBytes         int64   `json:"wal_bytes,omitempty"`
	ElapsedSeconds   float64 `json:"elapsed_seconds,omitempty"`
}

// Checkpoint is a checkpoint or, on a standby, a restartpoint.
type Checkpoint struct {
	Cause        string  `json:"cause,omitempty"` // time, wal, immediate force wait, …
	Restartpoint bool    `json:"restartpoint,omitempty"`
	Buffers      int64   `json:"buffers,omitempty"`
	WriteSeconds float64 `json:"write_seconds,omitempty"`
	SyncSeconds  float64 `json:"sync_seconds,omitempty"`
	TotalSeconds float64 `json:"total_seconds,omitempty"`
	DistanceKB   int64   `json:"distance_kb,omitempty"` // of WAL since the one before
	ApartSeconds int64   `json:"apart_seconds,omitempty"`
}

// Connection is a session's beginning, end or refusal.
type Connection struct {
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`
	User     string `json:"user,omitempty"`
	Database string `json:"database,omitempty"`
	App      string `json:"app,omitempty"`
	Method   string `json:"method,omitempty"`   // of authentication
	Identity string `json:"identity,omitempty"` // before it is mapped to a role
	Error    string `json:"error,omitempty"`    // the system's
	// SessionSeconds is how long the session lasted.
	SessionSeconds float64 `json:"session_seconds,omitempty"`
}

// Process is what became of a server process, or of a command that it ran.
type Process struct {
	Name     string `json:"name,omitempty"`
	PID      int    `json:"pid,omitempty"`
	ExitCode int    `json:"exit_code,omitempty"`
	Signal   int    `json:"signal,omitempty"`
	Version  string `json:"version,omitempty"` // of a server that starts
	Mode     string `json:"mode,omitempty"`    // of a shutdown: smart, fast, immediate
}

// File is a file, or a place in one.
type File struct {
	Path  string `json:"path,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	Block int64  `json:"block,omitempty"`
	Error string `json:"error,omitempty"`
	LSN   string `json:"lsn,omitempty"`
}

// Setting is a configuration parameter.
type Setting struct {
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// Wraparound is how near a database is to running out of transaction ids.
type Wraparound struct {
	Database string `json:"database_name,omitempty"`
	Left     int64  `json:"left,omitempty"`      // transactions
	Multi    bool   `json:"multixact,omitempty"` // of multixact ids
	Refusing bool   `json:"refusing,omitempty"`  // no new ids are given out
}

func (*Violation) body()  {}
func (*Object) body()     {}
func (*Lock) body()       {}
func (*Statement) body()  {}
func (*Vacuum) body()     {}
func (*Checkpoint) body() {}
func (*Connection) body() {}
func (*Process) body()    {}
func (*File) body()       {}
func (*Setting) body()    {}
func (*Wraparound) body() {}
