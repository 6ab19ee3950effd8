package report

import (
	"regexp"
	"strings"
)

// token is a piece of SQL and its class in the stylesheet.
type token struct{ Class, Text string }

// pieces are what highlighting tells apart. It is for the eye only: it need
// not know all of SQL, and loses no character.
var pieces = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|[eE]?'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_$]*`)

// keyword is a word in capitals, as they are written in rules and rendered SQL, so it
// is one of SQL and no name.
var keyword = regexp.MustCompile(`^[A-Z]{2,}$`)

// highlight cuts SQL into tokens that together are the text.
func highlight(sql string) []token {
	var out []token
	plain := func(s string) {
		if s == "" {
			return
		}
		if n := len(out); n > 0 && out[n-1].Class == "" {
			out[n-1].Text += s
			return
		}
		out = append(out, token{"", s})
	}
	at := 0
	for _, span := range pieces.FindAllStringIndex(sql, -1) {
		plain(sql[at:span[0]])
		s := sql[span[0]:span[1]]
		switch {
		case strings.HasPrefix(s, "--") || strings.HasPrefix(s, "/*"):
			out = append(out, token{"c", s})
		case strings.HasSuffix(s, "'"):
			out = append(out, token{"s", s})
		case keyword.MatchString(s):
			out = append(out, token{"k", s})
		default:
			plain(s)
		}
		at = span[1]
	}
	plain(sql[at:])
	return out
}
