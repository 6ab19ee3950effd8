package parser

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// cursor goes through the tokens of a text, but white space and comments. A
// copy of it looks ahead.
type cursor struct {
	sql  string
	at   int // behind the token
	kind TokenKind
	text string
	seen *vocabulary // of all copies; nil: each word is made anew
	buf  [keywordLength]byte
}

// vocabulary keeps key words in lower case, so that a text of a million of
// them makes each once. Two that share a place take turns.
type vocabulary [64]string

func (v *vocabulary) word(lower []byte) string {
	if v == nil || len(lower) == 0 {
		return string(lower)
	}
	place := &v[(len(lower)*31+int(lower[0])*7+int(lower[len(lower)-1]))%len(v)]
	if *place != string(lower) {
		*place = string(lower)
	}
	return *place
}

func (c *cursor) next() bool {
	for c.at < len(c.sql) {
		kind, n := next(c.sql[c.at:])
		c.kind, c.text = kind, c.sql[c.at:c.at+n]
		c.at += n
		if kind > TokenComment {
			return true
		}
	}
	c.kind, c.text = TokenSpace, ""
	return false
}

// word returns the token as a key word, "" where it is none.
func (c *cursor) word() string {
	if c.kind != TokenWord || len(c.text) > keywordLength {
		return ""
	}
	if !hasUpper(c.text) {
		return c.text
	}
	return c.seen.word(lower(c.text, &c.buf))
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return true
		}
	}
	return false
}

// peek returns the token behind, a word in lower case; "" at the end.
func (c *cursor) peek() string {
	ahead := cursor{sql: c.sql, at: c.at, seen: c.seen}
	if !ahead.next() {
		return ""
	}
	if w := ahead.word(); w != "" {
		return w
	}
	return ahead.text
}

// qualified reads the parts of a name; none where there is no name.
func (c *cursor) qualified() (parts []string) {
	for len(parts) < 8 && c.next() {
		switch c.kind {
		case TokenWord:
			parts = append(parts, fold(c.text))
		case TokenQuoted:
			name := c.unquote()
			if name == "" {
				return nil
			}
			parts = append(parts, name)
		default:
			return nil
		}
		if c.peek() != "." {
			return parts
		}
		c.next()
	}
	return nil
}

// skipParentheses goes behind the parenthesis that closes the next one.
func (c *cursor) skipParentheses() {
	for depth := 0; c.next(); {
		switch c.text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return
			}
		}
	}
}

// unquote returns the name that a quoted one is.
func (c *cursor) unquote() string {
	text, unicode := c.text, false
	if text[0] != '"' {
		text, unicode = text[len("U&"):], true
	}
	text = strings.TrimSuffix(text[1:], `"`)
	text = strings.ReplaceAll(text, `""`, `"`)
	if unicode {
		escape := byte('\\')
		if ahead := *c; ahead.next() && ahead.word() == "uescape" && ahead.next() && len(ahead.text) == len("'!'") {
			escape = ahead.text[1]
			*c = ahead
		}
		text = unescapeUnicode(text, escape)
	}
	return clip63(text)
}

// unescapeUnicode undoes \0061 and \+000061.
func unescapeUnicode(s string, escape byte) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != escape || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		from, digits := i+1, 4
		switch s[from] {
		case escape:
			out.WriteByte(escape)
			i++
			continue
		case '+':
			from, digits = from+1, 6
		}
		if from+digits > len(s) {
			out.WriteByte(s[i])
			continue
		}
		r, err := strconv.ParseUint(s[from:from+digits], 16, 32)
		if err != nil || r == 0 || r > utf8.MaxRune {
			out.WriteByte(s[i])
			continue
		}
		out.WriteRune(rune(r))
		i = from + digits - 1
	}
	return out.String()
}

// fold folds an unquoted name as PostgreSQL does: ASCII to lower case, and at
// most 63 bytes, cut between characters.
func fold(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return clip63(string(b))
}

func clip63(s string) string {
	if len(s) <= 63 {
		return s
	}
	for cut := 63; cut > 63-utf8.UTFMax; cut-- {
		if utf8.RuneStart(s[cut]) {
			return s[:cut]
		}
	}
	return s[:63] // which is no UTF-8
}
