package pglog

import (
	"strings"
	"unicode/utf8"
)

// Tally counts what a log held, and what of it could not be read as it
// should: nothing is left out in silence.
type Tally struct {
	Bytes   int64 `json:"bytes"`
	Records int64 `json:"records"`
	// Foreign are lines that the server's logger did not write.
	Foreign Skips `json:"foreign"`
	// Cut are records that were cut off in the log, or were too long to keep.
	Cut Skips `json:"cut"`
	// Dropped are the bytes of such records behind what was kept.
	Dropped Skips `json:"dropped"`
	// Encoding are records whose text is not UTF-8; it is kept as it is.
	Encoding Skips `json:"encoding"`
}

// Skips are pieces of a log.
type Skips struct {
	Count int64 `json:"count"`
	Bytes int64 `json:"bytes"`
	First int64 `json:"first"` // the offset of the first one
}

func (s *Skips) add(from, to int64) {
	if to <= from {
		return
	}
	if s.Count == 0 || from < s.First {
		s.First = from
	}
	s.Count++
	s.Bytes += to - from
}

func (s *Skips) merge(o Skips) {
	if o.Count == 0 {
		return
	}
	if s.Count == 0 || o.First < s.First {
		s.First = o.First
	}
	s.Count += o.Count
	s.Bytes += o.Bytes
}

// count counts a record; clean says that it stood in UTF-8 as a whole.
func (t *Tally) count(r *Framed, clean bool) {
	t.Records++
	switch {
	case r.Foreign:
		t.Foreign.add(r.Start, r.End)
	case r.Truncated:
		t.Cut.add(r.Start, r.End)
	}
	if !clean && (strange(r.Message) || r.Statement != "" && strange(r.Statement)) {
		t.Encoding.add(r.Start, r.End)
	}
}

// strange says that a text is not the server's in UTF-8, which has no zeros.
func strange(text string) bool { return !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 }

// Merge adds the counts of another piece of the log.
func (t *Tally) Merge(o Tally) {
	t.Bytes += o.Bytes
	t.Records += o.Records
	t.Foreign.merge(o.Foreign)
	t.Cut.merge(o.Cut)
	t.Dropped.merge(o.Dropped)
	t.Encoding.merge(o.Encoding)
}
