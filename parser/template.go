package parser

import "strings"

// template is a text without its literals. What matches it becomes the same
// masked text, so that what is known of one is known of the other, and nothing
// needs to be masked to see it.
//
// It relies on this: what Mask makes of a text depends on its tokens, and of
// plain numbers and strings only on where they stand, unless the statement is
// one that hides secrets or has bodies (statementKind). FuzzTemplate holds the
// two against each other.
type template struct {
	code  string // the text but its literals, one piece after the other
	holes []hole
}

// hole is where a literal stands.
type hole struct {
	before int // bytes of code between the literal before and this one
	string bool
}

// The bounds of what a template is made of.
const (
	templateBytes = 4 << 10
	templateHoles = 64
)

// learn makes the template of a text, if it has one. A backslash escapes, or
// begins a command of psql: such a text is not learnt.
func learn(sql string) (template, bool) {
	if len(sql) > templateBytes || strings.IndexByte(sql, '\\') >= 0 {
		return template{}, false
	}
	var l learner
	m := masker{sql: sql, learner: &l}
	m.mask()
	if l.unfit || len(l.holes) > templateHoles {
		return template{}, false
	}
	return template{code: string(append(l.code, sql[l.at:]...)), holes: l.holes}, true
}

// learner is told by a masker where the literals of a text are.
type learner struct {
	code  []byte
	holes []hole
	at    int // where in the text the literal before ends
	unfit bool
}

// note takes the token that a masker is at. A literal that is not plain stays
// in the code, to be met as it is or not at all.
func (l *learner) note(m *masker, kind TokenKind, text string) {
	start := m.at
	switch {
	case m.kind != kindOther:
		l.unfit = true
		return
	case kind == TokenNumber:
		if plainNumber(text) != len(text) || strings.HasPrefix(m.sql[m.end:], ".") {
			return
		}
	case kind == TokenString:
		if is(m.previous, "language") || is(m.previous, "uescape") {
			l.unfit = true
			return
		}
		if text[0] == '$' || text[len(text)-1] != '\'' {
			return
		}
		start += strings.IndexByte(text, '\'')
	default:
		return
	}
	l.holes = append(l.holes, hole{before: start - l.at, string: kind == TokenString})
	l.code = append(l.code, m.sql[l.at:start]...)
	l.at = m.end
}

// matches reports whether a text is the template with literals in its holes.
func (t *template) matches(sql string) bool {
	code := t.code
	for i := range t.holes {
		h := &t.holes[i]
		if len(sql) < h.before || sql[:h.before] != code[:h.before] {
			return false
		}
		code, sql = code[h.before:], sql[h.before:]
		plain := plainNumber
		if h.string {
			plain = plainString
		}
		n := plain(sql)
		if n == 0 {
			return false
		}
		sql = sql[n:]
	}
	return sql == code
}

// plainNumber is how many bytes of a text are a number such as 12 or 1.5, as
// no other token begins; 0: none.
func plainNumber(s string) int {
	n := run(s, charDigit)
	if n > 0 && n+1 < len(s) && s[n] == '.' && chars[s[n+1]]&charDigit != 0 {
		n += 1 + run(s[n+1:], charDigit)
	}
	return n
}

// plainString is how many bytes of a text are a string in which nothing is
// escaped; 0: none.
func plainString(s string) int {
	if s == "" || s[0] != '\'' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\'':
			if i+1 < len(s) && s[i+1] == '\'' {
				return 0
			}
			return i + 1
		case '\\':
			return 0
		}
	}
	return 0
}
