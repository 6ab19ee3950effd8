package pglog

import (
	"strconv"
	"time"
)

// Record is one message of the server's log. A field that the log's format
// or settings do not carry is empty. A record of a Block has views of the
// log's bytes for texts; Clone gives it texts of its own.
type Record struct {
	Time        time.Time `json:"time,omitzero"`
	Severity    string    `json:"severity,omitempty"` // in English: LOG, ERROR, FATAL, …
	SQLState    string    `json:"sqlstate,omitempty"` // "00000" where nothing failed
	PID         int       `json:"pid,omitempty"`
	SessionID   string    `json:"session,omitempty"` // start time and pid, in hex
	SessionLine int64     `json:"line,omitempty"`    // from 1, without gaps, per process
	User        string    `json:"user,omitempty"`
	Database    string    `json:"database,omitempty"`
	App         string    `json:"app,omitempty"`
	Host        string    `json:"host,omitempty"` // without the port; "[local]" for a socket
	BackendType string    `json:"backend_type,omitempty"`
	QueryID     int64     `json:"query_id,omitempty"`
	CommandTag  string    `json:"command_tag,omitempty"`
	Message     string    `json:"message,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	Hint        string    `json:"hint,omitempty"`
	Context     string    `json:"context,omitempty"`
	Query       string    `json:"query,omitempty"`     // the internal query that failed
	Statement   string    `json:"statement,omitempty"` // what the client sent
	Position    int       `json:"position,omitempty"`  // character of Statement, or of Query, from 1
	Location    string    `json:"location,omitempty"`  // in the server's source; log_error_verbosity = verbose
	Backtrace   string    `json:"backtrace,omitempty"`
	Truncated   bool      `json:"truncated,omitempty"` // cut in the log, or a text was over MaxText
	Foreign     bool      `json:"foreign,omitempty"`   // not written by the server's logger
	// Forgeable says that a client could have written the whole record, or its
	// level: in the text format a newline in a login name starts a line of its
	// own, before any authentication. It is false where the record's lines have
	// no such reading; forge.go says how that is known. In csvlog and jsonlog
	// only the texts inside a record are the client's.
	Forgeable bool `json:"forgeable"`
}

// Session tells the sessions of a log apart, as far as it says: by their ids,
// else by their processes. It is empty where it says neither.
func (r *Record) Session() string {
	if r.SessionID != "" || r.PID == 0 {
		return r.SessionID
	}
	return strconv.Itoa(r.PID)
}

// MaxText is how many bytes of one text of a record are kept.
const MaxText = 1 << 20

// maxRecord is how many bytes of one record are held in memory before it is
// given out as truncated.
const maxRecord = 8 << 20

// clip cuts a text to MaxText at the border of a character.
func (r *Record) clip(s string) string {
	r.Truncated = true
	n := MaxText
	for n > MaxText-4 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

func (r *Record) clipAll() {
	for _, s := range []*string{&r.Message, &r.Detail, &r.Hint, &r.Context, &r.Query, &r.Statement, &r.Backtrace} {
		if len(*s) > MaxText {
			*s = r.clip(*s)
		}
	}
}
