package pglog

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Event is what a record reports. The kinds and the bodies are closed sets.
type Event struct {
	Kind   Kind
	Record Record
	Body   Body // nil where the kind says all
}

// Body is the typed part of an event: a pointer to one of the structs of
// body.go.
type Body interface{ body() }

// Kind names an event. Where an SQLSTATE has a condition name, the kind is
// that name.
type Kind string

// MarshalJSON writes the kind and the fields of the body, not the record.
func (e Event) MarshalJSON() ([]byte, error) {
	kind, err := json.Marshal(e.Kind)
	if err != nil {
		return nil, err
	}
	out := append([]byte(`{"kind":`), kind...)
	if e.Body != nil {
		body, err := json.Marshal(e.Body)
		if err != nil {
			return nil, err
		}
		if fields := bytes.TrimPrefix(body, []byte("{")); len(fields) > 1 {
			out = append(append(out, ','), fields...)
			return out, nil
		}
	}
	return append(out, '}'), nil
}

// DurationMS is how long the reported statement took, in milliseconds.
func (e Event) DurationMS() (ms float64, ok bool) {
	if s, is := e.Body.(*Statement); is && s.DurationMS != nil {
		return *s.DurationMS, true
	}
	return 0, false
}

// Fields are what a rule may narrow itself by: schema, table, constraint,
// column, function, arguments, sqlstate, user and database, as far as they are
// known. A function is as the statement wrote it, with its schema or without; its
// arguments are their types, of which unknown is that of a literal.
func (e Event) Fields() map[string]string {
	f := map[string]string{"sqlstate": e.Record.SQLState, "user": e.Record.User, "database": e.Record.Database}
	switch b := e.Body.(type) {
	case *Violation:
		f["schema"], f["table"], f["constraint"] = b.Schema, b.Table, b.Constraint
		if len(b.Columns) == 1 {
			f["column"] = b.Columns[0]
		}
	case *Object:
		switch b.Type {
		case "relation", "table":
			f["schema"], f["table"] = b.Schema, b.Name
		case "column":
			f["schema"], f["table"], f["column"] = b.Schema, b.Table, b.Name
		case "function":
			f["function"], f["arguments"], _ = strings.Cut(b.Name, "(")
			f["arguments"] = strings.TrimSuffix(f["arguments"], ")")
		}
	case *Vacuum:
		f["database"], f["schema"], f["table"] = b.Database, b.Schema, b.Table
	}
	for k, v := range f {
		if v == "" {
			delete(f, k)
		}
	}
	return f
}

// Matches says that an entry of a rule's `on:` names this event: its kind or
// its SQLSTATE.
func (e Event) Matches(on string) bool {
	return on == string(e.Kind) || strings.EqualFold(on, e.Record.SQLState)
}
