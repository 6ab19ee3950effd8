package parser

import (
	"slices"
	"strings"
)

// approximate names the tables of a text that the grammar refuses: newer
// syntax, placeholders of a driver, a truncated statement. It follows the
// tokens only: after FROM, JOIN, INTO and the like stands a name. It is
// written in Go, so it also serves where the C parser was killed.
func approximate(sql string) Statement {
	words := slices.DeleteFunc(Tokens(sql), func(t Token) bool {
		return t.Kind == TokenSpace || t.Kind == TokenComment
	})
	var e extractor
	ctes := withNames(words)
	previous := ""
	var calls []string // the words before the open parentheses
	for i := 0; i < len(words); i++ {
		word := keyword(words[i])
		switch words[i].Text {
		case "(":
			calls = append(calls, previous)
		case ")":
			calls = calls[:max(0, len(calls)-1)]
		}
		access := accessAfter(word, previous)
		if word == "from" && len(calls) > 0 && takesFrom(calls[len(calls)-1]) {
			access = ""
		}
		if word == "on" && access == "" && i < 12 && createsOn(words[:i]) {
			access = DDL
		}
		previous = word
		if access == "" {
			continue
		}
		if access == DDL && i+1 < len(words) && words[i+1].Text == "(" {
			i = closingParenthesis(words, i+1) // the options of VACUUM and ANALYZE
		}
		for i+1 < len(words) {
			parts, n := nameAt(words, i+1)
			if n == 0 {
				break
			}
			i += n
			if len(parts) > 1 || !slices.Contains(ctes, parts[0]) || access != Read {
				e.named(parts, access)
			}
			// FROM a, b: but only where a comma follows at once or after an alias.
			next := i + 1
			if next < len(words) && words[next].Kind == TokenWord && !reserved(keyword(words[next])) {
				next++
			}
			if word != "from" && access != DDL || next >= len(words) || words[next].Text != "," {
				break
			}
			i = next
		}
	}
	s := e.result()
	s.CTEs = append(s.CTEs, ctes...)
	return s
}

func keyword(t Token) string {
	if t.Kind != TokenWord {
		return ""
	}
	return strings.ToLower(t.Text)
}

// accessAfter says how the name behind a key word is accessed; "" where none
// follows.
func accessAfter(word, previous string) Access {
	switch word {
	case "from":
		if previous == "delete" {
			return Write
		}
		if previous == "distinct" {
			return ""
		}
		return Read
	case "join", "using", "references":
		return Read
	case "into", "update", "copy":
		if previous == "for" || previous == "do" || previous == "on" {
			return ""
		}
		return Write
	case "table", "truncate":
		return DDL
	case "vacuum", "analyze", "lock":
		if previous == "" {
			return DDL
		}
	}
	return ""
}

// createsOn reports whether a statement begins as one that creates something
// on a table.
func createsOn(words []Token) bool {
	if len(words) < 2 || keyword(words[0]) != "create" {
		return false
	}
	return slices.ContainsFunc(words, func(t Token) bool {
		switch keyword(t) {
		case "index", "trigger", "policy":
			return true
		}
		return false
	})
}

// closingParenthesis returns where the parenthesis that opens at i closes.
func closingParenthesis(words []Token, i int) int {
	depth := 0
	for ; i < len(words); i++ {
		switch words[i].Text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(words)
}

// takesFrom reports whether FROM is part of a function's own syntax.
func takesFrom(function string) bool {
	switch function {
	case "extract", "substring", "trim", "overlay", "position":
		return true
	}
	return false
}

// reserved words that cannot be an alias and end a FROM entry.
func reserved(word string) bool {
	switch word {
	case "where", "join", "inner", "left", "right", "full", "cross", "natural", "on", "using", "group", "order",
		"having", "limit", "union", "returning", "set", "values", "select", "when", "as":
		return true
	}
	return false
}

// nameAt reads a name, with its qualifiers, and how many tokens it takes.
func nameAt(words []Token, i int) (parts []string, n int) {
	for i+n < len(words) {
		switch w := keyword(words[i+n]); w {
		case "only", "lateral", "if", "not", "exists", "table", "full", "freeze", "verbose", "concurrently":
			n++
			continue
		case "select", "with", "values", "unnest", "set", "current":
			return nil, 0
		}
		break
	}
	for i+n < len(words) {
		t := words[i+n]
		switch t.Kind {
		case TokenWord:
			parts = append(parts, fold(t.Text))
		case TokenQuoted:
			name := unquote(t.Text)
			if name == "" {
				return nil, 0
			}
			parts = append(parts, name)
		default:
			return nil, 0
		}
		n++
		if i+n >= len(words) || words[i+n].Text != "." {
			break
		}
		n++
	}
	if i+n < len(words) && words[i+n].Text == "(" && len(parts) > 0 && !insertList(words, i) {
		return nil, 0 // a function
	}
	if len(parts) == 0 || len(parts) > 3 {
		return nil, 0
	}
	return parts, n
}

// insertList reports whether the parenthesis behind a name is a list of
// columns, as after INTO, and not the arguments of a function.
func insertList(words []Token, i int) bool {
	for i--; i >= 0; i-- {
		switch keyword(words[i]) {
		case "into", "table", "copy", "exists", "references", "on":
			return true
		case "only", "if", "not":
			continue
		}
		return false
	}
	return false
}

// withNames are the names of WITH queries.
func withNames(words []Token) []string {
	var out []string
	for i := 0; i+2 < len(words); i++ {
		w := keyword(words[i])
		begins := w == "with" || w == "recursive" || words[i].Text == ","
		if begins && words[i+1].Kind == TokenWord && (keyword(words[i+2]) == "as" && i+3 < len(words) && words[i+3].Text == "(") {
			out = append(out, fold(words[i+1].Text))
		}
	}
	return out
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

func unquote(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "U&"), "u&")
	text = strings.TrimPrefix(text, `"`)
	text = strings.TrimSuffix(text, `"`)
	return clip63(strings.ReplaceAll(text, `""`, `"`))
}

func clip63(s string) string {
	if len(s) <= 63 {
		return s
	}
	cut := 63
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut]
}
