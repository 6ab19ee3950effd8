package parser

import "strings"

// TokenKind is what a token of SQL text is.
type TokenKind int

// The kinds of tokens, by PostgreSQL's lexical rules.
const (
	TokenSpace TokenKind = iota
	TokenComment
	TokenWord   // an unquoted identifier or key word
	TokenQuoted // "…"
	TokenString // '…', E'…', $tag$…$tag$, B'…', X'…'
	TokenNumber
	TokenParam    // $1
	TokenOperator // a run of operator characters
	TokenPunct    // any other single byte, ( ) , ; [ ] . :, and PL/pgSQL's ..
)

// Token is a piece of SQL text, as written.
type Token struct {
	Kind   TokenKind
	Text   string
	Offset int // in bytes
}

// Tokens splits SQL text into tokens; together they are the text. It knows
// PostgreSQL's quoting (documentation, Lexical Structure) and takes any
// bytes: what is not closed reaches to the end. It is written in Go, so it is
// safe where the C parser is not.
func Tokens(sql string) []Token {
	var out []Token
	for i := 0; i < len(sql); {
		kind, n := next(sql[i:])
		out = append(out, Token{Kind: kind, Text: sql[i : i+n], Offset: i})
		i += n
	}
	return out
}

// operatorChars are those an operator may be made of.
const operatorChars = "+-*/<>=~!@#%^&|`?"

func next(s string) (TokenKind, int) {
	c := s[0]
	switch {
	case space(c):
		return TokenSpace, run(s, space)
	case strings.HasPrefix(s, "--"):
		if n := strings.IndexAny(s, "\n\r"); n >= 0 {
			return TokenComment, n
		}
		return TokenComment, len(s)
	case strings.HasPrefix(s, "/*"):
		return TokenComment, comment(s)
	case c == '\'':
		return TokenString, closing(s, '\'', false)
	case c == '"':
		return TokenQuoted, closing(s, '"', false)
	case c == '$':
		return dollar(s)
	case strings.HasPrefix(s, ".."):
		return TokenPunct, 2
	case digit(c) || c == '.' && len(s) > 1 && digit(s[1]):
		return TokenNumber, number(s)
	case wordStart(c):
		return prefixed(s)
	case strings.IndexByte(operatorChars, c) >= 0:
		return TokenOperator, operator(s)
	}
	return TokenPunct, 1
}

// prefixed reads a word, or the string or quoted identifier that it begins:
// E'…', B'…', X'…', N'…', U&'…', U&"…".
func prefixed(s string) (TokenKind, int) {
	if len(s) > 1 && s[1] == '\'' && strings.IndexByte("eEbBxXnN", s[0]) >= 0 {
		if s[0] == 'e' || s[0] == 'E' {
			return TokenString, escapeString(s)
		}
		return TokenString, 1 + closing(s[1:], '\'', false)
	}
	if len(s) > 2 && (s[0] == 'u' || s[0] == 'U') && s[1] == '&' {
		switch s[2] {
		case '\'':
			return TokenString, 2 + closing(s[2:], '\'', false)
		case '"':
			return TokenQuoted, 2 + closing(s[2:], '"', false)
		}
	}
	return TokenWord, run(s, func(c byte) bool { return wordStart(c) || digit(c) || c == '$' })
}

// escapeString reads E'…'. Strings with only white space and a line's end
// between them are one, so a backslash escapes in the later ones too.
func escapeString(s string) int {
	n := 1
	for {
		n += closing(s[n:], '\'', true)
		gap := run(s[n:], space)
		if !strings.ContainsAny(s[n:n+gap], "\n\r") || !strings.HasPrefix(s[n+gap:], "'") {
			return n
		}
		n += gap
	}
}

// closing returns where a string ends that begins with its quote.
func closing(s string, quote byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

// comment reads /* */, which nests.
func comment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// dollar reads $1 or $tag$…$tag$.
func dollar(s string) (TokenKind, int) {
	if n := run(s[1:], digit); n > 0 {
		return TokenParam, 1 + n
	}
	end := 1 + run(s[1:], func(c byte) bool { return wordStart(c) || digit(c) })
	if end == len(s) || s[end] != '$' {
		return TokenPunct, 1
	}
	tag := s[:end+1]
	if n := strings.Index(s[len(tag):], tag); n >= 0 {
		return TokenString, n + 2*len(tag)
	}
	return TokenString, len(s)
}

// number reads a number, and what PostgreSQL calls trailing junk: it is
// refused, but may be the rest of a literal without quotes. A key word at its
// end is none: 1AND is 1 and AND.
func number(s string) int {
	n := run(s, digit)
	if strings.HasPrefix(s[n:], ".") && !strings.HasPrefix(s[n:], "..") { // 1..10 is PL/pgSQL's
		n += 1 + run(s[n+1:], digit)
	}
	for n < len(s) {
		word := run(s[n:], func(c byte) bool { return wordStart(c) || digit(c) })
		if word == 0 || followsNumber(s[n:n+word]) {
			break
		}
		n += word
		if exponent := s[n-1] == 'e' || s[n-1] == 'E'; exponent && n+1 < len(s) && (s[n] == '+' || s[n] == '-') && digit(s[n+1]) {
			n++
		}
	}
	return n
}

// followsNumber reports whether a key word may stand right behind a number.
func followsNumber(word string) bool {
	switch strings.ToLower(word) {
	case "and", "or", "as", "is", "in", "not", "then", "else", "when", "end", "from", "where", "group", "order",
		"having", "limit", "offset", "union", "except", "intersect", "between", "like", "asc", "desc", "rows",
		"returning", "on", "for", "fetch", "loop":
		return true
	}
	return false
}

// operator reads a run of operator characters, which a comment ends.
func operator(s string) int {
	n := 1
	for n < len(s) && strings.IndexByte(operatorChars, s[n]) >= 0 &&
		!strings.HasPrefix(s[n:], "--") && !strings.HasPrefix(s[n:], "/*") {
		n++
	}
	return n
}

func run(s string, in func(byte) bool) int {
	for i := range len(s) {
		if !in(s[i]) {
			return i
		}
	}
	return len(s)
}

func space(c byte) bool     { return c == ' ' || c >= '\t' && c <= '\r' }
func digit(c byte) bool     { return c >= '0' && c <= '9' }
func wordStart(c byte) bool { return c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' }
