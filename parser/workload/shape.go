package workload

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/pgmend/pgmend/parser"
)

// The bounds of what is kept of statements.
const (
	shapeCap = 10_000  // different shapes
	textCap  = 4 << 10 // bytes of an example
	knownCap = 50_000  // parsed texts that are recognised by their address
)

// shape is a statement without its literals.
type shape struct {
	id          int
	fingerprint string
	kind        string
	text        string // an example, its literals masked
	tables      []parser.Table
	parsed      bool
}

// Shapes are those of a whole log. All sheets of a scan share them.
type Shapes struct {
	mu    sync.Mutex
	byKey map[string]*shape
	list  []*shape // by id; the first is what came beyond the cap
}

// NewShapes returns an empty collection.
func NewShapes() *Shapes {
	return &Shapes{byKey: map[string]*shape{}, list: []*shape{{text: Other}}}
}

// of finds the shape of parsed statements: the same fingerprint and the same
// tables. The fingerprint alone will not do, it takes events_2024 for
// events_2025. A text that could not be parsed is its own shape.
func (s *Shapes) of(list []parser.Statement) *shape {
	var key strings.Builder
	parsed := true
	for i := range list {
		x := &list[i]
		parsed = parsed && x.Parsed
		if x.Fingerprint == "" {
			key.WriteString(x.Text)
		} else {
			key.WriteString(x.Fingerprint)
		}
		for _, t := range x.Tables {
			key.WriteString("\x00" + t.Catalog + "\x01" + t.Schema + "\x01" + t.Name + "\x01" + string(t.Access))
		}
		key.WriteByte('\x02')
	}
	var texts []string
	for i := range list {
		texts = append(texts, list[i].Text)
	}
	text := clip(strings.Join(texts, "; "), textCap)
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.byKey[key.String()]; known != nil {
		known.text = min(known.text, text) // whoever came first: a log is summed up the same each time
		return known
	}
	if len(s.list) > shapeCap || len(list) == 0 {
		return s.list[0]
	}
	n := &shape{id: len(s.list), fingerprint: list[0].Fingerprint, kind: list[0].Kind, text: text, parsed: parsed}
	for _, x := range list {
		n.tables = append(n.tables, x.Tables...)
	}
	if len(list) > 1 {
		n.fingerprint, n.kind = "", "several"
	}
	s.byKey[key.String()] = n
	s.list = append(s.list, n)
	return n
}

// all are the shapes so far.
func (s *Shapes) all() []*shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// clip cuts a text at the border of a character, and gives it bytes of its own.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return strings.Clone(s)
	}
	n := limit
	for n > limit-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// usage is how a shape was used.
type usage struct {
	calls     int64 // statements and executions
	times     Histogram
	plans     Histogram // auto_explain's, which repeats what log_min_duration_statement may say too
	prepare   int64     // µs of parse and bind
	rows      int64
	rowsKnown int64 // statements whose rows are in rows
	failed    int64
	users     names
	apps      names
	databases names
	span      span
}

func (u *usage) merge(o *usage) {
	u.calls += o.calls
	u.times.Merge(&o.times)
	u.plans.Merge(&o.plans)
	u.prepare += o.prepare
	u.rows += o.rows
	u.rowsKnown += o.rowsKnown
	u.failed += o.failed
	u.users.merge(&o.users)
	u.apps.merge(&o.apps)
	u.databases.merge(&o.databases)
	u.span.merge(o.span)
}
