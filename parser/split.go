package parser

import (
	"iter"
	"strings"
)

// blank is white space to PostgreSQL: ASCII's.
const blank = " \t\n\v\f\r"

// Split takes a text apart at its semicolons, but not at those inside of
// quotes, of a rule's parentheses or of a BEGIN ATOMIC body. What a script has
// that is not SQL, the rows of COPY and psql's commands, is left out.
func Split(sql string) []string {
	var out []string
	for one := range statements(sql) {
		out = append(out, one)
	}
	return out
}

// Pieces is Split, for a text that may hold more statements than are to be
// held: what is behind the first so many comes as one.
func Pieces(sql string) []string {
	var out []string
	for one, rest := range statements(sql) {
		if len(out) == maxStatements {
			return append(out, rest)
		}
		out = append(out, one)
	}
	return out
}

// statements is Split, one by one, each with all of the text from there on.
func statements(sql string) iter.Seq2[string, string] {
	sql = withoutData(sql)
	return func(yield func(one, rest string) bool) {
		var s splitter
		start := 0
		for i := 0; i < len(sql); {
			kind, n := next(sql[i:])
			ends, text := s.follow(kind, sql[i:i+n]), sql[start:i]
			i += n
			if !ends {
				continue
			}
			if s.tokens > 0 && !yield(strings.Trim(text, blank), sql[start:]) {
				return
			}
			start, s = i, splitter{}
		}
		if s.tokens > 0 {
			yield(strings.Trim(sql[start:], blank), sql[start:])
		}
	}
}

// splitter is what a semicolon depends on.
type splitter struct {
	tokens   int    // of the statement so far
	creates  bool   // it begins with CREATE
	rule     bool   // it creates a rule, which may hold statements in parentheses
	parens   int    // that are open in a rule
	blocks   int    // BEGIN ATOMIC and CASE that are open
	previous string // token
}

// follow takes in a token and reports whether it ends the statement.
func (s *splitter) follow(kind TokenKind, text string) bool {
	switch {
	case kind <= TokenComment:
		return false
	case kind == TokenPunct && text == ";" && (s.parens <= 0 || !s.rule) && s.blocks == 0:
		return true
	case s.tokens == 0:
		s.creates = is(text, "create")
	case s.creates:
		s.within(kind, text)
	}
	s.tokens++
	s.previous = text
	return false
}

// within follows what CREATE may hold semicolons in.
func (s *splitter) within(kind TokenKind, text string) {
	switch {
	case kind == TokenPunct && text == "(":
		s.parens++
	case kind == TokenPunct && text == ")":
		s.parens--
	case kind != TokenWord:
	case s.tokens < 4 && is(text, "rule"):
		s.rule = true
	case is(text, "atomic") && is(s.previous, "begin"), s.blocks > 0 && is(text, "case"):
		s.blocks++
	case s.blocks > 0 && is(text, "end"):
		s.blocks--
	}
}
