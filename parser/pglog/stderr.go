package pglog

import (
	"bytes"
	"strings"
	"time"
)

// patience is how many lines of others a message may be interrupted by.
// The logging collector keeps messages whole; on a bare stderr, as in
// containers, those longer than a pipe's buffer can be mixed.
const patience = 64

// stderrFramer puts the lines of the text format together: a message, its
// DETAIL, HINT, QUERY, CONTEXT, LOCATION and STATEMENT, each with a prefix of
// its own, and lines that begin with a tab, which go on with the text before.
type stderrFramer struct {
	prefix *prefix
	open   []*textRecord // in the order in which they began
	last   *textRecord   // what a line without prefix goes on with
	lines  int
	pos    int // bytes scanned without a newline
	long   bool
	crlf   bool // written on Windows: every line ends in \r\n
	match  prefixMatch
}

// textRecord is a message that may go on.
type textRecord struct {
	Framed
	key   string
	seen  int // its last line
	done  bool
	part  part
	texts [partStatement + 1]strings.Builder
}

func newStderrFramer(o Options) *stderrFramer {
	return &stderrFramer{prefix: parsePrefix(o.Prefix, newClock(o.Location))}
}

func (f *stderrFramer) pending() int64 {
	if len(f.open) > 0 {
		return f.open[0].Start
	}
	return -1
}

func (f *stderrFramer) settle() []Framed {
	for _, t := range f.open {
		t.done = true
	}
	f.last = nil
	return f.ready(nil)
}

func (f *stderrFramer) frame(buf []byte, base int64, end bool) (out []Framed, n int) {
	for {
		i := bytes.IndexByte(buf[n+f.pos:], '\n')
		if i < 0 {
			f.pos = len(buf) - n
			break
		}
		i += n + f.pos + 1
		out = f.line(out, buf[n:i], base+int64(n))
		n, f.pos, f.long = i, 0, false
	}
	if n < len(buf) && (end || len(buf)-n > maxRecord || f.long) {
		out = f.line(out, buf[n:], base+int64(n))
		if f.last != nil {
			f.last.Truncated = f.last.Truncated || !end
		}
		n, f.pos, f.long = len(buf), 0, !end
	}
	return out, n
}

// line takes one line, or the next piece of one that is too long.
func (f *stderrFramer) line(out []Framed, raw []byte, base int64) []Framed {
	f.lines++
	end := base + int64(len(raw))
	text := strings.TrimSuffix(string(raw), "\n")
	if f.lines == 1 {
		f.crlf = strings.HasSuffix(text, "\r")
	}
	if f.crlf {
		text = strings.TrimSuffix(text, "\r")
	}
	switch {
	case f.long:
		f.append(text, end)
		return out
	case strings.HasPrefix(text, "\t") && f.last != nil:
		f.append("\n"+text[1:], end)
		return out
	case strings.Trim(text, "\x00\r") == "":
		return out
	case !f.prefix.match(text, &f.match):
		f.foreign(text, base, end)
	case f.match.part == partMessage:
		f.begin(base, end)
	default:
		f.further(base, end)
	}
	return f.ready(out)
}

// append goes on with the last text.
func (f *stderrFramer) append(text string, end int64) {
	t := f.last
	if t == nil {
		return
	}
	t.End, t.seen = end, f.lines
	if b := &t.texts[t.part]; b.Len() <= MaxText {
		b.WriteString(text)
	}
}

// begin starts a message and ends the one before of the same process.
func (f *stderrFramer) begin(base, end int64) {
	t := f.start(base, end)
	t.Lines = 1
	f.match.fill(&t.Record)
	t.Severity, t.key = f.match.level, f.match.key()
	t.part = partMessage
	text := f.match.text
	if state, rest, ok := verboseState(text); ok {
		t.SQLState, text = state, rest
	}
	t.texts[partMessage].WriteString(text)
	for _, other := range f.open[:len(f.open)-1] {
		other.done = other.done || !f.prefix.keyed || other.key == t.key
	}
}

// further adds a part to the open message of its process.
func (f *stderrFramer) further(base, end int64) {
	key := f.match.key()
	for i := len(f.open) - 1; i >= 0; i-- {
		if t := f.open[i]; !t.done && t.key == key {
			t.part, f.last = f.match.part, t
			t.Lines++
			f.append(f.match.text, end)
			return
		}
	}
	t := f.start(base, end) // its message stood before the beginning
	f.match.fill(&t.Record)
	t.key, t.part, t.Truncated = key, f.match.part, true
	t.texts[t.part].WriteString(f.match.text)
}

// foreign keeps a line that the server's logger did not write: the output of
// an archive_command, the dynamic linker, a crash of the collector.
func (f *stderrFramer) foreign(text string, base, end int64) {
	t := f.start(base, end)
	t.Foreign, t.part, t.done = true, partMessage, true
	t.texts[partMessage].WriteString(text)
}

func (f *stderrFramer) start(base, end int64) *textRecord {
	t := &textRecord{Framed: Framed{Start: base, End: end}, seen: f.lines}
	t.Forgeable = true
	f.open = append(f.open, t)
	f.last = t
	return t
}

// ready gives out the messages that are done, in the order in which they
// began, so that Pending is exact.
func (f *stderrFramer) ready(out []Framed) []Framed {
	for len(f.open) > 0 {
		t := f.open[0]
		if !t.done && f.lines-t.seen <= patience {
			break
		}
		if t == f.last && f.long {
			break
		}
		if t == f.last && !t.Foreign {
			f.last = nil
		}
		out = append(out, t.finish())
		f.open = f.open[1:]
	}
	return out
}

func (t *textRecord) finish() Framed {
	r := &t.Record
	text := func(p part) string { return t.texts[p].String() }
	r.Message, r.Detail, r.Hint, r.Query = text(partMessage), text(partDetail), text(partHint), text(partQuery)
	r.Context, r.Location, r.Statement = text(partContext), text(partLocation), text(partStatement)
	if !r.Foreign {
		r.Message, r.Position = cutPosition(r.Message)
	}
	r.clipAll()
	return t.Framed
}

// verboseState reads the SQLSTATE that log_error_verbosity = verbose puts
// before a message.
func verboseState(text string) (state, rest string, ok bool) {
	if len(text) < 7 || text[5:7] != ": " {
		return "", "", false
	}
	state = text[:5]
	for _, c := range state {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "", "", false
		}
	}
	if _, known := stateClasses[state[:2]]; !known {
		return "", "", false
	}
	return state, text[7:], true
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
