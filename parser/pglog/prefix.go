package pglog

import (
	"slices"
	"strings"
)

// prefix is a log_line_prefix, taken apart. See
// https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX
type prefix struct {
	parts []prefixPart
	clock *clock
	keyed bool // it names the process, so its lines can be told apart
}

// prefixPart is a literal, or an escape.
type prefixPart struct {
	escape  byte // 0: a literal
	literal string
	padded  bool   // %-10u, %5p: spaces on one side
	again   bool   // the escape stands before already
	next    string // the literal behind an escape, if one is
}

// escapes are the letters of the escapes that have a value.
const escapes = "audrhLbpPtmnieclsvxQ"

// stepLimit bounds the search over what a hostile name could mean.
const stepLimit = 2000

func parsePrefix(s string, c *clock) *prefix {
	p := &prefix{clock: c}
	literal := func(text string) {
		if n := len(p.parts); n > 0 && p.parts[n-1].escape == 0 {
			p.parts[n-1].literal += text
			return
		}
		p.parts = append(p.parts, prefixPart{literal: text})
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			literal(s[i : i+1])
			continue
		}
		from := i + 1
		for i++; i < len(s) && (s[i] == '-' || s[i] >= '0' && s[i] <= '9'); i++ {
		}
		if i == len(s) { // the server ignores an escape that the end cuts
			break
		}
		switch c := s[i]; {
		case c == '%':
			literal("%")
		case c == 'q' || strings.IndexByte(escapes, c) >= 0:
			again := slices.ContainsFunc(p.parts, func(x prefixPart) bool { return x.escape == c })
			p.parts = append(p.parts, prefixPart{escape: c, padded: i > from, again: again})
			p.keyed = p.keyed || c == 'p' || c == 'c'
		}
	}
	for i := range len(p.parts) - 1 {
		if p.parts[i].escape != 0 {
			p.parts[i].next = p.parts[i+1].literal
		}
	}
	return p
}

// prefixMatch is one try to read a line. Its texts are views of the line.
type prefixMatch struct {
	*prefix
	values [128]string // by escape
	steps  int
	size   int // of the line
	at     int // where the first name begins that a client chooses, or may begin

	part  part
	level string
	text  string
}

// match reads a line: the prefix and the word behind it, which anchors it,
// because names may contain anything.
func (p *prefix) match(line string, m *prefixMatch) bool {
	m.prefix, m.steps, m.size, m.at = p, 0, len(line), -1
	if m.first(line) {
		return true
	}
	m.clear(0)
	m.at = -1
	return m.from(0, line)
}

// clear forgets the values of the parts from the i-th on, but not what an
// escape stands for that was before it too.
func (m *prefixMatch) clear(i int) {
	for ; i < len(m.parts); i++ {
		if p := &m.parts[i]; !p.again {
			m.values[p.escape&127] = ""
		}
	}
}

// first takes the first way that the search of from would try, without the
// search: it reads nearly every line.
func (m *prefixMatch) first(s string) bool {
	for i := range m.parts {
		part := &m.parts[i]
		if part.padded {
			return false
		}
		var n int
		switch part.escape {
		case 0:
			if len(s) < len(part.literal) || s[:len(part.literal)] != part.literal {
				return false
			}
			s = s[len(part.literal):]
			continue
		case 'q':
			m.named(s)
			if m.anchor(s) {
				m.clear(i)
				return true
			}
			continue
		case 'm', 't', 's':
			if n = m.clock.known(part.escape, s); n == 0 {
				n = stampShape(part.escape, s)
			}
		case 'u', 'd', 'a':
			m.named(s)
			n = free(part.next, s)
		default:
			var fixed bool
			if n, fixed = shape(part.escape, s); !fixed {
				n = free(part.next, s)
			}
		}
		if n < 0 {
			return false
		}
		m.values[part.escape] = s[:n]
		s = s[n:]
	}
	return m.anchor(s)
}

// named notes where the names begin: before s.
func (m *prefixMatch) named(s string) {
	if m.at < 0 {
		m.at = m.size - len(s)
	}
}

// free is how long the shortest text before a literal is.
func free(next, s string) int {
	switch len(next) {
	case 0:
		return -1
	case 1:
		return strings.IndexByte(s, next[0])
	}
	return strings.Index(s, next)
}

// anchor reads the word behind the prefix.
func (m *prefixMatch) anchor(s string) (ok bool) {
	m.part, m.level, m.text, ok = label(s)
	return ok
}

// from matches the parts from the i-th on.
func (m *prefixMatch) from(i int, s string) bool {
	if m.steps++; m.steps > stepLimit {
		return false
	}
	if i == len(m.parts) {
		return m.anchor(s)
	}
	part := &m.parts[i]
	if part.escape == 0 {
		rest, ok := strings.CutPrefix(s, part.literal)
		return ok && m.from(i+1, rest)
	}
	if part.escape == 'q' || isName(part.escape) {
		m.named(s)
	}
	if part.escape == 'q' { // a background process stops here; sessions go on
		return m.from(len(m.parts), s) || m.from(i+1, s)
	}
	pad := 0
	if part.padded {
		pad = len(s) - len(strings.TrimLeft(s, " "))
	}
	take := func(n int) bool {
		m.values[part.escape] = s[pad : pad+n]
		rest := s[pad+n:]
		if m.from(i+1, rest) {
			return true
		}
		trimmed := strings.TrimLeft(rest, " ")
		if part.padded && len(trimmed) < len(rest) && m.from(i+1, trimmed) {
			return true
		}
		m.values[part.escape] = ""
		return false
	}
	if n, fixed := shape(part.escape, s[pad:]); fixed {
		return n >= 0 && take(n)
	}
	return m.free(part, s[pad:], take)
}

// free tries the texts that an escape without a shape of its own could stand
// for, the shortest first.
func (m *prefixMatch) free(part *prefixPart, s string, take func(int) bool) bool {
	for n := 0; n <= min(len(s), 1024); n++ {
		if part.next != "" && !part.padded {
			skip := strings.Index(s[n:], part.next)
			if skip < 0 {
				return false
			}
			n += skip
		}
		if take(n) {
			return true
		}
		if m.steps > stepLimit {
			return false
		}
	}
	return false
}

// fill puts the values of the prefix into a record.
func (m *prefixMatch) fill(r *Record) {
	for i := range m.parts {
		c := m.parts[i].escape
		v := m.values[c&127]
		if c == 0 || v == "" {
			continue
		}
		switch c {
		case 'u':
			r.User = known(v)
		case 'd':
			r.Database = known(v)
		case 'a':
			r.App = known(v)
		case 'p':
			r.PID = atoi(v)
		case 'c':
			r.SessionID = v
		case 'l':
			r.SessionLine = atoi64(v)
		case 'e':
			r.SQLState = v
		case 'Q':
			r.QueryID = atoi64(v)
		case 'b':
			r.BackendType = known(v)
		case 'i':
			r.CommandTag = known(v)
		case 'h':
			if r.Host == "" {
				r.Host = known(v)
			}
		case 'r':
			r.Host = hostAndPort(known(v))
		case 'm', 't':
			if c == 'm' || r.Time.IsZero() {
				r.Time = m.clock.parse(v)
			}
		case 'n':
			if f, ok := parseFloat(v); ok && r.Time.IsZero() {
				r.Time = epoch(f)
			}
		}
	}
}

// known is a name as it was printed, or nothing for one the server did not
// know yet.
func known(v string) string {
	if v == "[unknown]" {
		return ""
	}
	if v[len(v)-1] == ' ' { // padding
		return strings.TrimRight(v, " ")
	}
	return v
}

// hostAndPort drops the port of %r.
func hostAndPort(from string) string {
	if i := strings.LastIndexByte(from, '('); i > 0 && strings.HasSuffix(from, ")") {
		return from[:i]
	}
	return from
}

// key tells the processes apart whose messages may be mixed: the session, or
// the process, as a number; 0 where the prefix names neither.
func (m *prefixMatch) key() uint64 { return m.keyOf(atoi(m.values['p'])) }

// keyOf is key where the process is read already.
func (m *prefixMatch) keyOf(pid int) uint64 {
	if !m.keyed {
		return 0
	}
	if c := m.values['c']; c != "" {
		var n uint64
		for i := range len(c) {
			switch d := c[i]; {
			case d == '.':
				n <<= 4 // so that 1.23 is not 12.3
			case d >= 'a':
				n = n<<4 | uint64(d-'a'+10)
			default:
				n = n<<4 | uint64(d-'0')
			}
		}
		return n | 1<<63
	}
	return uint64(pid) + 1
}
