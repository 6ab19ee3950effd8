package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// list is rows of one kind, in every format.
type list struct {
	name    string // of the JSON field and, singular forms apart, of the rows
	columns []string
	rows    []row

	linked string // the column whose cells lead to a page of the site
	folder string // of those pages
	beside bool   // the cells lead to files beside this one, also without a site
}

// to is the page that a linked cell leads to.
func (l *list) to(cell string) string { return l.folder + url.PathEscape(cell) }

// row is one thing: its cells, not yet escaped, and its JSON.
type row struct {
	cells  []string
	colour colour // of the first cell
	json   any
}

func (l *list) add(v any, c colour, cells ...string) {
	l.rows = append(l.rows, row{cells: cells, colour: c, json: v})
}

// items are the rows' JSON; never nil, so that JSON says [] and not null.
func (l *list) items() []any {
	out := make([]any, 0, len(l.rows))
	for _, r := range l.rows {
		out = append(out, r.json)
	}
	return out
}

// write writes the list alone.
func (l *list) write(w io.Writer, o Options) error {
	switch o.format() {
	case JSON:
		return writeJSON(w, map[string]any{"schema_version": SchemaVersion, l.name: l.items()})
	case JSONL:
		return writeLines(w, l.items())
	case CSV:
		return l.csv(w)
	case Markdown:
		return emit(w, l.markdown())
	case HTML:
		d := document{title: l.name}
		d.add("", &grid{*l})
		return d.write(w, o)
	}
	return emit(w, l.table(o))
}

func emit(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// writeJSON writes one document, for people's eyes too. HTML in it stays as
// it is: JSON is not HTML, and \u003c in SQL helps nobody.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// moment8601 is a time in JSON; null where there was none.
func moment8601(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// writeLines writes one object a line.
func writeLines(w io.Writer, items []any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, v := range items {
		if err := e.Encode(v); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (l *list) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true // RFC 4180
	if err := c.Write(l.columns); err != nil {
		return err
	}
	for _, r := range l.rows {
		cells := make([]string, len(r.cells))
		for i, s := range r.cells {
			cells[i] = cell(s)
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func (l *list) markdown() string {
	if len(l.rows) == 0 {
		return fmt.Sprintf("No %s.\n", l.name)
	}
	var b strings.Builder
	line := func(cells []string, f func(string) string) {
		for _, s := range cells {
			b.WriteString("| " + f(s) + " ")
		}
		b.WriteString("|\n")
	}
	line(l.columns, markdown)
	line(make([]string, len(l.columns)), func(string) string { return "---" })
	for _, r := range l.rows {
		line(r.cells, markdown)
	}
	return b.String()
}
