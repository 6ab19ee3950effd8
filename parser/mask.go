package parser

import "strings"

// masked stands for a literal. It is a literal itself, so that masked text
// still parses.
const masked = "'***'"

// Mask takes every literal and every comment out of a text: what is secret in
// SQL is one or the other. Where people leave the quotes away, a password of a
// role and the value of a setting are taken out as well. Nothing but masked
// text is stored, logged or sent.
//
// The masked text parses to the same statements, tables, columns and
// fingerprints as the text itself, so a Cache may be keyed by it:
//
//   - every string, whatever its form, becomes '***', with what continues it
//     on further lines (U&'…' becomes U&'***', because UESCAPE may follow);
//   - every number becomes 1, which LIMIT, float(n) and the like accept;
//   - a list of such literals after IN becomes its first, and one of $n too;
//   - a run of white space and comments becomes one space, and the rows that
//     follow COPY in a script of psql, with psql's commands, do so too;
//   - the value in SET name = value becomes '***', but DEFAULT and what
//     search_path and role are set to stay, for these are names;
//   - the body of a function or of DO in SQL or PL/pgSQL is code: it stays,
//     masked inside. In every other language it becomes '***'.
//
// To mask masked text changes nothing.
func Mask(sql string) string { return string(appendMasked(nil, sql)) }

// appendMasked is Mask, into a buffer. It goes over the text once and, but
// for the bodies of functions, allocates nothing.
func appendMasked(dst []byte, sql string) []byte {
	start := len(dst)
	dst = appendCode(dst, withoutData(sql), 0)
	for len(dst) > start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendCode masks SQL, also that within so many bodies.
func appendCode(dst []byte, sql string, bodies int) []byte {
	m := masker{out: dst, start: len(dst), sql: sql, bodies: bodies}
	return m.mask()
}

// masker goes through the tokens of a text.
type masker struct {
	out     []byte
	start   int // where in out the text begins
	sql     string
	copied  int // how much of sql is in out
	at, end int // where in sql the token is that is looked at
	bodies  int // around this text

	previous string // token, but white space and comments
	begun    int    // where in sql the statement begins
	words    int    // tokens of the statement so far
	kind     statementKind
	language bodyOf
	setting  setting
	list     list
	learner  *learner // not nil: it is told where the literals are
}

// mask goes over the text.
func (m *masker) mask() []byte {
	for m.at < len(m.sql) {
		kind, n := next(m.sql[m.at:])
		m.end = m.at + n
		switch {
		case kind <= TokenComment:
			m.gap(m.sql[m.at:m.end])
		case m.plain(kind, n):
			m.previous = m.sql[m.at:m.end]
		default:
			m.token(kind, m.sql[m.at:m.end])
		}
		m.at = m.end
	}
	m.flush()
	return m.out
}

// plain reports whether a token stays as it is and changes nothing for those
// behind it, as most do.
func (m *masker) plain(kind TokenKind, n int) bool {
	if m.kind != kindOther || m.words == 0 || m.list.state != listNone {
		return false
	}
	switch kind {
	case TokenWord:
		return n > 5 || !mayMatter[m.sql[m.at]]
	case TokenPunct:
		return m.sql[m.at] != ';'
	}
	return kind == TokenQuoted || kind == TokenOperator || kind == TokenParam
}

// mayMatter are the bytes that IN, BEGIN, THEN, ELSE and LOOP begin with.
var mayMatter = [256]bool{'i': true, 'b': true, 't': true, 'e': true, 'l': true, 'I': true, 'B': true, 'T': true, 'E': true, 'L': true}

// flush copies what stays as it is, up to the token that is looked at.
func (m *masker) flush() {
	m.out = append(m.out, m.sql[m.copied:m.at]...)
	m.copied = m.at
}

// token masks one token.
func (m *masker) token(kind TokenKind, text string) {
	if m.list.state != listNone || kind == TokenWord {
		m.list.next(m, kind, text)
	}
	switch kind {
	case TokenWord, TokenQuoted:
		if m.kind != kindOther && m.secret(text) {
			m.literal(masked)
		}
	case TokenNumber:
		m.number(text)
	case TokenString:
		m.string(text)
	}
	if m.learner != nil {
		m.learner.note(m, kind, text)
	}
	m.follow(kind, text)
	m.previous = text
}

// gap makes one space of white space and comments.
func (m *masker) gap(text string) {
	if text == " " && m.at > m.copied && m.sql[m.at-1] != ' ' {
		return
	}
	m.flush()
	m.copied = m.end
	if n := len(m.out); n > m.start && m.out[n-1] != ' ' {
		m.out = append(m.out, ' ')
	}
}

// literal writes what stands for a literal, apart from what it would become
// one token with: 'a'$$b$$ is two, and so is $1.5.
func (m *masker) literal(text string) {
	m.flush()
	m.copied = m.end
	if n := len(m.out); n > m.start && (m.out[n-1] == '\'' || chars[m.out[n-1]]&charWord != 0) {
		m.out = append(m.out, ' ')
	}
	m.out = append(m.out, text...)
}

// number masks a number. It becomes 1 and not 0, because float(0) is refused;
// so is what is no number, before and after.
func (m *masker) number(text string) {
	if wellFormed(text) {
		m.literal("1")
	} else {
		m.literal("1_")
	}
	if rest := m.sql[m.end:]; strings.HasPrefix(rest, ".") && !strings.HasPrefix(rest, "..") {
		m.out = append(m.out, ' ') // or 1 and .a would become one number
	}
}

// string masks a string. The name of a language is no secret; older dumps
// quote it.
func (m *masker) string(text string) {
	switch {
	case is(m.previous, "language") && bodyLanguage(text), is(m.previous, "uescape") && len(text) == len("'!'"):
	case len(text) > 1 && text[0] != '\'' && text[1] == '&':
		m.literal("U&" + masked)
	case m.bodies > 0 && raised(m.previous):
		m.format(text)
	case m.kind == kindDo || m.kind == kindFunction && is(m.previous, "as"):
		m.body(text)
	default:
		m.literal(masked)
	}
}

// maxBodies is how many bodies may stand within each other. Deeper ones are
// literals: each level is gone over once more.
const maxBodies = 4

// body masks the body of a function or of DO.
func (m *masker) body(text string) {
	if m.language == bodyUnknown {
		m.language = bodyIn(m.sql[m.begun:], m.kind == kindDo)
	}
	inner, tag, ok := stringValue(text)
	switch {
	case !ok || m.language == bodyOpaque || m.bodies >= maxBodies:
		m.literal(masked)
	case tag != "":
		m.literal(tag)
		m.out = append(appendCode(m.out, inner, m.bodies+1), tag...)
	default:
		m.literal("'")
		for _, c := range appendCode(nil, inner, m.bodies+1) {
			if c == '\'' {
				m.out = append(m.out, c)
			}
			m.out = append(m.out, c)
		}
		m.out = append(m.out, '\'')
	}
}

// list is where in a list after IN a masker is.
type list struct {
	state listState
	param bool // the list is of $n
	keep  int  // where in the output its first entry ends
}

type listState int

const (
	listNone  listState = iota
	listIn              // behind IN
	listOpen            // behind IN (
	listFirst           // behind the first entry
	listComma           // behind a comma that follows it
	listEntry           // behind another entry
)

// next drops all but the first of the literals in a list, before a token is
// written: what differs only in how many there are is one text to a cache.
func (l *list) next(m *masker, kind TokenKind, text string) {
	literal := kind == TokenNumber || kind == TokenString || kind == TokenParam
	switch {
	case l.state == listNone:
		if kind == TokenWord && is(text, "in") {
			l.state = listIn
		}
	case l.state == listIn && text == "(":
		l.state = listOpen
	case l.state == listOpen && literal:
		l.state, l.param, l.keep = listFirst, kind == TokenParam, 0
	case l.state == listComma && literal && l.param == (kind == TokenParam):
		l.state = listEntry
	case l.state >= listFirst && l.state != listComma && (text == "," || text == ")"):
		m.flush()
		if l.state == listEntry {
			m.out = m.out[:l.keep]
		}
		l.keep = len(m.out)
		if l.state = listComma; text == ")" {
			l.state = listNone
		}
	default:
		l.state = listNone
	}
}
