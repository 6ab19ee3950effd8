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
	maxLength = 1 << 20 // bytes
	maxDepth  = 3000    // estimated levels of the syntax tree
)

var (
	errNUL    = errors.New("the text holds a NUL byte, where the parser would stop")
	errLength = fmt.Errorf("the text is longer than %d bytes", maxLength)
	errDepth  = fmt.Errorf("the text nests deeper than %d levels", maxDepth)
)

// safe says why a text must not be given to the C parser.
func safe(sql string, tokens []Token) error {
	switch {
	case len(sql) > maxLength:
		return errLength
	case strings.IndexByte(sql, 0) >= 0:
		return errNUL
	case depth(tokens) > maxDepth:
		return errDepth
	}
	return nil
}

// depth estimates, from above, how deep the syntax tree is: each operator of
// a chain and each parenthesis is a level. What separates equal parts, a
// comma, AND, OR, ends a chain, because the grammar makes flat lists of them.
func depth(tokens []Token) int {
	chains := []int{0} // of each open parenthesis
	total, deepest := 0, 0
	add := func(n int) {
		chains[len(chains)-1] += n
		total += n
		deepest = max(deepest, total)
	}
	end := func() {
		total -= chains[len(chains)-1]
		chains[len(chains)-1] = 0
	}
	for _, t := range tokens {
		switch {
		case t.Kind == TokenOperator, t.Kind == TokenPunct && t.Text == ":", t.Kind == TokenPunct && t.Text == "[":
			add(1)
		case t.Kind == TokenPunct && t.Text == "(":
			add(1)
			chains = append(chains, 0)
		case t.Kind == TokenPunct && t.Text == ")" && len(chains) > 1:
			end()
			chains = chains[:len(chains)-1]
		case t.Kind == TokenPunct && t.Text == ",":
			end()
		case t.Kind == TokenPunct && t.Text == ";":
			chains, total = []int{0}, 0
		case t.Kind == TokenWord && separates(t.Text):
			end()
		case t.Kind == TokenWord && nests(t.Text):
			add(1)
		}
	}
	return deepest
}

func separates(word string) bool {
	return strings.EqualFold(word, "and") || strings.EqualFold(word, "or")
}

// nests reports whether a key word can begin another level by itself.
func nests(word string) bool {
	switch strings.ToLower(word) {
	case "not", "is", "isnull", "notnull", "union", "intersect", "except", "join", "case", "when", "in",
		"like", "ilike", "similar", "between", "collate", "at", "with", "select", "explain":
		return true
	}
	return false
}
