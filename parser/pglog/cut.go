package pglog

import "bytes"

// cutter says where a log can be cut so that both sides can be read apart:
// no record is on both.
type cutter interface {
	// cut is the last such place in buf, which begins at one; 0 if there is
	// none in it.
	cut(buf []byte) int
}

// newCutter makes the cutter that goes with a format's framer.
func newCutter(f Format, o Options) cutter {
	switch f {
	case CSV:
		return &csvCutter{csvFramer{clock: newClock(o.Location)}}
	case JSON, CNPG:
		return jsonCutter{}
	}
	c := &textCutter{framer: newStderrFramer(o), opener: newOpener(f, newClock(o.Location))}
	if f == Syslog {
		c.syslog = map[uint64]int{}
	}
	return c
}

// jsonCutter: a text's newlines are escaped, so every newline ends a record.
type jsonCutter struct{}

func (jsonCutter) cut(buf []byte) int { return bytes.LastIndexByte(buf, '\n') + 1 }

// csvCutter looks for the last record that is intact as a whole. Where one
// begins cannot be mistaken: what a client has logged is inside quotes, its
// own quotes are doubled, and the column before the end is the name of a
// process type in quotes of its own; seen from inside a text, as if quotes
// were swapped, a client could write no such column.
type csvCutter struct{ csvFramer }

func (c *csvCutter) cut(buf []byte) int {
	for end := len(buf); ; {
		at := bytes.LastIndexByte(buf[:end], '\n')
		if at < 0 {
			return 0
		}
		if isStamp(buf[at+1:]) {
			c.reset(at + 1)
			if next := c.intact(buf, at+1); next > 0 && c.certain(buf) {
				return at + 1
			}
		}
		end = at
	}
}

// certain says that the record has a process type, as all have since 13. Seen
// with quotes swapped, what stands between two quotes begins with a comma.
func (c *csvCutter) certain(buf []byte) bool {
	if len(c.fields) < 24 {
		return len(c.fields) == 23
	}
	kind := c.fields[23]
	return kind.quoted && !kind.escaped && kind.end > kind.start && buf[kind.start] != ','
}

// textCutter looks for the begin of a message behind which no line goes on
// with a message before it. As a message waits for at most patience lines,
// that many lines behind the place are looked at.
type textCutter struct {
	framer *stderrFramer
	opener opener         // of another program's lines
	syslog map[uint64]int // by message, its first line
	lines  []cutLine
}

type cutLine struct {
	at   int
	key  uint64
	kind part // partMessage, partDetail for any further part, partNone
}

// window is how many bytes before the end are looked at first.
const window = 16 << 10

func (c *textCutter) cut(buf []byte) int {
	for size := window; ; size *= 4 {
		from := max(0, len(buf)-size)
		if from > 0 {
			from += bytes.IndexByte(buf[from:], '\n') + 1
		}
		c.read(buf, from)
		if at := c.quiet(); at > 0 {
			return at
		}
		if len(buf) <= size {
			return 0
		}
	}
}

// read tells what each line is.
func (c *textCutter) read(buf []byte, from int) {
	c.lines = c.lines[:0]
	clear(c.syslog)
	key := noKey
	for from < len(buf) {
		n := bytes.IndexByte(buf[from:], '\n')
		if n < 0 {
			return
		}
		l := cutLine{at: from, kind: partNone, key: noKey}
		if line := buf[from : from+n]; c.syslog != nil {
			c.chunk(line, &l)
		} else {
			key = c.text(line, &l, key)
		}
		c.lines = append(c.lines, l)
		from += n + 1
	}
}

// text tells what a line of the text format is, behind one of a process.
func (c *textCutter) text(line []byte, l *cutLine, last uint64) uint64 {
	if c.opener != nil {
		if bytes.HasSuffix(line, []byte("{")) && len(line) < 4 { // an object that spans lines begins
			l.kind, l.key = partMessage, 0
			return noKey
		}
		c.opener.forget()
		w, ok := c.opener.open(line)
		if !ok {
			return noKey
		}
		line, _, _ = bytes.Cut(w.text, []byte("\n"))
	}
	m := &c.framer.match
	switch {
	case len(line) > 0 && line[0] == '\t':
		l.kind, l.key = partDetail, last
	case c.framer.prefix.match(view(line), m):
		l.key = m.key()
		if l.kind = partDetail; m.part == partMessage {
			l.kind = partMessage
		}
	case c.opener != nil:
		l.kind, l.key = partDetail, last
	}
	return l.key
}

// chunk tells what a line of syslog is. The first that came of a message
// begins it, whatever its number.
func (c *textCutter) chunk(line []byte, l *cutLine) {
	s, ok := parseSyslog(bytes.Trim(line, "\x00\r"))
	if !ok {
		return
	}
	l.key, l.kind = uint64(s.pid)<<32|uint64(s.seq)&0xffffffff, partDetail
	if s.seq == 0 {
		if m := &c.framer.match; !s.tabbed && c.framer.prefix.match(view(s.text), m) && m.part == partMessage {
			l.kind = partMessage
		}
		return
	}
	first, known := c.syslog[l.key]
	switch {
	case !known:
		c.syslog[l.key] = len(c.lines)
		if s.chunk == 1 {
			l.kind = partMessage
		}
	case s.chunk == 1:
		c.lines[first].kind = partMessage
	}
}

// quiet walks back from the end. A line that goes on with a message wants
// that message to be on its side of the cut, or to be further away than a
// message waits.
func (c *textCutter) quiet() int {
	wants := map[uint64]int{} // by key, the first line that goes on
	for i := len(c.lines) - 1; i >= 0; i-- {
		l := c.lines[i]
		switch l.kind {
		case partDetail:
			if l.key != noKey {
				wants[l.key] = i
			}
		case partMessage:
			delete(wants, l.key)
			if len(c.lines)-i <= patience {
				continue
			}
			for key, first := range wants {
				if first-i > patience {
					delete(wants, key)
				}
			}
			if len(wants) == 0 {
				return l.at
			}
		}
	}
	return 0
}
