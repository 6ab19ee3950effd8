package pglog

import "strings"

// phases are what a message about a statement calls the steps of the
// extended protocol; the longer come first.
var phases = [...]struct {
	text, phase string
	named       bool // a prepared statement's name comes before the text
}{
	{"statement: ", "statement", false}, {"execute fetch from ", "fetch", true}, {"execute ", "execute", true},
	{"parse ", "parse", true}, {"bind ", "bind", true}, {"plan:\n", "plan", false},
}

// statement reads a record about a statement; nil if it is about something
// else.
func statement(r *Record) *Statement {
	if r.Message == "" || !isStatement(r.Message) && r.Message[0] < 0x80 && strings.IndexByte("ADdeiksv", r.Message[0]) < 0 {
		return nil // begins with no word of any language
	}
	if s := new(Statement); s.Read(r) {
		return s
	}
	return nil
}

// Read reads what log_statement, log_duration, log_min_duration_statement and
// auto_explain write; false if the record is none of it. It allocates nothing
// but for parameters, so one Statement can serve a whole log; its texts live
// as long as the record's.
func (s *Statement) Read(r *Record) bool {
	*s = Statement{Parameters: s.Parameters[:0]}
	if r.Message == "" || r.Foreign || r.Severity != "LOG" && r.Severity != "" {
		return false
	}
	if !isStatement(r.Message) {
		return s.translated(r)
	}
	rest, timed := strings.CutPrefix(r.Message, "duration: ")
	if timed {
		n := strings.IndexByte(rest, ' ')
		if n < 0 || !strings.HasPrefix(rest[n:], " ms") {
			return false
		}
		var ok bool
		if s.ms, ok = parseFloat(rest[:n]); !ok {
			return false
		}
		s.DurationMS = &s.ms
		if rest = strings.TrimPrefix(rest[n+3:], "  "); rest == "" {
			s.parameters(r.Detail)
			return true
		}
	}
	for i := range phases {
		p := &phases[i]
		text, ok := strings.CutPrefix(rest, p.text)
		if !ok {
			continue
		}
		s.Phase, s.SQL = p.phase, text
		if p.named {
			if s.Name, s.SQL, ok = strings.Cut(text, ": "); !ok {
				return false
			}
		}
		s.parameters(r.Detail)
		return true
	}
	return false
}

// parameters reads `Parameters: $1 = '1', $2 = NULL`; to version 15 the word
// begins in lower case, and it is translated. A value that the server cut
// ends in `...`.
func (s *Statement) parameters(detail string) {
	_, rest, ok := strings.Cut(detail, ": ")
	if !ok {
		return
	}
	for strings.HasPrefix(rest, "$") {
		name, value, ok := strings.Cut(rest, " = ")
		if !ok {
			return
		}
		p := Param{Name: name}
		if after, null := strings.CutPrefix(value, "NULL"); null {
			p.Null, rest = true, after
		} else if p.Value, rest, ok = quotedValue(value); !ok {
			return
		}
		s.Parameters = append(s.Parameters, p)
		rest = strings.TrimPrefix(rest, ", ")
	}
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
