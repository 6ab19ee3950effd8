package workload

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Report is the summary of a workload: what the JSON output is.
type Report struct {
	From       time.Time  `json:"from,omitzero"` // of the first record
	To         time.Time  `json:"to,omitzero"`
	Records    int64      `json:"records"`
	Outside    int64      `json:"outside_period"` // records that --since and --until leave out
	Statements int64      `json:"statements"`
	Times      Times      `json:"durations"`
	Shapes     int        `json:"shapes"`
	Queries    []Query    `json:"queries"` // the most by total, mean and p99 time and by calls; by total first
	Other      *Query     `json:"other_queries,omitempty"`
	Tables     []Table    `json:"tables"`
	Errors     []Failure  `json:"errors"`
	Locks      Locks      `json:"locks"`
	TempFiles  TempFiles  `json:"temp_files"`
	Checkpoint Checkpoint `json:"checkpoints"`
	Vacuums    []Vacuum   `json:"autovacuum"`
	Sessions   Sessions   `json:"connections"`
	Users      []Name     `json:"users"` // by statements
	Databases  []Name     `json:"databases"`
	Apps       []Name     `json:"applications"`
	Hosts      []Name     `json:"hosts"`
	Events     []Name     `json:"events"` // records by kind
	SlotSec    int64      `json:"timeline_seconds"`
	Timeline   []Slot     `json:"timeline"`
}

// Times are durations in milliseconds. The quantiles are off by 1.6 % at the
// most.
type Times struct {
	Count   int64   `json:"count"`
	TotalMS float64 `json:"total_ms"`
	MeanMS  float64 `json:"mean_ms"`
	P50MS   float64 `json:"p50_ms"`
	P95MS   float64 `json:"p95_ms"`
	P99MS   float64 `json:"p99_ms"`
	MaxMS   float64 `json:"max_ms"`
}

func ms(us int64) float64 { return float64(us) / 1000 }

func timesOf(h *Histogram) Times {
	t := Times{Count: h.Count, TotalMS: ms(h.Sum), P50MS: ms(h.Quantile(.5)), P95MS: ms(h.Quantile(.95)), P99MS: ms(h.Quantile(.99)), MaxMS: ms(h.Max)}
	if h.Count > 0 {
		t.MeanMS = ms(h.Sum) / float64(h.Count)
	}
	return t
}

// Query is a shape of statements.
type Query struct {
	Fingerprint string         `json:"fingerprint,omitempty"`
	Kind        string         `json:"kind,omitempty"`
	Text        string         `json:"text"` // an example, its literals masked
	Parsed      bool           `json:"parsed"`
	Calls       int64          `json:"calls"`
	Failed      int64          `json:"failed"`
	Plans       int64          `json:"plans,omitempty"` // that auto_explain wrote; the durations are theirs where there are no others
	Times       Times          `json:"durations"`
	PrepareMS   float64        `json:"parse_bind_ms,omitempty"`
	Rows        *int64         `json:"rows,omitempty"`
	RowsOf      int64          `json:"rows_known_of,omitempty"` // statements whose rows are known
	Tables      []parser.Table `json:"tables"`
	Users       []Name         `json:"users"`
	Apps        []Name         `json:"applications"`
	Databases   []Name         `json:"databases"`
	First       time.Time      `json:"first,omitzero"`
	Last        time.Time      `json:"last,omitzero"`
}

// Table is what was done to a table.
type Table struct {
	Schema  string  `json:"schema"` // "" where it is not written
	Name    string  `json:"name"`
	Reads   int64   `json:"reads"`
	Writes  int64   `json:"writes"`
	DDL     int64   `json:"ddl"`
	TotalMS float64 `json:"total_ms"` // of all statements that name it
	Shapes  int     `json:"shapes"`
}

// Failure is a way to fail.
type Failure struct {
	Severity  string    `json:"severity"`
	SQLState  string    `json:"sqlstate,omitempty"`
	Kind      string    `json:"kind"`
	Message   string    `json:"message"` // without what it quotes
	Count     int64     `json:"count"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Statement string    `json:"statement,omitempty"`
	Users     []Name    `json:"users"`
	Databases []Name    `json:"databases"`
}

// Locks are waits and deadlocks.
type Locks struct {
	Waiting       int64      `json:"waiting"` // "still waiting", by log_lock_waits
	Waits         []LockWait `json:"waits"`   // that ended
	DeadlockCount int64      `json:"deadlock_count"`
	Deadlocks     []Deadlock `json:"deadlocks"`
}

// LockWait is a lock that was waited for.
type LockWait struct {
	Mode      string    `json:"mode"`
	Target    string    `json:"target"`
	Statement string    `json:"statement,omitempty"`
	Times     Times     `json:"durations"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
}

// Deadlock is who waited for whom.
type Deadlock struct {
	Time      time.Time         `json:"time,omitzero"`
	Database  string            `json:"database,omitempty"`
	Processes []DeadlockProcess `json:"processes"`
}

// DeadlockProcess is one of them.
type DeadlockProcess struct {
	PID       int    `json:"pid"`
	Mode      string `json:"mode"`
	Target    string `json:"target"`
	BlockedBy int    `json:"blocked_by"`
	Statement string `json:"statement,omitempty"`
}

// TempFiles are temporary files.
type TempFiles struct {
	Count   int64       `json:"count"`
	Bytes   int64       `json:"bytes"`
	Largest int64       `json:"largest"`
	Queries []TempQuery `json:"queries"`
}

// TempQuery is a statement that wrote some.
type TempQuery struct {
	Text    string `json:"text"`
	Count   int64  `json:"count"`
	Bytes   int64  `json:"bytes"`
	Largest int64  `json:"largest"`
}

// Checkpoint sums up checkpoints.
type Checkpoint struct {
	Complete       int64   `json:"complete"`
	Restartpoints  int64   `json:"restartpoints"` // of them
	Causes         []Name  `json:"causes"`
	TooFrequent    int64   `json:"too_frequent"`
	Buffers        int64   `json:"buffers"`
	DistanceKB     int64   `json:"distance_kb"`
	WriteSeconds   float64 `json:"write_seconds"`
	SyncSeconds    float64 `json:"sync_seconds"`
	TotalSeconds   float64 `json:"total_seconds"`
	LongestSeconds float64 `json:"longest_seconds"`
}

// Vacuum is autovacuum's work on a table.
type Vacuum struct {
	Table          string  `json:"table"` // database.schema.table
	Vacuums        int64   `json:"vacuums"`
	Analyzes       int64   `json:"analyzes"`
	Wraparound     int64   `json:"to_prevent_wraparound"`
	IndexScans     int64   `json:"index_scans"`
	Removed        int64   `json:"tuples_removed"`
	Dead           int64   `json:"dead_not_removable"` // the most at once
	Seconds        float64 `json:"seconds"`
	LongestSeconds float64 `json:"longest_seconds"`
}

// Sessions are connections.
type Sessions struct {
	Received   int64  `json:"received"`
	Authorized int64  `json:"authorized"`
	Ended      int64  `json:"ended"`
	Lost       int64  `json:"lost"`
	Refused    int64  `json:"refused"` // too many
	Users      []Name `json:"users"`
	Databases  []Name `json:"databases"`
	Hosts      []Name `json:"hosts"`
	Apps       []Name `json:"applications"`
	Length     Times  `json:"session_times"`
}

// Report sums up a sheet. Top is how many queries are listed by each order.
func (s *Sheet) Report(top int) *Report {
	for _, d := range s.pairs.loose {
		s.alone(d.us, d.at)
	}
	s.pairs = pairs{}
	r := &Report{
		From: s.span.first(), To: s.span.last(), Records: s.records, Outside: s.outside, Statements: s.statements,
		Times: timesOf(&s.times), Users: s.users.sorted(), Databases: s.databases.sorted(), Apps: s.apps.sorted(), Hosts: s.hosts.sorted(),
		SlotSec: s.line.width, Timeline: s.line.sorted(),
	}
	s.queries(r, top)
	s.failures(r)
	s.activities(r)
	for _, k := range s.kinds.sorted() {
		r.Events = append(r.Events, Name{string(k.kind), k.count})
	}
	slices.SortStableFunc(r.Events, func(a, b Name) int { return cmp.Compare(b.Count, a.Count) })
	return r
}

func (s *Sheet) failures(r *Report) {
	for k, f := range s.errors.of {
		r.Errors = append(r.Errors, Failure{
			Severity: k.severity, SQLState: k.state, Kind: k.kind, Message: k.message, Count: f.count,
			First: f.span.first(), Last: f.span.last(), Statement: f.statement, Users: f.users.sorted(), Databases: f.databases.sorted(),
		})
	}
	slices.SortFunc(r.Errors, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.SQLState, b.SQLState), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Kind, b.Kind))
	})
	if s.errors.other > 0 {
		r.Errors = append(r.Errors, Failure{Kind: string(pglog.Other), Message: Other, Count: s.errors.other})
	}
}
