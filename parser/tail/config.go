package tail

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"time"

	"github.com/pgmend/pgmend/parser/pglog"
)

// Config says what to follow. One of Path and DataDir is needed.
type Config struct {
	// Path is a file, a pattern as of filepath.Match (`log/postgresql-*.log`),
	// or a log_filename with its strftime escapes
	// (`log/postgresql-%Y-%m-%d_%H%M%S.log`). Of a single file, its numbered
	// and dated predecessors count too, when they were written while nobody
	// was reading.
	Path string
	// DataDir is the server's data directory: the files are found by its
	// current_logfiles, for the Destination.
	DataDir string
	// Destination is stderr, csvlog or jsonlog; empty takes the best of what
	// the server writes: jsonlog, csvlog, stderr.
	Destination string
	// Decoder makes the decoder of a file from an offset on; path tells
	// apart what the log_directory holds. Nil: the format is detected.
	Decoder func(path string, offset int64) *pglog.Decoder
	// Store keeps the checkpoint; nil keeps none.
	Store Store
	// Poll is how often the files are looked at; default 1 s.
	Poll time.Duration
	// Linger is how long a file that moved or went quiet is kept open for
	// late writes; default 1 min.
	Linger time.Duration
	// FromStart reads what is there at the very first run; otherwise that
	// begins at the end. Files that appear later are read in full.
	FromStart bool
	// Report is told what does not stop the following: a folder that cannot
	// be listed now, inotify's limits. May be nil.
	Report func(error)
}

// Store keeps the checkpoint durably. Load returns the zero Checkpoint where
// there is none.
type Store interface {
	Load(ctx context.Context) (Checkpoint, error)
	Save(ctx context.Context, c Checkpoint) error
}

// Chunk is some records of one file, in their order, or what happened to it.
type Chunk struct {
	Path    string
	FileID  string
	Records []pglog.Framed
	// Quarantined are records that killed the process twice; they are given
	// to be recorded, not to be handled.
	Quarantined []pglog.Framed
	Gaps        []Gap
	// Missing are lines of a session that never came.
	Missing []LineGap
}

// EventID names a record of the chunk for ever.
func (c Chunk) EventID(r pglog.Framed) string {
	h := sha256.New()
	_, _ = io.WriteString(h, c.FileID) // a hash does not fail
	_ = binary.Write(h, binary.BigEndian, r.Start)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// GapReason is why bytes were lost.
type GapReason string

// The reasons.
const (
	Truncated GapReason = "truncated" // or replaced by another file with its inode
	Deleted   GapReason = "deleted"
	// CopyTruncated is logrotate's copytruncate: the copy was found and read
	// to its end. What came between the copying and the truncation is lost by
	// the nature of it; rotating without copytruncate loses nothing.
	CopyTruncated GapReason = "copytruncate"
	// Damaged is a compressed file that cannot be read to its end.
	Damaged GapReason = "damaged"
)

// Gap is a piece of a file that was destroyed before it was read.
type Gap struct {
	Path   string `json:"path"`
	FileID string `json:"file_id"`
	From   int64  `json:"from"` // offset
	// To is the offset up to which bytes are known to be lost. It equals From
	// where none are: what came after the last look, nobody knows.
	To     int64     `json:"to"`
	Reason GapReason `json:"reason"`
}

// LineGap is a jump in a session's line numbers: the lines from From to To,
// both included, are missing.
type LineGap struct {
	Session string `json:"session"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
}
