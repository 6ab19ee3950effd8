package pglog

import (
	"bytes"
	"time"
)

// wrapped is what another program's log line holds of the server's.
type wrapped struct {
	text   []byte    // a line with log_line_prefix, or more of one; several lines are possible
	more   bool      // the line goes on in the next piece, without a newline
	time   time.Time // when the other program had it
	level  string    // the rest is known where it is kept apart from the text
	state  string
	detail string
	pid    int
}

// opener takes the server's text out of a line of another program's log. What
// it returns is valid until forget is called.
type opener interface {
	open(line []byte) (w wrapped, ok bool)
	forget()
}

// newOpener is what opens the lines of a format; nil if they are the server's
// own.
func newOpener(f Format, c *clock) opener {
	switch f {
	case CloudWatch, CRI:
		return timedOpener{c}
	case Docker, CloudSQL, Azure:
		return &objectOpener{clock: c}
	}
	return nil
}

// wrapFramer reads a text log that another program carries line by line.
type wrapFramer struct {
	opener opener
	inner  *stderrFramer
	ends   lineScan
	lost   bool
	more   bool
	object bool // the units are JSON objects, which may span lines
}

func newWrapFramer(f Format, o Options) *wrapFramer {
	inner := newStderrFramer(o)
	inner.loose = true
	return &wrapFramer{opener: newOpener(f, newClock(o.Location)), inner: inner, object: f == Docker || f == CloudSQL || f == Azure}
}

func (f *wrapFramer) settle(emit func(*Framed)) { f.inner.settle(emit) }
func (f *wrapFramer) pending() int64            { return f.inner.pending() }
func (f *wrapFramer) keep()                     { f.inner.keep(); f.opener.forget() }
func (f *wrapFramer) skip()                     { f.lost = true; f.inner.skip(); f.inner.long = false }

func (f *wrapFramer) frame(buf []byte, base int64, end bool, emit func(*Framed)) (n int) {
	if len(f.inner.open) == 0 {
		f.opener.forget()
	}
	for n < len(buf) {
		size, whole := f.unit(buf[n:])
		if !whole && !end && len(buf)-n <= maxRecord {
			break
		}
		if !whole {
			size = len(buf) - n
		}
		f.take(buf[n:n+size], base+int64(n), emit)
		f.lost = !whole && !end
		n, f.ends.pos = n+size, 0
	}
	return n
}

// unit is how long the line, or the object, at the beginning of buf is.
func (f *wrapFramer) unit(buf []byte) (size int, whole bool) {
	if f.object && !f.lost {
		return objectUnit(buf)
	}
	size = f.ends.next(buf, 0)
	return size, size > 0
}

func (f *wrapFramer) take(unit []byte, base int64, emit func(*Framed)) {
	end := base + int64(len(unit))
	line := bytes.TrimRight(unit, "\r\n")
	if f.lost || len(bytes.Trim(line, "\x00 \t[],")) == 0 {
		return
	}
	w, ok := f.opener.open(line)
	f.inner.long = f.more && ok
	f.more = ok && w.more
	var t *textRecord
	switch {
	case !ok:
		w.text = line
		f.inner.buf, f.inner.base, f.inner.emit = line, base, emit
		f.inner.lines++
		f.inner.foreign(0, len(line), end)
		f.inner.ready()
		return
	case w.level != "" && !f.inner.prefix.match(view(w.text), &f.inner.match):
		t = f.inner.plain(w.level, w.text, base, end, emit)
	default:
		t = f.inner.feed(w.text, base, end, emit)
	}
	if t != nil {
		w.fill(t)
	}
	if t != nil && t.done {
		f.inner.ready()
	}
	f.inner.long = false
}

// fill adds what the text did not say.
func (w *wrapped) fill(t *textRecord) {
	if t.Time.IsZero() {
		t.Time = w.time
	}
	if t.PID == 0 {
		t.PID = w.pid
	}
	if t.SQLState == "" {
		t.SQLState = w.state
	}
	if w.detail != "" && t.used&(1<<partDetail) == 0 {
		t.used |= 1 << partDetail
		t.texts[partDetail].take([]byte(w.detail), false)
	}
}

// timedOpener opens the lines of Amazon CloudWatch, which puts a time before
// each, and of Kubernetes' container runtimes, which also say the stream and
// whether the line is whole. Further lines of an event may come bare.
type timedOpener struct{ clock *clock }

func (o timedOpener) forget() {}

func (o timedOpener) open(line []byte) (wrapped, bool) {
	if !matchShape(line, "dddd-dd-ddTdd:dd:dd") {
		return wrapped{text: line}, true
	}
	stamp, rest, _ := bytes.Cut(line, []byte(" "))
	w := wrapped{text: rest, time: isoTime(view(stamp))}
	for _, stream := range [...]string{"stderr ", "stdout "} {
		if after, ok := bytes.CutPrefix(rest, []byte(stream)); ok && len(after) > 1 && after[1] == ' ' && (after[0] == 'F' || after[0] == 'P') {
			w.text, w.more = after[2:], after[0] == 'P'
		}
	}
	return w, true
}

// isoTime reads 2026-11-24T14:14:38.720Z; the zero time if it is none.
func isoTime(s string) time.Time {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
