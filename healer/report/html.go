package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"sync"
)

// HTML is a page: one file with its style and pictures in it, or, with a Site,
// a page of the local server.
const HTML Format = "html"

//go:embed web/sheet.css
var stylesheet string

//go:embed web/sheet.html
var templates embed.FS

// Stylesheet is the one stylesheet of reports, digests and the local page.
func Stylesheet() string { return stylesheet }

// Site is what a page of the local server has beside its content.
type Site struct {
	Style  string // where the stylesheet is
	Script string // of the live updates; "": none
	Links  []Link // to the other pages
}

// Link leads to another page of the site.
type Link struct {
	Href string
	Text string
	Here bool // it is this page
}

// sheet is a page as its template sees it.
type sheet struct {
	Site    *Site
	Home    string // of a file among others: their index
	Title   string
	Badge   string
	Tone    string
	Heading string
	On      string // what it is about
	Lead    string
	Parts   []section
	Foot    string
	CSS     template.CSS
	Policy  string
}

// section is a part of a page.
type section struct {
	Heading string
	Blocks  []shown
}

// shown is a block and how it is to be shown.
type shown struct {
	block
	options Options
}

func showAll(blocks []block, o Options) []shown {
	out := make([]shown, len(blocks))
	for i, b := range blocks {
		out[i] = shown{b, o}
	}
	return out
}

// pages parses the templates once. Each block names the template that shows
// it; all escaping is html/template's, by context.
var pages = sync.OnceValue(func() *template.Template {
	t := template.New("pages")
	t.Funcs(template.FuncMap{"show": func(s shown) (template.HTML, error) {
		name, data := s.html(s.options)
		if name == "" {
			return "", nil
		}
		var b bytes.Buffer
		err := t.ExecuteTemplate(&b, name, data)
		return template.HTML(b.String()), err //nolint:gosec // the same templates wrote it
	}})
	return template.Must(t.ParseFS(templates, "web/sheet.html"))
})

// filePolicy lets a file load nothing and run nothing, whatever it holds; only
// its own style counts.
func filePolicy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'",
		base64.StdEncoding.EncodeToString(sum[:]))
}

// page writes the document as a page.
func (d *document) page(w io.Writer, o Options) error {
	s := sheet{
		Site: o.Site, Home: d.home, Title: Plain(d.title), Heading: Plain(d.title), Tone: tone(d.colour), Lead: Plain(d.lead),
		CSS: template.CSS(stylesheet), Policy: filePolicy(stylesheet), Foot: d.foot, //nolint:gosec // ours
	}
	if d.heading != "" {
		s.Heading, s.Badge, s.On = Plain(d.heading), Plain(d.badge), Plain(d.on)
	}
	if s.Foot == "" {
		s.Foot = "Written by pgmend. Times are UTC."
	}
	for _, p := range d.parts {
		s.Parts = append(s.Parts, section{p.heading, showAll(p.blocks, o)})
	}
	var b bytes.Buffer
	if err := pages().ExecuteTemplate(&b, "sheet", s); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	_, err := b.WriteTo(w)
	return err
}

// tone is a colour's name in the stylesheet.
func tone(c colour) string {
	return map[colour]string{green: "good", yellow: "warn", red: "bad", cyan: "accent"}[c]
}

func (p pairs) html(Options) (string, any) {
	type pair struct{ Name, Value string }
	var out []pair
	for _, kv := range p {
		if kv[1] != "" {
			out = append(out, pair{kv[0], Plain(kv[1])})
		}
	}
	return "pairs", out
}

func (s sentence) html(Options) (string, any) { return "sentence", Plain(string(s)) }

func (l bullets) html(Options) (string, any) { return "bullets", plainAll(l) }

func (c code) html(Options) (string, any) { return "code", highlight(Lines(string(c))) }

func (p prose) html(Options) (string, any) { return "prose", richText(string(p)) }

func (s stacked) html(o Options) (string, any) { return "stacked", showAll(s, o) }

// wide is how many columns a phone cannot show beside each other.
const wide = 5

// class is how the cells of a column look: what one may copy is monospaced,
// and what may be of any length breaks anywhere.
func class(column string) string {
	switch column {
	case "id":
		return "mono id"
	case "rule", "plan", "digest":
		return "mono"
	case "started":
		return "when"
	case "took", "busy", "time", "waited", "held", "WAL", "total", "calls", "mean", "p50", "p95", "p99", "max":
		return "tight"
	case "object", "sql", "relation":
		return "mono long"
	case "remark", "finding", "why", "value", "tables", "users and applications":
		return "long"
	}
	return ""
}

// unfolded is how many rows are seen of a table that has more than twice as
// many. A browser measures every cell of a table before it shows the first,
// which takes a second for 500 findings on a phone; what is folded away it does
// not measure.
const unfolded = 50

type table struct {
	Name    string
	Columns []string
	Rows    [][]field
	Wide    bool
	Rest    *table
}

type field struct{ Column, Class, Tone, Href, Text string }

func (g *grid) html(o Options) (string, any) {
	v := table{Name: g.name, Columns: g.columns, Wide: len(g.columns) >= wide}
	for _, r := range g.rows {
		var cells []field
		for i, s := range r.cells {
			c := field{Column: g.columns[i], Text: Plain(s)}
			if i == 0 {
				c.Tone = tone(r.colour)
			}
			c.Class = class(c.Column)
			if (o.Site != nil || g.beside) && c.Column == g.linked && s != "" {
				c.Href = g.to(s)
			}
			cells = append(cells, c)
		}
		v.Rows = append(v.Rows, cells)
	}
	if len(v.Rows) > 2*unfolded {
		rest := v
		v.Rows, rest.Rows = v.Rows[:unfolded], v.Rows[unfolded:]
		v.Rest = &rest
	}
	return "grid", v
}

func (l numbered) html(Options) (string, any) { return "numbered", plainAll(l) }

func plainAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = Plain(s)
	}
	return out
}

func (l links) html(Options) (string, any) {
	type link struct{ Title, Href string }
	var out []link
	for _, x := range l {
		out = append(out, link{Plain(x[0]), Plain(x[1])})
	}
	return "links", out
}
