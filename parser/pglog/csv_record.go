package pglog

import (
	"bytes"
	"strings"
)

func (f *csvFramer) emit(buf []byte, base int64, start, end int, cut bool) {
	if f.lost { // its beginning was given out before
		return
	}
	f.out = Framed{Start: base + int64(start), End: base + int64(end), Lines: 1}
	f.record(&f.out.Record, buf, start, end)
	f.out.Truncated = f.out.Truncated || cut
	if f.out.Message == "" && len(bytes.Trim(buf[start:end], "\x00 \r\n")) == 0 {
		return
	}
	f.given(&f.out)
}

// column is a field's text: a view of the log, or of the scratch space if it
// has quotes in it.
func (f *csvFramer) column(buf []byte, i, end int) string {
	if i >= len(f.fields) {
		return ""
	}
	field := &f.fields[i]
	if field.start >= end {
		return ""
	}
	text := buf[field.start:min(field.end, end)]
	if !field.escaped {
		return view(text)
	}
	from := len(f.scratch)
	for {
		quote := bytes.Index(text, []byte(`""`))
		if quote < 0 {
			f.scratch = append(f.scratch, text...)
			return view(f.scratch[from:])
		}
		f.scratch = append(f.scratch, text[:quote+1]...)
		text = text[quote+2:]
	}
}

func (f *csvFramer) record(r *Record, buf []byte, start, end int) {
	f.scratch = f.scratch[:0]
	if cap(f.scratch) > MaxText { // one giant need not cost memory for ever
		f.scratch = nil
	}
	col := func(i int) string { return f.column(buf, i, end) }
	stamp := strings.TrimLeft(col(0), "\x00")
	*r = Record{
		Time: f.clock.parse(stamp), User: col(1), Database: col(2), PID: atoi(col(3)), Host: hostOf(col(4)),
		SessionID: col(5), SessionLine: atoi64(col(6)), CommandTag: col(7), Severity: severity(col(11)), SQLState: col(12),
		Message: col(13), Detail: col(14), Hint: col(15), Query: col(16), Position: atoi(col(17)), Context: col(18),
		Statement: col(19), Location: col(21), App: col(22), BackendType: col(23), QueryID: atoi64(strings.TrimSpace(col(25))),
	}
	if p := atoi(col(20)); p > 0 {
		r.Position = p
	}
	if r.Time.IsZero() {
		*r = Record{Message: view(bytes.TrimRight(buf[start:end], "\r\n")), Truncated: true, Foreign: true, Forgeable: true}
	}
	r.Forgeable = r.Forgeable || r.Message == ""
	r.clipAll()
}

// hostOf drops the port from connection_from.
func hostOf(from string) string {
	if from == "[local]" {
		return from
	}
	if i := strings.LastIndexByte(from, ':'); i >= 0 {
		return from[:i]
	}
	return from
}
