package pglog

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
)

// jsonMark begins every record of a jsonlog. Inside a text its quotes are
// escaped, so in the middle of a line it is the beginning of an intact
// record behind one that was cut.
const jsonMark = `{"timestamp":"`

// jsonFramer finds the records of a jsonlog (15 and later): an object a line.
type jsonFramer struct {
	clock clock
	pos   int  // bytes scanned without a newline
	skip  bool // inside the rest of a record that was too long
}

func (f *jsonFramer) settle() []Framed { return nil }
func (f *jsonFramer) pending() int64   { return -1 }

func (f *jsonFramer) frame(buf []byte, base int64, end bool) (out []Framed, n int) {
	for {
		i := bytes.IndexByte(buf[n+f.pos:], '\n')
		if i < 0 {
			f.pos = len(buf) - n
			break
		}
		i += n + f.pos + 1
		out = f.line(out, buf[n:i], base+int64(n))
		n, f.pos, f.skip = i, 0, false
	}
	switch {
	case end && n < len(buf):
		out = f.line(out, buf[n:], base+int64(n))
		n, f.pos, f.skip = len(buf), 0, false
	case len(buf)-n > maxRecord || f.skip:
		if !f.skip {
			out = f.line(out, buf[n:], base+int64(n))
		}
		keep := max(n, len(buf)-len(jsonMark))
		n, f.pos, f.skip = keep, len(buf)-keep, true
	}
	return out, n
}

// line gives out the records of a line: one, or cut ones and the intact one
// that was glued to them.
func (f *jsonFramer) line(out []Framed, line []byte, base int64) []Framed {
	for {
		next := bytes.Index(line[min(1, len(line)):], []byte(jsonMark)) + 1
		if next == 0 {
			if !f.skip {
				out = f.emit(out, line, base)
			}
			return out
		}
		if !f.skip {
			out = f.emit(out, line[:next], base)
		}
		line, base, f.skip = line[next:], base+int64(next), false
	}
}

func (f *jsonFramer) emit(out []Framed, raw []byte, base int64) []Framed {
	text := bytes.Trim(raw, "\x00 \t\r\n")
	if len(text) == 0 {
		return out
	}
	rec, ok := f.record(text)
	if !ok {
		rec = Record{Message: string(text), Truncated: true, Foreign: true, Forgeable: true}
	}
	rec.clipAll()
	return append(out, Framed{Record: rec, Start: base, End: base + int64(len(raw)), Lines: 1})
}

// record reads one flat object; what a cut one still holds is kept. It is
// not ok if there is no time in it.
func (f *jsonFramer) record(text []byte) (r Record, ok bool) {
	r.SQLState = "00000" // left out by the server where nothing failed
	in := jsonScanner{text: text}
	if !in.byte('{') {
		return r, false
	}
	line := ""
	for first := true; !in.byte('}'); first = false {
		if !first && !in.byte(',') {
			r.Truncated = true
			break
		}
		key, fine := in.value()
		if !fine || !in.byte(':') {
			r.Truncated = true
			break
		}
		value, fine := in.value()
		if r.set(f.clock, key, value); key == "file_line_num" {
			line = value
		}
		if !fine {
			r.Truncated = true
			break
		}
	}
	if line != "" {
		r.Location += ":" + line
	}
	return r, !r.Time.IsZero()
}

// set puts the value of one key into its field. The keys are those of
// https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG
func (r *Record) set(c clock, key, value string) {
	if field := r.jsonText(key); field != nil {
		*field = value
		return
	}
	switch key {
	case "timestamp":
		r.Time = c.parse(value)
	case "pid":
		r.PID = atoi(value)
	case "line_num":
		r.SessionLine = atoi64(value)
	case "error_severity":
		r.Severity = severity(value)
	case "cursor_position", "internal_position":
		r.Position = atoi(value)
	case "query_id":
		r.QueryID = atoi64(value)
	case "func_name":
		r.Location = value
	case "file_name":
		if r.Location != "" {
			r.Location += ", "
		}
		r.Location += value
	}
}

// jsonText is the field of a key whose value is kept as it is.
func (r *Record) jsonText(key string) *string {
	switch key {
	case "user":
		return &r.User
	case "dbname":
		return &r.Database
	case "remote_host":
		return &r.Host
	case "session_id":
		return &r.SessionID
	case "ps":
		return &r.CommandTag
	case "state_code":
		return &r.SQLState
	case "message":
		return &r.Message
	case "detail":
		return &r.Detail
	case "hint":
		return &r.Hint
	case "internal_query":
		return &r.Query
	case "context":
		return &r.Context
	case "statement":
		return &r.Statement
	case "application_name":
		return &r.App
	case "backend_type":
		return &r.BackendType
	}
	return nil
}

// jsonScanner reads the few shapes that a jsonlog has: strings and numbers.
type jsonScanner struct {
	text []byte
	pos  int
}

func (s *jsonScanner) space() {
	for s.pos < len(s.text) && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t') {
		s.pos++
	}
}

// byte passes c, if it comes next.
func (s *jsonScanner) byte(c byte) bool {
	s.space()
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// value reads a string, or a bare word such as a number; whole says that it
// was not cut.
func (s *jsonScanner) value() (text string, whole bool) {
	if !s.byte('"') {
		rest := s.text[s.pos:]
		n := bytes.IndexAny(rest, ",}:[{\" ")
		if n <= 0 {
			return "", false
		}
		s.pos += n
		return string(rest[:n]), true
	}
	from := s.pos
	escaped := false
	for {
		i := bytes.IndexAny(s.text[s.pos:], `"\`)
		if i < 0 {
			text = string(s.text[from:])
			s.pos = len(s.text)
			break
		}
		s.pos += i
		if s.text[s.pos] == '"' {
			text, whole = string(s.text[from:s.pos]), true
			s.pos++
			break
		}
		escaped = true
		s.pos = min(s.pos+2, len(s.text))
	}
	if escaped {
		text = jsonUnescape(text)
	}
	return text, whole
}

// jsonUnescape undoes the server's escape_json: \b \f \n \r \t \" \\ and, for
// other control characters, \u00XX. A cut escape is dropped.
func jsonUnescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		if s = s[i+1:]; s == "" {
			return b.String()
		}
		c := s[0]
		s = s[1:]
		switch c {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			s = unescapeUnicode(&b, s)
		default:
			b.WriteByte(c)
		}
	}
}

// unescapeUnicode writes the character of the hex digits that s begins with,
// and of a second half where they are the first of a surrogate pair.
func unescapeUnicode(b *strings.Builder, s string) string {
	r, ok := hex4(s)
	if !ok {
		return s
	}
	s = s[4:]
	if utf16.IsSurrogate(r) && strings.HasPrefix(s, `\u`) {
		if low, ok := hex4(s[2:]); ok {
			r, s = utf16.DecodeRune(r, low), s[6:]
		}
	}
	b.WriteRune(r)
	return s
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 32)
	return rune(n), err == nil
}
