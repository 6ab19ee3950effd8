package report

import (
	"io"
	"strings"
)

// document is for people: a title and parts, as plain text, Markdown or a page.
type document struct {
	title  string
	colour colour
	parts  []part

	// Only pages have these. With a heading, the title is for the window.
	badge, heading, on, lead, foot string
	home                           string // the index of the files beside it
}

type part struct {
	heading string
	blocks  []block
}

// block is one element of a document. All ways of writing it escape it.
type block interface {
	text(o Options) string
	markdown() string
	html(o Options) (template string, data any)
}

func (d *document) add(heading string, blocks ...block) {
	d.parts = append(d.parts, part{heading, blocks})
}

func (d *document) write(w io.Writer, o Options) error {
	if o.format() == HTML {
		return d.page(w, o)
	}
	var b strings.Builder
	md := o.format() == Markdown
	if md {
		b.WriteString("# " + markdown(d.title) + "\n")
	} else {
		c := d.colour
		if c == plain {
			c = bold
		}
		b.WriteString(o.paint(c, Plain(d.title)) + "\n")
	}
	for _, p := range d.parts {
		if p.silent(o) {
			continue
		}
		switch {
		case p.heading == "":
		case md:
			b.WriteString("\n## " + markdown(p.heading) + "\n")
		default:
			b.WriteString("\n" + o.paint(bold, Plain(p.heading)) + "\n")
		}
		for _, x := range p.blocks {
			if md {
				if s := x.markdown(); s != "" {
					b.WriteString("\n" + s)
				}
			} else {
				b.WriteString(indent(x.text(o)))
			}
		}
	}
	return emit(w, b.String())
}

// silent reports whether a part has only pictures, and this is no page.
func (p part) silent(o Options) bool {
	for _, x := range p.blocks {
		if o.format() == Markdown && x.markdown() != "" || o.format() != Markdown && x.text(o) != "" {
			return false
		}
	}
	return len(p.blocks) > 0
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// pairs are names and values; pairs without a value are left out.
type pairs [][2]string

func (p pairs) text(o Options) string {
	width := 0
	for _, kv := range p {
		if kv[1] != "" {
			width = max(width, len(kv[0]))
		}
	}
	var b strings.Builder
	for _, kv := range p {
		if kv[1] != "" {
			b.WriteString(o.paint(dim, kv[0]) + strings.Repeat(" ", width-len(kv[0])+2) + Plain(kv[1]) + "\n")
		}
	}
	return b.String()
}

func (p pairs) markdown() string {
	var b strings.Builder
	for _, kv := range p {
		if kv[1] != "" {
			b.WriteString("- **" + markdown(kv[0]) + "**: " + markdown(kv[1]) + "\n")
		}
	}
	return b.String()
}

// sentence is a paragraph of ours that may hold names from the database.
type sentence string

func (s sentence) text(Options) string { return Plain(string(s)) + "\n" }
func (s sentence) markdown() string    { return markdown(string(s)) + "\n" }

// bullets are short lines.
type bullets []string

func (l bullets) text(Options) string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString("- " + Plain(s) + "\n")
	}
	return b.String()
}

func (l bullets) markdown() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString("- " + markdown(s) + "\n")
	}
	return b.String()
}

// code is SQL.
type code string

func (c code) text(Options) string {
	return strings.TrimRight(Lines(string(c)), "\n") + "\n"
}

func (c code) markdown() string { return fence("sql", string(c)) }

// prose is Markdown that a rule's author wrote. It is trusted to be Markdown,
// not to leave a terminal alone.
type prose string

func (p prose) text(Options) string { return strings.TrimRight(Lines(string(p)), "\n") + "\n" }
func (p prose) markdown() string    { return strings.TrimRight(Lines(string(p)), "\n") + "\n" }

// grid is a table within a document.
type grid struct{ list }

func (g *grid) text(o Options) string { return g.table(o) }
func (g *grid) markdown() string      { return g.list.markdown() }
