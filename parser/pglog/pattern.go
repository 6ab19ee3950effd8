package pglog

import "strings"

// pattern is a message of the server with names for what it fills in:
// `relation "{name}" does not exist`. {pid#} takes digits only; a pattern
// that ends in … may be followed by anything. The text is the server's own,
// so a pattern can be compared with its source.
type pattern struct {
	literals []string // one more than holes
	holes    []string
	open     bool
}

func compile(text string) pattern {
	var p pattern
	text, p.open = strings.CutSuffix(text, "…")
	for {
		before, rest, found := strings.Cut(text, "{")
		p.literals = append(p.literals, before)
		if !found {
			return p
		}
		hole, after, _ := strings.Cut(rest, "}")
		p.holes = append(p.holes, hole)
		text = after
	}
}

// match returns what stands in the holes, or nil and false. A hole is as
// short as what follows it allows; the last one reaches to the end.
func (p pattern) match(s string) (fields, bool) {
	s, ok := strings.CutPrefix(s, p.literals[0])
	if !ok {
		return nil, false
	}
	var values [12]string // no map before it is sure
	for i, hole := range p.holes {
		next := p.literals[i+1]
		at := strings.Index(s, next)
		switch last := i == len(p.holes)-1; {
		case last && next == "":
			at = len(s)
		case last && !p.open:
			if !strings.HasSuffix(s, next) {
				return nil, false
			}
			at = len(s) - len(next)
		}
		if at < 0 {
			return nil, false
		}
		if strings.HasSuffix(hole, "#") && !isNumber(s[:at]) {
			return nil, false
		}
		values[i] = s[:at]
		s = s[at+len(next):]
	}
	if s != "" && !p.open {
		return nil, false
	}
	f := make(fields, len(p.holes))
	for i, hole := range p.holes {
		f[strings.TrimSuffix(hole, "#")] = values[i]
	}
	return f, true
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.-") == ""
}

// fields are the named texts of a message.
type fields map[string]string

func (f fields) int(name string) int     { return atoi(f[name]) }
func (f fields) int64(name string) int64 { return atoi64(f[name]) }

// quotes are what the server's translations put around names.
var quotes = [...][2]string{{`"`, `"`}, {"«", "»"}, {"„", "“"}, {"“", "”"}, {"»", "«"}, {"”", "”"}}

// quoted returns the names that a message quotes, in any language.
func quoted(s string) (names []string) {
	for s != "" {
		at, pair := -1, quotes[0]
		for _, q := range quotes {
			if i := strings.Index(s, q[0]); i >= 0 && (at < 0 || i < at) {
				at, pair = i, q
			}
		}
		if at < 0 {
			return names
		}
		s = s[at+len(pair[0]):]
		end := strings.Index(s, pair[1])
		if end < 0 {
			return names
		}
		// French puts no-break spaces inside of its quotes.
		names = append(names, strings.Trim(s[:end], " \u00a0\u202f"))
		s = s[end+len(pair[1]):]
	}
	return names
}
