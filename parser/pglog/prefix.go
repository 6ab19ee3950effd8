package pglog

import (
	"bytes"
	"strconv"
	"strings"
)

// prefix is a log_line_prefix, taken apart. See
// https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX
type prefix struct {
	parts []prefixPart
	clock clock
	keyed bool // it names the process, so its lines can be told apart
}

// prefixPart is a literal, or an escape.
type prefixPart struct {
	escape  byte // 0: a literal
	literal string
	padded  bool // %-10u, %5p: spaces on one side
}

// stepLimit bounds the search over what a hostile name could mean.
const stepLimit = 2000

func parsePrefix(s string, c clock) *prefix {
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
		case strings.IndexByte("audrhLbpPtmnieclsvxqQ", c) >= 0:
			p.parts = append(p.parts, prefixPart{escape: c, padded: i > from})
			p.keyed = p.keyed || c == 'p' || c == 'c'
		}
	}
	return p
}

// prefixMatch is one try to read a line.
type prefixMatch struct {
	*prefix
	values [128]string // by escape
	steps  int

	part  part
	level string
	text  string
}

// match reads a line: the prefix and the word behind it, which anchors it,
// because names may contain anything.
func (p *prefix) match(line string, m *prefixMatch) bool {
	m.prefix, m.steps = p, 0
	clear(m.values[:])
	return m.from(0, line)
}

// from matches the parts from the i-th on.
func (m *prefixMatch) from(i int, s string) bool {
	if m.steps++; m.steps > stepLimit {
		return false
	}
	if i == len(m.parts) {
		var ok bool
		m.part, m.level, m.text, ok = label(s)
		return ok
	}
	part := m.parts[i]
	if part.escape == 0 {
		rest, ok := strings.CutPrefix(s, part.literal)
		return ok && m.from(i+1, rest)
	}
	if part.escape == 'q' { // sessions go on; a background process stops here
		return m.from(i+1, s) || m.from(len(m.parts), s)
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
	return m.free(i, s[pad:], take)
}

// free tries the texts that an escape without a shape of its own could stand
// for, the shortest first.
func (m *prefixMatch) free(i int, s string, take func(int) bool) bool {
	next := ""
	if i+1 < len(m.parts) && m.parts[i+1].escape == 0 && !m.parts[i].padded {
		next = m.parts[i+1].literal
	}
	for n := 0; n <= min(len(s), 1024); n++ {
		if next != "" {
			skip := strings.Index(s[n:], next)
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

// shape says how many bytes an escape's value takes at the beginning of s;
// -1 if it does not fit. Escapes whose value can be any text have no shape.
func shape(escape byte, s string) (n int, fixed bool) {
	digits := func(from int) int {
		for from < len(s) && s[from] >= '0' && s[from] <= '9' {
			from++
		}
		return from
	}
	switch escape {
	case 'p', 'l', 'x':
		n = digits(0)
	case 'P': // empty unless a parallel worker
		return digits(0), true
	case 'Q':
		n = digits(len(s) - len(strings.TrimPrefix(s, "-")))
	case 'n':
		if n = digits(0); n < len(s) && s[n] == '.' {
			n = digits(n + 1)
		}
	case 't', 'm', 's':
		return stampShape(escape, s), true
	case 'c':
		for n < len(s) && strings.IndexByte("0123456789abcdef.", s[n]) >= 0 {
			n++
		}
	case 'e':
		if len(s) < 5 || strings.ContainsFunc(s[:5], func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
			return -1, true
		}
		return 5, true
	case 'v': // 3/17, or empty
		if n = digits(0); n == 0 || n == len(s) || s[n] != '/' {
			return 0, true
		}
		return digits(n + 1), true
	default:
		return 0, false
	}
	if n == 0 {
		n = -1
	}
	return n, true
}

// stampShape is the length of a time with its zone: UTC, CEST or -03.
func stampShape(escape byte, s string) int {
	if !matchShape(s, "dddd-dd-dd dd:dd:dd") {
		return -1
	}
	n := 19
	if escape == 'm' {
		if !matchShape(s[n:], ".ddd") {
			return -1
		}
		n += 4
	}
	if n >= len(s) || s[n] != ' ' {
		return -1
	}
	for n++; n < len(s) && (s[n] >= 'A' && s[n] <= 'Z' || s[n] >= 'a' && s[n] <= 'z' || s[n] >= '0' && s[n] <= '9' || s[n] == '+' || s[n] == '-'); n++ {
	}
	if s[n-1] == '-' { // a literal behind the zone, as in "%t-%u"
		n--
	}
	return n
}

// fill puts the values of the prefix into a record.
func (m *prefixMatch) fill(r *Record) {
	v := &m.values
	known := func(c byte) string {
		if v[c] == "[unknown]" {
			return ""
		}
		return strings.TrimRight(v[c], " ")
	}
	r.User, r.Database, r.App = known('u'), known('d'), known('a')
	r.PID, r.SessionID, r.SessionLine = atoi(v['p']), v['c'], atoi64(v['l'])
	r.SQLState, r.QueryID, r.BackendType, r.CommandTag = v['e'], atoi64(v['Q']), known('b'), known('i')
	r.Host = known('h')
	if from := known('r'); from != "" {
		if i := strings.LastIndexByte(from, '('); i > 0 && strings.HasSuffix(from, ")") {
			from = from[:i]
		}
		r.Host = from
	}
	switch {
	case v['m'] != "":
		r.Time = m.clock.parse(v['m'])
	case v['t'] != "":
		r.Time = m.clock.parse(v['t'])
	case v['n'] != "":
		if f, err := strconv.ParseFloat(v['n'], 64); err == nil {
			r.Time = epoch(f)
		}
	}
}

// key tells the processes apart whose messages may be mixed.
func (m *prefixMatch) key() string {
	if m.values['c'] != "" {
		return m.values['c']
	}
	return m.values['p']
}

// commonPrefixes are those that people use: the default, Debian's, the ones
// that pgBadger's documentation asks for, and those of hosted services.
var commonPrefixes = []string{
	"%m [%p] %q%u@%d/%a ", "%m [%p] %q%u@%d ", "%m [%p] %q[user=%u,db=%d,app=%a] ", "%m [%p] ",
	"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%t [%p]: [%l-1] user=%u,db=%d,client=%h ",
	"%t [%p]: user=%u,db=%d,app=%a,client=%h ", "%t [%p]: [%l-1] user=%u,db=%d ", "%t [%p]: ", "%t [%p] ",
	"%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%m [%p] %u@%d ", "%t:%r:%u@%d:[%p]:", "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
	"%t-%c-", "%m [%p] %e %q%u@%d/%a ", "%t ", "%m ", "",
}

// GuessPrefix returns the log_line_prefix that reads most lines of a sample,
// of the common ones.
func GuessPrefix(sample []byte) string {
	best, most := "", 0
	for _, s := range commonPrefixes {
		p, n := parsePrefix(s, clock{}), 0
		var m prefixMatch
		for line := range bytes.Lines(sample[:min(len(sample), 1<<16)]) {
			if p.match(strings.TrimRight(string(line), "\r\n"), &m) {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}
