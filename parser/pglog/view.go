package pglog

import (
	"bytes"
	"unsafe"
)

// lineScan finds the ends of lines in a buffer that grows.
type lineScan struct{ pos int } // bytes seen of the line

// next is where the line that begins at n ends, behind its newline; 0 if that
// has not come yet.
func (l *lineScan) next(buf []byte, n int) int {
	i := bytes.IndexByte(buf[n+l.pos:], '\n')
	if i < 0 {
		l.pos = len(buf) - n
		return 0
	}
	i += n + l.pos + 1
	l.pos = 0
	return i
}

// view is the text of bytes, without a copy: it changes when they do.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) } //nolint:gosec // its length is that of the slice

// Bytes is a text's bytes, without a copy. They must not be written to, and
// live as long as the text does.
func Bytes(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) } //nolint:gosec // likewise

// copyOf is a text of its own; the empty one costs nothing.
func copyOf(s string) string { return string(Bytes(s)) }

// Clone is the record with texts of its own, which live as long as it does.
func (r *Record) Clone() Record {
	c := *r
	for _, s := range [...]*string{
		&c.Severity, &c.SQLState, &c.SessionID, &c.User, &c.Database, &c.App, &c.Host, &c.BackendType, &c.CommandTag,
		&c.Message, &c.Detail, &c.Hint, &c.Context, &c.Query, &c.Statement, &c.Location, &c.Backtrace,
	} {
		*s = copyOf(*s)
	}
	return c
}

// clone is a framed record with texts of its own.
func (f *Framed) clone() Framed {
	c := *f
	c.Record = f.Clone()
	return c
}
