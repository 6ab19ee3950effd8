package workload

import (
	"strings"

	"github.com/pgmend/pgmend/parser/pglog"
)

// errorKey tells failures apart.
type errorKey struct{ severity, state, kind, message string }

// failure is one way to fail.
type failure struct {
	count     int64
	span      span
	statement string // an example, its literals masked
	users     names
	databases names
}

func (f *failure) merge(o *failure) {
	f.count += o.count
	f.span.merge(o.span)
	if f.statement == "" {
		f.statement = o.statement
	}
	f.users.merge(&o.users)
	f.databases.merge(&o.databases)
}

// other takes a record that is about no statement's time.
func (s *Sheet) other(r *pglog.Record, at int64) {
	e := pglog.Classify(*r)
	s.kinds.add(e.Kind, 1)
	s.severities.add(r.Severity, 1)
	s.event(&e, at)
	switch r.Severity {
	case "ERROR", "FATAL", "PANIC", "WARNING":
	default:
		return
	}
	if at != 0 && r.Severity != "WARNING" {
		s.line.slot(at).Errors++
	}
	var x *shape
	if r.Statement != "" {
		x = s.shape(r.Statement)
		if r.Severity == "ERROR" {
			s.usage(x).failed++
		}
	}
	key := errorKey{r.Severity, r.SQLState, string(e.Kind), outline(r.Message, &e)}
	f := s.errors.at(key, func() (errorKey, *failure) {
		return errorKey{strings.Clone(key.severity), strings.Clone(key.state), strings.Clone(key.kind), strings.Clone(key.message)}, &failure{}
	})
	if f == nil {
		return
	}
	f.count++
	f.span.add(at)
	f.users.add(r.User, 1)
	f.databases.add(r.Database, 1)
	if x != nil && f.statement == "" {
		f.statement = x.text
	}
}

// outline is a message without what it quotes: that is the user's data,
// unless the message is about an object of the catalog. Numbers go too, so
// that messages of one kind are one.
func outline(message string, e *pglog.Event) string {
	names := false
	switch e.Body.(type) {
	case *pglog.Violation, *pglog.Object, *pglog.Vacuum, *pglog.Setting, *pglog.Connection:
		names = true
	}
	message, _, _ = strings.Cut(message, "\n")
	var b strings.Builder
	for i := 0; i < len(message) && b.Len() < textCap/8; {
		switch c := message[i]; {
		case c == '"' || c == '\'' && (i == 0 || message[i-1] == ' '):
			n := strings.IndexByte(message[i+1:], c)
			if names && c == '"' && n >= 0 {
				b.WriteString(message[i : i+n+2])
			} else {
				b.WriteString(`"…"`)
			}
			if n < 0 {
				return b.String()
			}
			i += n + 2
		case c >= '0' && c <= '9' && (i == 0 || !letter(message[i-1])):
			b.WriteByte('N')
			for i < len(message) && message[i] >= '0' && message[i] <= '9' {
				i++
			}
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }
