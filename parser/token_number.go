package parser

import "strings"

// number reads a number, and what PostgreSQL calls trailing junk: it is
// refused, but may be the rest of a literal without quotes. A key word at its
// end is none: 1AND is 1 and AND.
func number(s string) int {
	n := decimals(s)
	if n < len(s) && s[n] == '.' && (n+1 == len(s) || s[n+1] != '.') { // 1..10 is PL/pgSQL's
		n += 1 + decimals(s[n+1:])
	}
	for n < len(s) {
		word := run(s[n:], charStart|charDigit)
		if word == 0 || followsNumber(s[n:n+word]) {
			break
		}
		n += word
		if exponent := s[n-1]|0x20 == 'e'; exponent && n+1 < len(s) && (s[n] == '+' || s[n] == '-') && chars[s[n+1]]&charDigit != 0 {
			n++
		}
	}
	return n
}

// wellFormed reports whether a number is one to PostgreSQL 16: 12, 1_000, 0x1F,
// 1.5, .5, 1e-3.
func wellFormed(s string) bool {
	if n := run(s, charDigit); n == len(s) {
		return true
	}
	if len(s) > 2 && s[0] == '0' {
		switch s[1] | 0x20 {
		case 'x':
			return digits(s[2:], "0123456789abcdefABCDEF") == len(s)-2
		case 'o':
			return digits(s[2:], "01234567") == len(s)-2
		case 'b':
			return digits(s[2:], "01") == len(s)-2
		}
	}
	n := decimals(s)
	if n < len(s) && s[n] == '.' {
		n++
		n += decimals(s[n:])
	}
	if n > 0 && n < len(s) && s[n]|0x20 == 'e' {
		if n++; n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		exponent := decimals(s[n:])
		return exponent > 0 && n+exponent == len(s)
	}
	return n == len(s)
}

// digits is how many of them a text begins with; one underscore may stand
// before each.
func digits(s, set string) int {
	n := 0
	for n < len(s) {
		at := n
		if s[at] == '_' {
			at++
		}
		if at == len(s) || strings.IndexByte(set, s[at]) < 0 {
			break
		}
		n = at + 1
	}
	return n
}

func decimals(s string) int {
	n := run(s, charDigit)
	if n > 0 && n < len(s) && s[n] == '_' {
		n = digits(s, "0123456789")
	}
	return n
}

// followsNumber reports whether a key word may stand right behind a number.
func followsNumber(word string) bool {
	var buf [keywordLength]byte
	switch string(lower(word, &buf)) {
	case "and", "or", "as", "is", "in", "not", "then", "else", "when", "end", "from", "where", "group", "order",
		"having", "limit", "offset", "union", "except", "intersect", "between", "like", "asc", "desc", "rows",
		"returning", "on", "for", "fetch", "loop":
		return true
	}
	return false
}
