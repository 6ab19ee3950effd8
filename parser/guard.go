package parser

import (
	"errors"
	"fmt"
	"strings"
)

// The limits of what the C parser is given. It recurses over the syntax tree
// without looking at the stack: SELECT 1+1+… with 24,000 terms is a SIGSEGV
// that Go cannot catch, on a stack of 8 MiB.
const (
	MaxLength = 1 << 20 // bytes; a longer text is scanned
	maxDepth  = 3000    // estimated levels of the syntax tree
)

var (
	errNUL    = errors.New("the text holds a NUL byte, where the parser would stop")
	errLength = fmt.Errorf("the text is longer than %d bytes", MaxLength)
	errDepth  = fmt.Errorf("the text nests deeper than %d levels", maxDepth)
)

// safe says why a text must not be given to the C parser.
func safe(sql string) error {
	switch {
	case len(sql) > MaxLength:
		return errLength
	case strings.IndexByte(sql, 0) >= 0:
		return errNUL
	case depth(sql) > maxDepth:
		return errDepth
	}
	return nil
}

// depth estimates, from above, how deep the syntax tree is: each operator of
// a chain and each bracket is a level. A comma, AND and OR end a chain of
// operators, because the grammar makes flat lists of them. They do not end a
// chain of set operations or joins: SELECT 1, 1 UNION SELECT 1, 1 UNION …
func depth(sql string) int {
	var m meter
	for i := 0; i < len(sql); {
		kind, n := next(sql[i:])
		switch kind {
		case TokenOperator:
			m.chain++
		case TokenPunct:
			m.punct(sql[i : i+n])
		case TokenWord:
			m.word(sql[i : i+n])
		}
		m.deepest = max(m.deepest, m.outer+m.total())
		i += n
	}
	return m.deepest
}

// meter counts the levels at one place of a text.
type meter struct {
	bracket
	open    []bracket // those around the open brackets
	outer   int       // their sum
	deepest int
}

// bracket is what stands within one pair of brackets.
type bracket struct {
	chain int // operators since the last comma, AND or OR
	joins int // set operations, joins and CASE so far
}

func (l bracket) total() int { return l.chain + l.joins }

func (m *meter) punct(mark string) {
	switch mark {
	case ":":
		m.chain++
	case "(", "[":
		// An indirection or a call is one level more than what it is of.
		m.chain++
		m.open = append(m.open, m.bracket)
		m.outer += m.total()
		m.bracket = bracket{}
	case ")", "]":
		if last := len(m.open) - 1; last >= 0 {
			m.bracket, m.open = m.open[last], m.open[:last]
			m.outer -= m.total()
		}
	case ",":
		m.chain = 0
	case ";":
		if len(m.open) == 0 {
			m.bracket = bracket{}
		}
	}
}

// word counts a key word that can begin another level by itself.
func (m *meter) word(word string) {
	if len(word) > len("intersect") {
		return
	}
	var buf [keywordLength]byte
	switch string(lower(word, &buf)) {
	case "and", "or":
		m.chain = 0
	case "union", "intersect", "except", "join", "case":
		m.joins++
	case "not", "is", "isnull", "notnull", "when", "in", "like", "ilike", "similar", "between", "collate", "at",
		"with", "select", "explain":
		m.chain++
	}
}
