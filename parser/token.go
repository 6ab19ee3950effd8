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
	TokenString // '…', E'…', $tag$…$tag$, B'…', X'…', with what continues it on further lines
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

// A byte's properties. One look into a table says all that the lexer asks of
// it; it runs over every byte of a log.
const (
	charSpace    uint8 = 1 << iota
	charDigit          // 0 to 9
	charStart          // may begin a word
	charDollar         // may go on in a word
	charOperator       // may be in an operator
	charWord     = charStart | charDigit | charDollar
)

var chars = charTable()

func charTable() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case b == ' ' || b >= '\t' && b <= '\r':
			t[c] = charSpace
		case b >= '0' && b <= '9':
			t[c] = charDigit
		case b == '_' || b >= 0x80 || b|0x20 >= 'a' && b|0x20 <= 'z':
			t[c] = charStart
		case b == '$':
			t[c] = charDollar
		case strings.IndexByte("+-*/<>=~!@#%^&|`?", b) >= 0:
			t[c] = charOperator
		}
	}
	return t
}

// run is how many bytes a text begins with that are of a class.
func run(s string, class uint8) int {
	for i := range len(s) {
		if chars[s[i]]&class == 0 {
			return i
		}
	}
	return len(s)
}

// next reads the token that a text begins with.
func next(s string) (TokenKind, int) {
	c := s[0]
	switch class := chars[c]; {
	case class&charStart != 0:
		if len(s) > 1 && (s[1] == '\'' || s[1] == '&') {
			return prefixed(s)
		}
		return TokenWord, run(s, charWord)
	case class&charSpace != 0:
		return TokenSpace, run(s, charSpace)
	case class&charDigit != 0:
		return TokenNumber, number(s)
	case class&charOperator != 0:
		return operator(s)
	case c == '\'':
		return TokenString, continued(s, 0, false)
	case c == '"':
		return TokenQuoted, closing(s, '"', false)
	case c == '$':
		return dollar(s)
	case c == '.' && len(s) > 1:
		if s[1] == '.' {
			return TokenPunct, 2
		}
		if chars[s[1]]&charDigit != 0 {
			return TokenNumber, number(s)
		}
	}
	return TokenPunct, 1
}

// comment reads /* */, which nests.
func comment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch {
		case s[i] == '/' && s[i+1] == '*':
			depth++
			i++
		case s[i] == '*' && s[i+1] == '/':
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func lineComment(s string) int {
	if n := strings.IndexAny(s, "\n\r"); n >= 0 {
		return n
	}
	return len(s)
}

// operator reads a comment, or a run of operator characters, which a comment
// ends.
func operator(s string) (TokenKind, int) {
	for n := 0; ; n++ {
		if n == len(s) || chars[s[n]]&charOperator == 0 {
			return TokenOperator, n
		}
		if n+1 == len(s) || s[n+1] != '-' && s[n+1] != '*' {
			continue
		}
		switch dashes, opens := s[n] == '-' && s[n+1] == '-', s[n] == '/' && s[n+1] == '*'; {
		case (dashes || opens) && n > 0:
			return TokenOperator, n
		case dashes:
			return TokenComment, lineComment(s)
		case opens:
			return TokenComment, comment(s)
		}
	}
}
