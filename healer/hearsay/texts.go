package hearsay

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

// party begins the statement of one of the processes of a deadlock, in its
// DETAIL; the lines before say who waits for whom.
var party = regexp.MustCompile(`^Process [0-9]+: (.*)$`)

// Texts are the statements that an event names: the one that the server logged
// with it and, of a deadlock, those of the others.
func Texts(e pglog.Event) []string {
	var out []string
	if e.Kind == pglog.Deadlock {
		for line := range strings.Lines(e.Record.Detail) {
			line = strings.TrimRight(line, "\n")
			if m := party.FindStringSubmatch(line); m != nil {
				out = append(out, m[1])
			} else if len(out) > 0 {
				out[len(out)-1] += "\n" + line
			}
		}
	}
	if len(out) == 0 && e.Record.Statement != "" {
		out = append(out, e.Record.Statement)
	}
	return out[:min(len(out), maxNames)]
}

// name notes what the statements touch. Their texts are masked; one that is
// not may hold a secret and is left out.
func (e *entry) name(of pglog.Event, statements []parser.Statement) {
	for _, s := range statements {
		if s.Text != "" && len(e.Statements) < maxNames {
			e.Statements = append(e.Statements, short(parser.Mask(s.Text)))
		}
		for _, t := range s.Tables {
			if !t.System {
				e.table(t.Schema, t.Name)
			}
		}
	}
	switch b := of.Body.(type) {
	case *pglog.Violation:
		e.table(b.Schema, b.Table)
	case *pglog.Object:
		if b.Type == "relation" || b.Type == "table" {
			e.table(b.Schema, b.Name)
		}
	}
}

func (e *entry) table(schema, name string) {
	if name == "" || len(e.Tables) >= maxNames {
		return
	}
	if schema != "" {
		name = schema + "." + name
	}
	if name = short(name); !slices.Contains(e.Tables, name) {
		e.Tables = append(e.Tables, name)
	}
}

// session says whose session it was. A process is gone tomorrow, a user, a
// program and a host come again.
func session(r pglog.Record) string {
	var parts []string
	for _, p := range []struct{ before, text string }{{"", r.User}, {"in ", r.Database}, {"from ", r.Host}, {"with ", r.App}} {
		if p.text != "" {
			parts = append(parts, p.before+short(p.text))
		}
	}
	return short(strings.Join(parts, " "))
}

// echo reports whether another record tells the same: with log_lock_waits a
// deadlock is told once by who finds it, and once as the error that it becomes.
func echo(e pglog.Event) bool {
	return e.Kind == pglog.Deadlock && e.Record.Severity == "LOG"
}

// size is what a temporary file took.
func size(e pglog.Event) int64 {
	if f, ok := e.Body.(*pglog.File); ok && e.Kind == pglog.TempFile {
		return f.Bytes
	}
	return 0
}
