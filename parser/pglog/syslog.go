package pglog

import (
	"bytes"
	"slices"
	"time"
)

// syslogFramer puts together what the server gave to syslog: it cuts a
// message at its newlines, and lines at about 900 bytes, and numbers the
// chunks `[seq-chunk]`. A chunk that begins with a tab was a new line, one
// that begins with log_line_prefix and a label is a further part; any other
// goes on with the chunk before. Chunks can arrive out of order, and mixed
// with those of other processes.
type syslogFramer struct {
	clock    *clock
	inner    *stderrFramer
	until    time.Time
	open     []*syslogMessage
	ends     lineScan
	lines    int
	lost     bool // up to the next newline
	scratch  []byte
	unproven bool
}

// syslogMessage is a message whose chunks come in.
type syslogMessage struct {
	pid        int
	seq        int64
	start, end int64
	seen       int
	done       bool
	cut        bool
	head       syslogLine
	chunks     []syslogLine
}

// maxChunks is how many chunks a message may have: the server makes them of
// about 900 bytes, and maxRecord bytes are read.
const maxChunks = 20_000

func newSyslogFramer(o Options) *syslogFramer {
	return &syslogFramer{clock: newClock(o.Location), inner: newStderrFramer(o), until: o.Until, unproven: o.Unproven}
}

func (f *syslogFramer) pending() int64 {
	if len(f.open) > 0 {
		return f.open[0].start
	}
	return -1
}

func (f *syslogFramer) settle(emit func(*Framed)) {
	for _, m := range f.open {
		m.done = true
	}
	f.ready(emit)
}

func (f *syslogFramer) keep() {
	for _, m := range f.open {
		m.head.stamp = copyOf(m.head.stamp)
		for i := range m.chunks {
			if c := &m.chunks[i]; !c.kept {
				c.text, c.stamp, c.kept = bytes.Clone(c.text), "", true
			}
		}
	}
}

func (f *syslogFramer) skip() { f.lost = true }

func (f *syslogFramer) frame(buf []byte, base int64, end bool, emit func(*Framed)) (n int) {
	for i := f.ends.next(buf, n); i > 0; i = f.ends.next(buf, n) {
		f.line(buf[n:i], base+int64(n), emit)
		n, f.lost = i, false
	}
	if n < len(buf) && (end || len(buf)-n > maxRecord || f.lost) {
		f.line(buf[n:], base+int64(n), emit)
		n, f.ends.pos, f.lost = len(buf), 0, !end
	}
	return n
}

func (f *syslogFramer) line(raw []byte, start int64, emit func(*Framed)) {
	line := bytes.Trim(raw, "\x00\r\n")
	if f.lost || len(line) == 0 {
		return
	}
	f.lines++
	end := start + int64(len(raw))
	l, ok := parseSyslog(line)
	if !ok {
		m := &syslogMessage{start: start, end: end, seen: f.lines, done: true, pid: -1, chunks: []syslogLine{{text: line}}}
		f.open = append(f.open, m)
		f.ready(emit)
		return
	}
	if m := f.find(&l); m != nil {
		m.chunks = append(m.chunks, l)
		m.end, m.seen = end, f.lines
		f.ready(emit)
		return
	}
	for _, other := range f.open {
		other.done = other.done || other.pid == l.pid && (l.seq == 0 || other.seq < l.seq)
	}
	f.open = append(f.open, &syslogMessage{pid: l.pid, seq: l.seq, start: start, end: end, seen: f.lines, head: l, chunks: []syslogLine{l}})
	f.ready(emit)
}

// find is the open message that a chunk belongs to.
func (f *syslogFramer) find(l *syslogLine) *syslogMessage {
	for i := len(f.open) - 1; i >= 0; i-- {
		m := f.open[i]
		if m.pid != l.pid || m.done || m.seq != l.seq || len(m.chunks) >= maxChunks {
			continue
		}
		if l.seq != 0 { // a number that comes again is of another message
			if slices.ContainsFunc(m.chunks, func(c syslogLine) bool { return c.chunk == l.chunk && l.chunk == 1 }) {
				return nil
			}
			return m
		}
		if l.tabbed || !f.inner.prefix.match(view(l.text), &f.inner.match) || f.inner.match.part != partMessage {
			return m
		}
		return nil
	}
	return nil
}

// ready gives out the messages that are done, in the order in which they
// began.
func (f *syslogFramer) ready(emit func(*Framed)) {
	n := 0
	for ; n < len(f.open); n++ {
		m := f.open[n]
		if !m.done && f.lines-m.seen <= patience && len(f.open)-n <= maxOpen {
			break
		}
		f.finish(m, emit)
	}
	if n > 0 {
		f.open = f.open[:copy(f.open, f.open[n:])]
	}
}

// finish reads a message's lines as the text format does.
func (f *syslogFramer) finish(m *syslogMessage, emit func(*Framed)) {
	whole := func(r *Framed) {
		r.Start, r.End = m.start, m.end
		if r.PID == 0 {
			r.PID = max(m.pid, 0)
		}
		if r.Time.IsZero() {
			r.Time = m.head.time(f.clock, f.until)
		}
		r.Truncated = r.Truncated || m.cut
		emit(r)
	}
	if m.pid < 0 {
		r := Framed{Lines: 1}
		r.Message, r.Foreign, r.Forgeable = view(m.chunks[0].text), true, true
		r.clipAll()
		whole(&r)
		return
	}
	if m.seq != 0 {
		slices.SortStableFunc(m.chunks, func(a, b syslogLine) int { return a.chunk - b.chunk })
		m.cut = m.chunks[0].chunk != 1 || m.chunks[len(m.chunks)-1].chunk != len(m.chunks)
	}
	// The server numbers the lines it sends: what a name began is no message.
	f.inner.proves = m.seq != 0 && !m.cut && !f.unproven
	f.inner.doubt.before(nil)
	f.inner.feed(f.assemble(m), m.start, m.end, whole)
	f.inner.settle(whole)
}

// assemble undoes the cutting.
func (f *syslogFramer) assemble(m *syslogMessage) []byte {
	if len(m.chunks) == 1 && !bytes.Contains(m.chunks[0].text, []byte("#01")) {
		return m.chunks[0].text
	}
	out := f.scratch[:0]
	for i, c := range m.chunks {
		switch {
		case c.tabbed:
			out = append(out, "\n\t"...)
		case i > 0 && (m.seq == 0 || f.inner.prefix.match(view(c.text), &f.inner.match)):
			out = append(out, '\n')
		}
		// syslog_split_messages off: the daemon has escaped the newlines.
		rest := c.text
		for {
			at := bytes.Index(rest, []byte("#012"))
			if at < 0 {
				out = append(out, rest...)
				break
			}
			out = append(out, rest[:at]...)
			rest = rest[at+4:]
			if after, tab := bytes.CutPrefix(rest, []byte("#011")); tab {
				out, rest = append(out, "\n\t"...), after
			} else if f.inner.prefix.match(view(rest), &f.inner.match) {
				out = append(out, '\n')
			} else {
				out = append(out, "#012"...)
			}
		}
	}
	f.scratch = out
	return out
}
