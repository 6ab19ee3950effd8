package pglog

import (
	"bytes"
	"math"
	"strings"
)

// patience is how many lines of others a message may be interrupted by.
// The logging collector keeps messages whole; on a bare stderr, as in
// containers, those longer than a pipe's buffer can be mixed.
const patience = 64

// maxOpen is how many messages are held at once. Who goes on with one for
// ever, line by line, holds up no more than that.
const maxOpen = 2 * patience

// stderrFramer puts the lines of the text format together: a message, its
// DETAIL, HINT, QUERY, CONTEXT, LOCATION and STATEMENT, each with a prefix of
// its own, and lines that begin with a tab, which go on with the text before.
type stderrFramer struct {
	prefix *prefix
	open   []*textRecord // in the order in which they began
	spare  []*textRecord
	last   *textRecord // what a line without prefix goes on with
	lines  int
	ends   lineScan
	long   bool
	lost   bool // lines with a tab go on with what was given out already
	loose  bool // a line without prefix goes on with the one before, whatever it begins with
	crlf   bool // written on Windows: every line ends in \r\n
	match  prefixMatch
	doubt  doubt
	proves bool  // the lines are as the server wrote them: it is known what cannot be forged
	at     int64 // the end of the line at hand

	buf  []byte // what frame was given, at offset base
	base int64
	emit func(*Framed)
}

func newStderrFramer(o Options) *stderrFramer {
	p := parsePrefix(o.Prefix, newClock(o.Location))
	return &stderrFramer{prefix: p, doubt: newDoubt(p, o)}
}

func (f *stderrFramer) pending() int64 {
	if len(f.open) > 0 {
		return f.open[0].Start
	}
	return -1
}

func (f *stderrFramer) settle(emit func(*Framed)) {
	f.emit = emit
	for _, t := range f.open {
		t.done = true
	}
	f.last, f.at = nil, math.MaxInt64
	f.ready()
}

func (f *stderrFramer) keep() {
	for _, t := range f.open {
		t.keep()
	}
}

func (f *stderrFramer) skip() { f.long, f.lost, f.last = true, true, nil }

func (f *stderrFramer) frame(buf []byte, base int64, end bool, emit func(*Framed)) (n int) {
	f.buf, f.base, f.emit = buf, base, emit
	for i := f.ends.next(buf, n); i > 0; i = f.ends.next(buf, n) {
		f.line(n, i-1, base+int64(i))
		n, f.long = i, false
	}
	if n < len(buf) && (end || len(buf)-n > maxRecord || f.long) {
		f.line(n, len(buf), base+int64(len(buf)))
		if f.last != nil {
			f.last.Truncated = f.last.Truncated || !end
		}
		n, f.ends.pos, f.long = len(buf), 0, !end
	}
	f.doubt.remember(buf[:n])
	return n
}

// feed takes a text that stood inside of a line of another format, [start,
// end) of the file, and returns the record that it begins or goes on with. The
// text must stay as it is until the record is given out or kept.
func (f *stderrFramer) feed(text []byte, start, end int64, emit func(*Framed)) *textRecord {
	f.buf, f.base, f.emit = text, start, emit
	for from := 0; ; f.long = false {
		n := bytes.IndexByte(text[from:], '\n')
		if n < 0 {
			f.line(from, len(text), end)
			return f.last
		}
		f.line(from, from+n, end)
		if from += n + 1; from == len(text) { // it ended in a newline
			return f.last
		}
	}
}

// plain takes a message whose level stood apart from it.
func (f *stderrFramer) plain(level string, text []byte, start, end int64, emit func(*Framed)) *textRecord {
	f.buf, f.base, f.emit = text, start, emit
	f.lines++
	t := f.start(0, end)
	t.Lines, t.Severity, t.key, t.done = 1, level, noKey, true
	t.begin(partMessage, f, 0, len(text))
	f.last = nil
	return t
}

// line takes one line, the bytes [from, to) of the buffer, or the next piece
// of one that is too long. With its newline it ends at an offset of the file.
func (f *stderrFramer) line(from, to int, end int64) {
	f.lines++
	f.at = end
	if f.lines == 1 {
		f.crlf = to > from && f.buf[to-1] == '\r'
	}
	if f.crlf && to > from && f.buf[to-1] == '\r' {
		to--
	}
	if f.long {
		f.append(from, to, end)
		f.doubt.midway = false
		return
	}
	for from < to && f.buf[from] == 0 { // a file system's zeros after a crash
		from++
	}
	at := f.second(from, to)
	if at > from {
		f.read(from, at, f.base+int64(at))
		if f.last != nil {
			f.last.Truncated = true
		}
	}
	whole, matched := f.read(max(from, at), to, end)
	if f.proves {
		f.judge(from, to, matched, at > from)
	}
	if whole {
		f.lost = false
		f.ready()
	}
}

// read takes a line as what it is: whole with a prefix, or as a foreign one,
// or as more of the one before.
func (f *stderrFramer) read(from, to int, end int64) (whole, matched bool) {
	text := view(f.buf[from:to])
	switch {
	case text != "" && text[0] == '\t' && f.last != nil:
		f.append(from+1, to, end)
		return false, false
	case f.loose && text != "" && f.last != nil && !f.prefix.match(text, &f.match):
		f.append(from, to, end)
		return false, false
	case text != "" && text[0] == '\t' && f.lost, text == "", text[0] == '\r' && strings.Trim(text, "\r") == "":
		return false, false
	case !f.prefix.match(text, &f.match):
		f.foreign(from, to, end)
		return true, false
	case f.match.part == partMessage:
		f.begin(from, to, end)
	default:
		f.further(from, to, end)
	}
	return true, true
}

// second is where in a line an intact record begins behind one that was cut
// without a newline, or -1: a whole prefix with a time and a process, that
// does not stand in quotes.
func (f *stderrFramer) second(from, to int) int {
	known := f.prefix.clock.second
	if !f.prefix.keyed || known == "" {
		return -1
	}
	text := view(f.buf[from:to])
	const year = len("2026")
	for dash := year + 1; dash < len(text); dash++ {
		i := strings.IndexByte(text[dash:], '-') // rarer than what a year begins with
		if i < 0 {
			return -1
		}
		dash += i
		at := dash - year
		if text[at:dash] == known[:year] && matchShape(text[at:], "dddd-dd-dd dd:dd:dd") && strings.Count(text[:at], "'")%2 == 0 && f.prefix.match(text[at:], &f.match) {
			return from + at
		}
	}
	return -1
}

// append goes on with the last text.
func (f *stderrFramer) append(from, to int, end int64) {
	if t := f.last; t != nil {
		t.goOn(f, from, to, !f.long)
		t.End, t.seen = end, f.lines
	}
}

// begin starts a message and ends the one before of the same process.
func (f *stderrFramer) begin(from, to int, end int64) {
	t := f.start(from, end)
	t.Lines = 1
	f.match.fill(&t.Record)
	t.Severity, t.key = f.match.level, f.match.keyOf(t.PID)
	text := f.match.text
	if state, rest, ok := verboseState(text); ok {
		t.SQLState, text = state, rest
	}
	t.begin(partMessage, f, to-len(text), to)
	for i := len(f.open) - 2; i >= 0; i-- {
		if other := f.open[i]; other.key == t.key {
			other.done = true
			return
		}
	}
}

// further adds a part to the open message of its process.
func (f *stderrFramer) further(from, to int, end int64) {
	key := f.match.key()
	for i := len(f.open) - 1; i >= 0; i-- {
		if t := f.open[i]; !t.done && t.key == key {
			f.last = t
			t.Lines++
			t.begin(f.match.part, f, to-len(f.match.text), to)
			t.End, t.seen = end, f.lines
			return
		}
	}
	t := f.start(from, end) // its message stood before the beginning, or came too early
	t.Lines = 1
	f.match.fill(&t.Record)
	t.key, t.Truncated, t.Forgeable = key, true, true
	t.begin(f.match.part, f, to-len(f.match.text), to)
}

// foreign keeps a line that the server's logger did not write: the output of
// an archive_command, the dynamic linker, a crash of the collector.
func (f *stderrFramer) foreign(from, to int, end int64) {
	t := f.start(from, end)
	t.Foreign, t.Forgeable, t.done, t.key = true, true, true, noKey
	t.begin(partMessage, f, from, to)
}

// noKey is the key of no process.
const noKey = ^uint64(0)

func (f *stderrFramer) start(from int, end int64) *textRecord {
	var t *textRecord
	if n := len(f.spare); n > 0 {
		t, f.spare = f.spare[n-1], f.spare[:n-1]
		t.reset()
	} else {
		t = new(textRecord)
	}
	t.Start, t.End, t.first, t.seen, t.Forgeable = f.base+int64(from), end, end, f.lines, !f.proves
	f.open = append(f.open, t)
	f.last = t
	return t
}

// ready gives out the messages that are done, in the order in which they
// began, so that Pending is exact.
func (f *stderrFramer) ready() {
	n := 0
	for n < len(f.open) {
		t := f.open[n]
		if !t.done && f.lines-t.seen <= patience && len(f.open)-n <= maxOpen {
			break
		}
		if t == f.last && f.long || f.proves && f.at-t.first <= int64(f.doubt.reach) { // what comes may cast doubt on it
			break
		}
		if t == f.last && !t.Foreign {
			f.last = nil
		}
		t.finish()
		f.emit(&t.Framed)
		n++
		if t != f.last { // a foreign line can still get more of it, which is dropped
			f.spare = append(f.spare, t)
		}
	}
	if n > 0 {
		f.open = f.open[:copy(f.open, f.open[n:])]
	}
}
