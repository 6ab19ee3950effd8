package rules

import (
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// statement is one statement of a text and the line it begins in.
type statement struct {
	text string
	line int
}

// statements splits SQL at its semicolons. Comments before a statement are
// left out; text that has nothing but comments is none.
func statements(sql string, line int) []statement {
	var out []statement
	var text strings.Builder
	start := line
	flush := func() {
		if text.Len() > 0 {
			out = append(out, statement{strings.TrimSpace(text.String()), start})
		}
		text.Reset()
	}
	for _, t := range parser.Tokens(sql) {
		blank := t.Kind == parser.TokenSpace || t.Kind == parser.TokenComment
		switch {
		case t.Kind == parser.TokenPunct && t.Text == ";":
			flush()
		case blank && text.Len() == 0:
		default:
			if text.Len() == 0 {
				start = line
			}
			text.WriteString(t.Text)
		}
		line += strings.Count(t.Text, "\n")
	}
	flush()
	return out
}

// withoutComments leaves out a statement's comments: they are for the reader
// of the file, not for the server.
func withoutComments(sql string) string {
	var out strings.Builder
	for _, t := range parser.Tokens(sql) {
		if t.Kind != parser.TokenComment {
			out.WriteString(t.Text)
		}
	}
	return strings.TrimSpace(out.String())
}

// Statements splits a script at its semicolons, for those who run it one
// statement at a time.
func Statements(script string) []string {
	var out []string
	for _, s := range statements(script, 1) {
		out = append(out, s.text)
	}
	return out
}
