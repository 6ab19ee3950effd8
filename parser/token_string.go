package parser

import "strings"

// prefixed reads a word, or the string or quoted identifier that it begins:
// E'…', B'…', X'…', N'…', U&'…', U&"…".
func prefixed(s string) (TokenKind, int) {
	switch s[0] | 0x20 {
	case 'e':
		if s[1] == '\'' {
			return TokenString, continued(s, 1, true)
		}
	case 'b', 'x', 'n':
		if s[1] == '\'' {
			return TokenString, continued(s, 1, false)
		}
	case 'u':
		if s[1] == '&' && len(s) > 2 && s[2] == '\'' {
			return TokenString, continued(s, 2, false)
		}
		if s[1] == '&' && len(s) > 2 && s[2] == '"' {
			return TokenQuoted, 2 + closing(s[2:], '"', false)
		}
	}
	return TokenWord, run(s, charWord)
}

// continued reads a string whose quote opens at n. Strings with only white
// space and a line's end between them are one, so a backslash escapes in the
// later ones too.
func continued(s string, n int, escapes bool) int {
	for {
		n += closing(s[n:], '\'', escapes)
		gap := lineGap(s[n:])
		if gap == 0 {
			return n
		}
		n += gap
	}
}

// lineGap is what stands between the parts of a string: white space and
// comments to the line's end, at least one line's end, and a quote behind.
func lineGap(s string) int {
	n, line := 0, false
	for n < len(s) {
		switch c := s[n]; {
		case c == '\'' && line:
			return n
		case chars[c]&charSpace != 0:
			line = line || c == '\n' || c == '\r'
			n++
		case c == '-' && n+1 < len(s) && s[n+1] == '-':
			n += lineComment(s[n:])
		default:
			return 0
		}
	}
	return 0
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

// dollar reads $1 or $tag$…$tag$.
func dollar(s string) (TokenKind, int) {
	if n := run(s[1:], charDigit); n > 0 {
		return TokenParam, 1 + n
	}
	end := 1 + run(s[1:], charStart|charDigit)
	if end == len(s) || s[end] != '$' {
		return TokenPunct, 1
	}
	tag := s[:end+1]
	if n := strings.Index(s[len(tag):], tag); n >= 0 {
		return TokenString, n + 2*len(tag)
	}
	return TokenString, len(s)
}
