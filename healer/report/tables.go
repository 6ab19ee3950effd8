package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// Statements writes what SQL touches: a row for each table and way of access.
func Statements(w io.Writer, all []parser.Statement, o Options) error {
	switch o.format() {
	case JSON:
		return writeJSON(w, map[string]any{"schema_version": SchemaVersion, "statements": Filled(all)})
	case JSONL:
		items := make([]any, len(all))
		for i, s := range Filled(all) {
			items[i] = s
		}
		return writeLines(w, items)
	}
	l := &list{name: "tables", columns: []string{"statement", "kind", "table", "access", "columns", "remark"}}
	for i, s := range all {
		for _, t := range s.Tables {
			l.add(nil, plain, fmt.Sprint(i+1), s.Kind, relation(t), string(t.Access), columnsOf(s, t), remarks(s, t))
		}
	}
	return l.write(w, o)
}

// Filled returns the statements with empty lists for JSON where there is none.
func Filled(all []parser.Statement) []parser.Statement {
	out := make([]parser.Statement, len(all))
	for i, s := range all {
		if s.Tables == nil {
			s.Tables = []parser.Table{}
		}
		if s.Columns == nil {
			s.Columns = []parser.Column{}
		}
		s.CTEs = some(s.CTEs)
		out[i] = s
	}
	return out
}

func relation(t parser.Table) string {
	s := quoted(t.Name)
	if t.Schema != "" {
		s = quoted(t.Schema) + "." + s
	}
	if t.Catalog != "" {
		s = quoted(t.Catalog) + "." + s
	}
	return s
}

// columnsOf names the columns of a table, each once, in the order of mention.
func columnsOf(s parser.Statement, t parser.Table) string {
	var names []string
	seen := make(map[string]bool)
	for _, c := range s.Columns {
		if c.Table == t.Name && !seen[c.Name] {
			seen[c.Name] = true
			names = append(names, quoted(c.Name))
		}
	}
	return strings.Join(names, ", ")
}

func remarks(s parser.Statement, t parser.Table) string {
	var out []string
	if t.System {
		out = append(out, "system")
	}
	if t.Temporary {
		out = append(out, "temporary")
	}
	if !s.Parsed {
		out = append(out, "approximate: "+s.Err)
	}
	return strings.Join(out, ", ")
}
