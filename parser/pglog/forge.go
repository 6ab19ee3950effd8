package pglog

import (
	"bytes"
	"strings"
)

// What a client can forge in the text format.
//
// Behind a newline in a text (message, DETAIL, STATEMENT, …) the server writes
// a tab, so a text begins no line. log_line_prefix is written as it is: a user
// or a database may be called anything, by anybody, before any authentication,
// and a newline in the name starts a line that looks like the server's. An
// application_name cannot have one, but like the other two it can hold
// `ERROR:  `, and end the prefix too early. The server cuts all three to 63
// bytes. (Seen on 13 to 18. A server compiled with a larger NAMEDATALEN is not
// thought of.)
//
// So a line cannot be forged if it has no other reading: one in which the line
// itself, or some lines before together with it, are the beginning of one
// line, and what looks like a prefix and a level stands inside of a name. A
// log_line_prefix without %u, %d and %a leaves no room for any.
//
// This holds for a file that the logging collector or the server itself
// writes. Through a pipe long messages of two processes can be mixed, and a
// text then goes on at the beginning of a line: what containers and hosts wrap
// around the lines stays forgeable.

// judge notes what a client could have written: the line at hand, and what
// was read of the lines of which it may be the end. What looks like a second
// record in one line may be a text that holds it.
func (f *stderrFramer) judge(from, to int, matched, two bool) {
	m := &f.match
	if !matched || two {
		m = nil
	}
	forged, back := f.doubt.of(f.prefix, m, f.buf, from, to, f.base+int64(from))
	if f.doubt.midway || f.crlf && f.doubt.names > 0 { // with \r\n for each newline a name is longer
		forged = true
	}
	f.doubt.midway = false
	if !forged && !two {
		return
	}
	first := f.base + int64(from-back)
	for _, t := range f.open {
		t.Forgeable = t.Forgeable || t.Start >= first
	}
	if f.last != nil {
		f.last.Forgeable = true
	}
}

// peek looks at what stands behind the last line, for the doubt that it casts
// on what is still open.
func (f *stderrFramer) peek(after []byte) {
	if !f.proves || f.doubt.names == 0 {
		return
	}
	f.buf = append(bytes.Clone(f.doubt.history), after...)
	at := len(f.buf) - len(after)
	f.base = f.at - int64(at)
	f.doubt.history = nil
	for from := at; from < len(f.buf) && from-at <= f.doubt.reach; {
		to := len(f.buf)
		if n := bytes.IndexByte(f.buf[from:], '\n'); n >= 0 {
			to = from + n
		}
		f.last = nil
		f.judge(from, to, f.buf[from] != '\t' && f.prefix.match(view(f.buf[from:to]), &f.match), false)
		from = to + 1
	}
}

// nameLimit is how long a name can be: NAMEDATALEN less one.
const nameLimit = 63

// names are the escapes whose value a client chooses.
const names = "uda"

func isName(escape byte) bool { return escape != 0 && strings.IndexByte(names, escape) >= 0 }

// historySize is how many bytes before a line are looked at: more than a
// prefix and its names have.
const historySize = 1 << 10

// doubt finds the lines of a text log that a client could have written.
type doubt struct {
	names   int   // how many of the prefix's values are a client's
	reach   int   // how many bytes they have at the most, with what stands between
	began   int64 // where reading began
	known   bool  // the bytes before are known
	midway  bool  // the first line may not be a whole one
	history []byte
	room    int // how many bytes of the line before are of names at the least, if any; less than 0: there is none
	joined  []byte
	guessed bool  // what the prefix says is a name of one kind may be one of another
	left    []int // by part of the prefix: how many bytes it and those behind it have at the most
}

func newDoubt(p *prefix, o Options) doubt {
	d := doubt{began: o.Offset, known: o.Offset == 0, midway: o.Offset > 0, room: -1, guessed: o.Guessed}
	d.left = make([]int, len(p.parts)+1)
	first, last := 0, 0 // of the names
	for i := len(p.parts) - 1; i >= 0; i-- {
		size := hostLimit
		switch part := &p.parts[i]; {
		case isName(part.escape):
			size, first = nameLimit, i
			if d.names++; d.names == 1 {
				last = i
			}
			if part.padded {
				size = historySize
			}
		case part.escape == 0:
			size = len(part.literal)
		}
		d.left[i] = d.left[i+1] + size
	}
	if d.names > 0 {
		d.reach = d.left[first] - d.left[last+1]
	}
	return d
}

// hostLimit is how long any other value of a prefix can be. The longest are
// the names of hosts.
const hostLimit = 255

// before tells what stands before the first line.
func (d *doubt) before(p []byte) {
	d.known, d.room, d.history = true, 0, d.history[:0]
	d.midway = len(p) > 0 && p[len(p)-1] != '\n'
	d.remember(p)
}

// remember keeps what was read.
func (d *doubt) remember(p []byte) {
	if d.names == 0 {
		return
	}
	if len(p) < historySize {
		d.history = append(d.history, p...)
		p = d.history
	}
	p = p[max(0, len(p)-historySize):]
	d.history = append(d.history[:0], p...)
}

// of says whether the line buf[from:to] could be forged, alone or with the
// lines before, and how many bytes before it the first of these begins. m is
// how it was read, nil if as no line of the server's.
func (d *doubt) of(p *prefix, m *prefixMatch, buf []byte, from, to int, offset int64) (forged bool, back int) {
	if d.names == 0 {
		return false, 0
	}
	line := view(buf[from:to])
	room, at := d.room, 0
	switch {
	case m != nil:
		at = max(0, m.at)
		d.room = len(line) - at
	case line != "" && line[0] == '\t':
		d.room = len(line)
	default: // it may end inside of a name's beginning
		d.room = 0
	}
	if !d.known && offset-d.began < int64(d.reach) {
		return true, 0
	}
	if room >= 0 && room+1+at <= d.reach {
		if forged, back := d.together(p, buf, from, to); forged {
			return true, back
		}
	}
	return m != nil && d.wordIn(line, at, len(line)-len(m.text)) && d.otherwise(p, line, len(line)-len(m.text)), 0
}

// wordIn says that a word that may be a level or a label ends in a line
// behind the one that was read, within what names can be long.
func (d *doubt) wordIn(line string, at, word int) bool {
	end := min(len(line), at+d.reach+64)
	for i := word; i < end; i++ {
		colon := strings.IndexByte(line[i:end], ':')
		if colon < 0 {
			return false
		}
		i += colon
		if c := line[max(0, i-1)]; c >= 'A' && c <= 'Z' || c == ' ' || c >= 0x80 {
			return true
		}
	}
	return false
}

// together says that lines before this one can be its beginning, and where
// the farthest of them begins.
func (d *doubt) together(p *prefix, buf []byte, from, to int) (forged bool, back int) {
	text := buf[max(0, from-historySize):to]
	if from < historySize { // a part was read before
		h := d.history[max(0, len(d.history)-(historySize-from)):]
		d.joined = append(append(d.joined[:0], h...), buf[:to]...)
		text = d.joined
	}
	start := len(text) - (to - from)
	for end := start - 1; end > 0 && start-end <= d.reach+1; {
		begin := bytes.LastIndexByte(text[:end], '\n') + 1
		if begin == 0 && len(text)-(to-from) >= historySize {
			break // no prefix is as long
		}
		if d.otherwise(p, view(text[begin:]), start-begin) {
			forged, back = true, start-begin
		}
		end = begin - 1
	}
	return forged, back
}

// otherwise says that a text can be read as the beginning of one line whose
// word, a level or a label, does not begin before an offset.
func (d *doubt) otherwise(p *prefix, text string, offset int) bool {
	o := other{prefix: p, doubt: d, last: len(text) - offset}
	return o.from(0, text)
}

// other looks for another reading.
type other struct {
	*prefix
	*doubt
	last  int // how much of the text may be left, at the most, where the word begins
	steps int
}

func (o *other) from(i int, s string) bool {
	if o.steps++; o.steps > stepLimit {
		return true
	}
	if len(s)-o.left[i] > o.last { // the word would come too early
		return false
	}
	if i == len(o.parts) {
		_, _, _, ok := label(s)
		return ok && len(s) <= o.last
	}
	part := &o.parts[i]
	switch {
	case part.escape == 0:
		rest, ok := strings.CutPrefix(s, part.literal)
		return ok && o.from(i+1, rest)
	case part.escape == 'q':
		return o.from(len(o.parts), s) || o.from(i+1, s)
	case isName(part.escape):
		return o.name(i, s)
	}
	pad := 0
	if part.padded {
		pad = len(s) - len(strings.TrimLeft(s, " "))
	}
	if n, fixed := shape(part.escape, s[pad:]); fixed {
		if n < 0 {
			return false
		}
		rest := s[pad+n:]
		return o.from(i+1, rest) || part.padded && o.from(i+1, strings.TrimLeft(rest, " "))
	}
	return o.free(i, s, hostLimit, false)
}

// name tries what a name can be.
func (o *other) name(i int, s string) bool {
	part, limit := &o.parts[i], nameLimit
	if part.padded {
		limit = historySize
	}
	return o.free(i, s, limit, part.escape != 'a' || o.guessed)
}

// free tries the texts that a value can be, up to a length.
func (o *other) free(i int, s string, limit int, newlines bool) bool {
	next := o.parts[i].next
	s0 := s[:min(len(s), limit+len(next))]
	if n := strings.IndexByte(s0, '\n'); n >= 0 && !newlines {
		s0 = s0[:min(len(s0), n+len(next))]
	}
	for n := 0; n+len(next) <= len(s0); n++ {
		if next != "" {
			skip := strings.Index(s0[n:], next)
			if skip < 0 {
				return false
			}
			n += skip
		}
		if o.from(i+1, s[n:]) {
			return true
		}
	}
	return false
}
