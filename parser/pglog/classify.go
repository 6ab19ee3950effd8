package pglog

import "strings"

// class is one kind of event: how to know it, and how to read it.
type class struct {
	kind     Kind
	states   []string // SQLSTATEs; none: a message that is no error
	patterns []string // texts of the server; none: the SQLSTATE says it
	quoted   []string // what the quoted names are, where a translation hides the text
	body     func(fields, *Record) Body
}

// reader is a class with its patterns taken apart.
type reader struct {
	class
	compiled []pattern
}

// classifier knows records by SQLSTATE and by text. It does not change once
// it is made.
type classifier struct {
	byState map[string][]*reader
	byText  map[string][]*reader // by the first word
	open    []*reader            // a pattern begins with a hole
}

// all knows all classes.
var all = newClassifier()

// classLists are all classes; of those that fit, the first is taken.
func classLists() [][]class {
	return [][]class{serverClasses, recoveryClasses, activityClasses, sqlClasses, errorClasses}
}

func newClassifier() *classifier {
	c := &classifier{byState: map[string][]*reader{}, byText: map[string][]*reader{}}
	for _, list := range classLists() {
		for _, cl := range list {
			c.add(cl)
		}
	}
	return c
}

func (c *classifier) add(cl class) {
	r := &reader{class: cl}
	words := map[string]bool{}
	for _, text := range cl.patterns {
		p := compile(text)
		r.compiled = append(r.compiled, p)
		word, _, complete := strings.Cut(p.literals[0], " ")
		if !complete && (len(p.holes) > 0 || p.open) { // the first word is not whole
			word = ""
		}
		words[word] = true
	}
	for word := range words {
		if word == "" {
			c.open = append(c.open, r)
		} else {
			c.byText[word] = append(c.byText[word], r)
		}
	}
	for _, s := range cl.states {
		c.byState[s] = append(c.byState[s], r)
	}
}

// Classify says what a record reports: by its SQLSTATE, then by its text.
// Other is the kind of what no class knows.
func Classify(rec Record) Event { return all.classify(rec) }

func (c *classifier) classify(rec Record) Event {
	e := Event{Kind: Other, Record: rec}
	if rec.Foreign {
		return e
	}
	// 00 is success, 01 a warning: the text must say which.
	failed := rec.SQLState != "" && !strings.HasPrefix(rec.SQLState, "00") && !strings.HasPrefix(rec.SQLState, "01")
	if list := c.byState[rec.SQLState]; list != nil {
		if r, f := choose(list, rec.Message); r != nil {
			return r.event(e, f)
		}
		for _, r := range list { // translated, or a wording we do not know
			if failed && (len(list) == 1 || len(r.patterns) == 0) {
				return r.event(e, r.byQuotes(rec.Message))
			}
		}
	}
	if failed {
		return e
	}
	if s := statement(&rec); s != nil {
		e.Kind, e.Body = StatementLogged, s
		if s.Phase == "" || s.DurationMS != nil {
			e.Kind = Duration
		}
		if s.Phase == "plan" {
			e.Kind = Plan
		}
		return e
	}
	word, _, _ := strings.Cut(rec.Message, " ")
	for _, list := range [][]*reader{c.byText[word], c.open} {
		if r, f := choose(list, rec.Message); r != nil && (rec.SQLState == "" || len(r.states) == 0) {
			return r.event(e, f)
		}
	}
	return e
}

// choose returns the first reader with a pattern that fits.
func choose(list []*reader, message string) (*reader, fields) {
	for _, r := range list {
		for _, p := range r.compiled {
			if f, ok := p.match(message); ok {
				return r, f
			}
		}
	}
	return nil, nil
}

func (r *reader) event(e Event, f fields) Event {
	e.Kind = r.kind
	if r.body != nil {
		e.Body = r.body(f, &e.Record)
	}
	return e
}

// byQuotes reads a translated message by the order of its quoted names.
func (r *reader) byQuotes(message string) fields {
	f := fields{}
	for i, name := range quoted(message) {
		if i < len(r.quoted) {
			f[r.quoted[i]] = name
		}
	}
	return f
}
