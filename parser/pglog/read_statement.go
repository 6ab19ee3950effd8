package pglog

import (
	"strconv"
	"strings"
)

// phases are what a message about a statement calls the steps of the
// extended protocol; the longer come first.
var phases = []struct{ text, phase string }{
	{"statement: ", "statement"}, {"execute fetch from ", "fetch"}, {"execute ", "execute"}, {"parse ", "parse"}, {"bind ", "bind"},
	{"plan:\n", "plan"},
}

// statement reads what log_statement, log_duration, log_min_duration_statement
// and auto_explain write; nil if the message is none of it.
func statement(r *Record) *Statement {
	if r.Severity != "LOG" && r.Severity != "" {
		return nil
	}
	s := &Statement{}
	rest, timed := strings.CutPrefix(r.Message, "duration: ")
	if timed {
		ms, after, ok := strings.Cut(rest, " ms")
		n, err := strconv.ParseFloat(ms, 64)
		if !ok || err != nil {
			return nil
		}
		s.DurationMS = &n
		if rest = strings.TrimPrefix(after, "  "); rest == "" {
			s.Parameters = parameters(r.Detail)
			return s
		}
	}
	for _, p := range phases {
		text, ok := strings.CutPrefix(rest, p.text)
		if !ok {
			continue
		}
		s.Phase, s.SQL = p.phase, text
		if p.phase != "statement" && p.phase != "plan" {
			name, sql, ok := strings.Cut(text, ": ")
			if !ok {
				return nil
			}
			s.Name, s.SQL = name, sql
		}
		s.Parameters = parameters(r.Detail)
		return s
	}
	return nil
}

// parameters reads `Parameters: $1 = '1', $2 = NULL`; to version 15 the word
// begins in lower case. A value that the server cut ends in `...`.
func parameters(detail string) (out []Param) {
	rest, ok := strings.CutPrefix(detail, "Parameters: ")
	if !ok {
		if rest, ok = strings.CutPrefix(detail, "parameters: "); !ok {
			return nil
		}
	}
	for strings.HasPrefix(rest, "$") {
		name, value, ok := strings.Cut(rest, " = ")
		if !ok {
			return out
		}
		p := Param{Name: name}
		if after, null := strings.CutPrefix(value, "NULL"); null {
			p.Null, rest = true, after
		} else if p.Value, rest, ok = quotedValue(value); !ok {
			return out
		}
		out = append(out, p)
		rest = strings.TrimPrefix(rest, ", ")
	}
	return out
}

// quotedValue reads 'it”s' and returns what follows it.
func quotedValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, "'") {
		return "", s, false
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], "''", "'"), s[i+1:], true
	}
	return strings.ReplaceAll(s[1:], "''", "'"), "", true
}
