package pglog

import (
	"strings"
	"time"
)

// textRecord is a message of the text format that may go on.
type textRecord struct {
	Framed
	key   uint64
	first int64 // where its first line ends
	seen  int   // its last line
	done  bool
	kept  bool // its texts are its own
	part  part
	used  uint16 // a bit for each part it has
	texts [partStatement + 1]text
}

// text is one part of a message: a piece of the log, or a text of its own
// once that is not enough.
type text struct {
	start, end int64 // in the file
	view       string
	tabs       bool // the view has lines that begin with a tab
	owned      bool
	own        []byte
}

func (t *textRecord) reset() {
	t.Framed, t.done, t.kept, t.part = Framed{}, false, false, partNone
	for p := range t.texts {
		if t.used&(1<<p) != 0 {
			t.texts[p] = text{own: t.texts[p].own[:0]}
			if cap(t.texts[p].own) > MaxText/4 { // a giant need not cost memory for ever
				t.texts[p].own = nil
			}
		}
	}
	t.used = 0
}

// begin starts a part with the bytes [from, to) of the framer's buffer. One
// that it has already gets them as a further line.
func (t *textRecord) begin(p part, f *stderrFramer, from, to int) {
	t.part = p
	if t.used&(1<<p) != 0 {
		t.texts[p].take(f.buf[from:to], true)
		return
	}
	t.used |= 1 << p
	x := &t.texts[p]
	x.start, x.end, x.view = f.base+int64(from), f.base+int64(to), view(f.buf[from:to])
}

// goOn adds a line to the part that was begun last, or a piece of a line.
func (t *textRecord) goOn(f *stderrFramer, from, to int, line bool) {
	x := &t.texts[t.part]
	at := f.base + int64(from)
	if !x.owned && line && at == x.end+2 && x.start >= f.base { // a newline and a tab between
		x.end, x.tabs = f.base+int64(to), true
		x.view = view(f.buf[x.start-f.base : x.end-f.base])
		return
	}
	x.take(f.buf[from:to], line)
}

// take makes the text its own, and adds to it.
func (x *text) take(more []byte, line bool) {
	x.keep()
	if len(x.own) > MaxText { // the rest would be clipped
		return
	}
	if line {
		x.own = append(x.own, '\n')
	}
	x.own = append(x.own, more[:min(len(more), MaxText+1)]...)
}

// keep copies the text out of the log's bytes.
func (x *text) keep() {
	if x.owned {
		return
	}
	x.owned = true
	v := x.view
	for x.tabs && len(x.own) <= MaxText {
		line, rest, more := strings.Cut(v, "\n\t")
		if !more {
			break
		}
		x.own = append(append(x.own, line...), '\n')
		v = rest
	}
	x.own = append(x.own, v[:min(len(v), MaxText+1)]...)
}

// keep makes everything the record's own.
func (t *textRecord) keep() {
	if !t.kept {
		t.Record, t.kept = t.Clone(), true
	}
	for p := range t.texts {
		if t.used&(1<<p) != 0 {
			t.texts[p].keep()
		}
	}
}

// text is the whole text of a part.
func (t *textRecord) text(p part) string {
	if t.used&(1<<p) == 0 {
		return ""
	}
	x := &t.texts[p]
	if x.tabs {
		x.keep()
	}
	if x.owned {
		return view(x.own)
	}
	return x.view
}

// finish puts the texts into the record.
func (t *textRecord) finish() {
	r := &t.Record
	r.Message = t.text(partMessage)
	if !r.Foreign {
		r.Message, r.Position = cutPosition(r.Message)
	}
	if t.used&^(1<<partMessage) != 0 {
		r.Detail, r.Hint, r.Query = t.text(partDetail), t.text(partHint), t.text(partQuery)
		r.Context, r.Location, r.Statement = t.text(partContext), t.text(partLocation), t.text(partStatement)
		r.Backtrace = t.text(partBacktrace)
	}
	r.clipAll()
}

// verboseState reads the SQLSTATE that log_error_verbosity = verbose puts
// before a message.
func verboseState(text string) (state, rest string, ok bool) {
	if len(text) < 7 || text[5] != ':' || text[6] != ' ' || !isState(text) {
		return "", "", false
	}
	if _, known := stateClasses[text[:2]]; !known {
		return "", "", false
	}
	return text[:5], text[7:], true
}

// stateClasses are the classes of SQLSTATE that PostgreSQL knows:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var stateClasses = map[string]struct{}{
	"00": {}, "01": {}, "02": {}, "03": {}, "08": {}, "09": {}, "0A": {}, "0B": {}, "0F": {}, "0L": {}, "0P": {}, "0Z": {},
	"10": {}, "20": {}, "21": {}, "22": {}, "23": {}, "24": {}, "25": {}, "26": {}, "27": {}, "28": {}, "2B": {}, "2D": {},
	"2F": {}, "34": {}, "38": {}, "39": {}, "3B": {}, "3D": {}, "3F": {}, "40": {}, "42": {}, "44": {}, "53": {}, "54": {},
	"55": {}, "57": {}, "58": {}, "72": {}, "F0": {}, "HV": {}, "P0": {}, "XX": {},
}

func epoch(seconds float64) time.Time { return time.UnixMilli(int64(seconds*1000 + 0.5)).UTC() }
