package report

import "io"

// Event is an entry of the catalogue of events.
type Event struct {
	Code   string `json:"code"`
	Action string `json:"action"`
	Level  string `json:"level"`
	Alert  string `json:"alert"` // critical, warning, or ""
	Title  string `json:"title"`
	ToDo   string `json:"to_do"`
}

// Events writes the catalogue.
func Events(w io.Writer, all []Event, o Options) error {
	l := &list{name: "events", columns: []string{"code", "event", "level", "alert", "what", "what to do"}}
	for _, e := range all {
		l.add(e, plain, e.Code, e.Action, e.Level, e.Alert, e.Title, e.ToDo)
	}
	return l.write(w, o)
}

// Check is one thing that doctor looked at.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // ok, warning, failed, skipped
	Detail string `json:"detail"`
	Fix    string `json:"fix"` // what to run or change; "": nothing
}

// Checks writes what doctor found.
func Checks(w io.Writer, all []Check, o Options) error {
	l := &list{name: "checks", columns: []string{"check", "status", "what", "fix"}}
	for _, c := range all {
		colour := plain
		switch c.Status {
		case "ok":
			colour = green
		case "warning":
			colour = yellow
		case "failed":
			colour = red
		}
		l.add(c, colour, c.Name, c.Status, c.Detail, c.Fix)
	}
	return l.write(w, o)
}
