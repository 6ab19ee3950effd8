package pglog

import "bytes"

// csvFramer finds the records of a csvlog. The server quotes every text it
// writes and doubles the quotes inside, so a quote that is followed by
// neither a quote, a comma nor the line's end cannot stand in an intact
// record: there, or where the number of columns is wrong, an earlier record
// was cut (a crash, a full disk), and the intact one begins at the last time
// stamp before. A client cannot fake this, its quotes are always doubled.
type csvFramer struct {
	clock  *clock
	pos    int // bytes scanned
	state  csvState
	fields []csvField
	field  csvField
	lost   bool // inside the rest of a record that was given out already

	out     Framed
	scratch []byte // for texts with doubled quotes
	given   func(*Framed)
}

type csvField struct {
	start, end      int
	quoted, escaped bool
}

type csvState int

const (
	csvFieldStart csvState = iota
	csvUnquoted
	csvQuoted
	csvQuoteSeen
	csvLost // looking for the next line
)

func (f *csvFramer) settle(func(*Framed)) {}
func (f *csvFramer) pending() int64       { return -1 }
func (f *csvFramer) keep()                {}
func (f *csvFramer) skip()                { f.lost = true }

func (f *csvFramer) reset(pos int) {
	f.pos, f.state, f.fields, f.field = pos, csvFieldStart, f.fields[:0], csvField{start: pos}
}

func (f *csvFramer) frame(buf []byte, base int64, end bool, emit func(*Framed)) (n int) {
	f.given = emit
	start := 0 // of the current record
	for f.pos < len(buf) {
		if f.pos == start && f.state == csvFieldStart && len(f.fields) == 0 && !f.lost {
			if next := f.intact(buf, start); next > 0 {
				f.emit(buf, base, start, next, false)
				start = next
				f.reset(start)
				continue
			}
			f.reset(start)
		}
		done, broken := f.step(buf)
		if broken && !end && buf[f.pos] != '\n' && len(buf)-f.pos < stampLen {
			break // not enough to see what comes
		}
		switch {
		case broken:
			cut := f.resync(buf, start)
			if buf[f.pos] != '\n' {
				f.endField(cut)
			}
			if cut < 0 { // no intact record in sight
				cut = f.pos + 1
				if buf[f.pos] != '\n' {
					f.state, f.pos = csvLost, cut
					continue
				}
			}
			f.emit(buf, base, start, cut, true)
			start = cut
			f.lost = false
			f.reset(cut)
		case done:
			f.emit(buf, base, start, f.pos, f.state == csvLost)
			start = f.pos
			f.lost = false
			f.reset(start)
		}
	}
	switch {
	case end && start < len(buf):
		f.endField(-1)
		f.emit(buf, base, start, len(buf), !f.whole(buf))
		start = len(buf)
		f.lost = false
		f.reset(start)
	case f.lost || len(buf)-start > maxRecord:
		if !f.lost {
			f.endField(-1)
			f.emit(buf, base, start, len(buf), true)
		}
		// A time stamp may be split between two reads: keep its beginning.
		keep := max(start, len(buf)-stampLen)
		f.lost, f.fields = true, f.fields[:0]
		f.field.start = keep
		start = keep
	}
	f.shift(start)
	return start
}

// shift moves all positions when the first n bytes go away.
func (f *csvFramer) shift(n int) {
	f.pos -= n
	f.field.start = max(0, f.field.start-n)
	for i := range f.fields {
		f.fields[i].start -= n
		f.fields[i].end -= n
	}
}

// intact takes the record at start in one go, if it is intact, and returns
// where the next one begins; 0 leaves it to step.
func (f *csvFramer) intact(buf []byte, start int) (next int) {
	f.state = csvFieldStart
	for i := start; i < len(buf) && len(f.fields) <= 26; i++ {
		field := csvField{start: i}
		if buf[i] != '"' {
			for i < len(buf) && buf[i] != ',' && buf[i] != '\n' && buf[i] != '"' {
				i++
			}
			field.end = i
		} else {
			field.start, field.quoted = i+1, true
			for i++; ; i++ {
				quote := bytes.IndexByte(buf[i:], '"')
				if quote < 0 {
					return 0
				}
				if i += quote + 1; i == len(buf) || buf[i] != '"' {
					break
				}
				field.escaped = true
			}
			field.end = i - 1
		}
		if i >= len(buf) || buf[i] != ',' && buf[i] != '\n' {
			return 0
		}
		if f.fields = append(f.fields, field); buf[i] == '\n' {
			if !f.whole(buf) {
				return 0
			}
			return i + 1
		}
	}
	return 0
}

// step scans up to the next byte that means something. It says that a record
// is done, with pos after it, or that the byte at pos cannot stand there.
func (f *csvFramer) step(buf []byte) (done, broken bool) {
	c := buf[f.pos]
	switch f.state {
	case csvFieldStart:
		if c == '"' {
			f.state = csvQuoted
			f.field = csvField{start: f.pos + 1, quoted: true}
			f.pos++
			return false, false
		}
		f.state = csvUnquoted
		f.field = csvField{start: f.pos}
		return false, false
	case csvUnquoted:
		i := bytes.IndexAny(buf[f.pos:], ",\"\n")
		if i < 0 {
			f.pos = len(buf)
			return false, false
		}
		f.pos += i
		return f.afterField(buf, f.pos)
	case csvQuoted:
		i := bytes.IndexByte(buf[f.pos:], '"')
		if i < 0 {
			f.pos = len(buf)
			return false, false
		}
		f.pos += i + 1
		f.state = csvQuoteSeen
		return false, false
	case csvQuoteSeen:
		switch c {
		case '"':
			f.state = csvQuoted
			f.field.escaped = true
			f.pos++
			return false, false
		case '\r':
			f.pos++
			return false, false
		}
		return f.afterField(buf, bytes.LastIndexByte(buf[:f.pos], '"'))
	}
	i := bytes.IndexByte(buf[f.pos:], '\n')
	if i < 0 {
		f.pos = len(buf)
		return false, false
	}
	f.pos += i + 1
	return true, false
}

// afterField ends a field at end, if what follows it allows that.
func (f *csvFramer) afterField(buf []byte, end int) (done, broken bool) {
	switch buf[f.pos] {
	case ',':
		f.endField(end)
		f.pos++
		f.state = csvFieldStart
		f.field = csvField{start: f.pos}
		return false, false
	case '\n':
		f.endField(end)
		if !f.lost && !f.whole(buf) {
			return false, true
		}
		f.pos++
		return true, false
	}
	return false, true
}

// endField ends the current field at end; -1 is where the scan stands.
func (f *csvFramer) endField(end int) {
	if end < 0 {
		end = f.pos
		if f.state == csvQuoteSeen {
			end--
		}
	}
	f.field.end = max(end, f.field.start)
	if !f.lost {
		f.fields = append(f.fields, f.field)
	}
}

// whole says that the fields make a record: 23 columns to version 12, 24 in
// 13, 26 from 14.
// Its time is nothing but a time and a zone: two that are glued together are
// not.
func (f *csvFramer) whole(buf []byte) bool {
	n := len(f.fields)
	if n == 0 {
		return false
	}
	stamp := buf[f.fields[0].start:f.fields[0].end]
	if !isStamp(stamp) || bytes.IndexByte(stamp[stampLen:], ' ') >= 0 {
		return false
	}
	return (n == 23 || n == 24 || n == 26) && f.state != csvQuoted && f.fields[13].quoted
}

// resync finds where the intact record begins that was glued to a cut one,
// after the cut one's own beginning; -1 if there is none.
func (f *csvFramer) resync(buf []byte, start int) int {
	if f.state == csvQuoteSeen && f.field.quoted && buf[f.pos] != '\n' {
		if isStamp(buf[f.pos:]) {
			return f.pos
		}
		return lastStamp(buf, max(f.field.start, start+1), f.pos)
	}
	if buf[f.pos] != '\n' { // the field is not ended yet
		if at := lastStamp(buf, max(f.field.start, start+1), f.pos); at >= 0 {
			return at
		}
	}
	for i := len(f.fields) - 1; i >= 0; i-- {
		if field := f.fields[i]; !field.quoted {
			if at := lastStamp(buf, max(field.start, start+1), field.end); at >= 0 {
				return at
			}
		}
	}
	return -1
}

// lastStamp is where the last time stamp in buf[from:to] begins, or -1.
func lastStamp(buf []byte, from, to int) int {
	for to > from {
		dot := bytes.LastIndexByte(buf[from:to], '.')
		if dot < 0 {
			return -1
		}
		if at := from + dot - 19; at >= from && isStamp(buf[at:]) {
			return at
		}
		to = from + dot
	}
	return -1
}
