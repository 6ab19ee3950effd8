package pglog

import (
	"bytes"

	"github.com/pgmend/pgmend/parser/jsonstring"
)

// jsonScanner reads the few shapes that a jsonlog has: strings and numbers.
type jsonScanner struct {
	text    []byte
	pos     int
	scratch []byte // for texts with escapes
}

// begin starts with a text; the values of the one before are gone.
func (s *jsonScanner) begin(text []byte) {
	s.text, s.pos, s.scratch = text, 0, s.scratch[:0]
	if cap(s.scratch) > MaxText { // one giant need not cost memory for ever
		s.scratch = nil
	}
}

func (s *jsonScanner) space() {
	for s.pos < len(s.text) && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t' || s.text[s.pos] == '\n' || s.text[s.pos] == '\r') {
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

// peek is the next byte that means something; 0 at the end.
func (s *jsonScanner) peek() byte {
	s.space()
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// pass passes over an object or an array; false if it is cut.
func (s *jsonScanner) pass() bool {
	for depth := 0; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.pos++
				return true
			}
		case '"':
			n, ok := quotedEnd(s.text[s.pos:])
			if !ok {
				s.pos = len(s.text)
				return false
			}
			s.pos += n
		}
	}
	return false
}

// value reads a string, or a bare word such as a number; whole says that it
// was not cut. It is a view of the text, or of the scratch space.
func (s *jsonScanner) value() (text string, whole bool) {
	if !s.byte('"') {
		rest := s.text[s.pos:]
		n := bytes.IndexAny(rest, ",}]:[{\" \t\r\n")
		if n <= 0 {
			return "", false
		}
		s.pos += n
		return view(rest[:n]), true
	}
	from := s.pos
	n := bytes.IndexByte(s.text[from:], '"')
	if n >= 0 && bytes.IndexByte(s.text[from:from+n], '\\') < 0 { // nearly every text
		s.pos += n + 1
		return view(s.text[from : from+n]), true
	}
	for {
		i := bytes.IndexAny(s.text[s.pos:], `"\`)
		if i < 0 {
			s.pos = len(s.text)
			return s.unescape(s.text[from:]), false
		}
		s.pos += i
		if s.text[s.pos] == '"' {
			s.pos++
			return s.unescape(s.text[from : s.pos-1]), true
		}
		s.pos = min(s.pos+2, len(s.text))
	}
}

// unescape undoes the server's escape_json: \b \f \n \r \t \" \\ and, for
// other control characters, \u00XX. A cut escape is dropped.
func (s *jsonScanner) unescape(text []byte) string {
	from := len(s.scratch)
	s.scratch = jsonstring.AppendUnescaped(s.scratch, view(text))
	return view(s.scratch[from:])
}
