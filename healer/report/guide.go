package report

import (
	"fmt"
	"io"
	"strings"
)

// Guide is advice as it is shown to people: what it is about, and what to do.
type Guide struct {
	Title    string
	About    [][2]string // names and values: theme, source …
	Summary  string      // Markdown
	Evidence [][2]string
	Steps    []string
	Risks    []string
	Rules    []string
	Links    [][2]string // titles and addresses
}

// Write writes it as text or as Markdown.
func (g Guide) Write(w io.Writer, o Options) error {
	d := &document{title: g.Title}
	d.add("", pairs(g.About))
	d.add("", prose("\n"+g.Summary))
	if len(g.Evidence) > 0 {
		d.add("Evidence", pairs(g.Evidence))
	}
	if len(g.Steps) > 0 {
		d.add("Steps", numbered(g.Steps))
	}
	if len(g.Risks) > 0 {
		d.add("Risks", bullets(g.Risks))
	}
	if len(g.Rules) > 0 {
		d.add("Rules", bullets(g.Rules))
	}
	if len(g.Links) > 0 {
		d.add("Documentation", links(g.Links))
	}
	return d.write(w, o)
}

// numbered are steps in their order.
type numbered []string

func (l numbered) text(Options) string { return l.lines(Plain) }
func (l numbered) markdown() string    { return l.lines(markdown) }

func (l numbered) lines(escaped func(string) string) string {
	var b strings.Builder
	for i, s := range l {
		fmt.Fprintf(&b, "%d. %s\n", i+1, escaped(s))
	}
	return b.String()
}

// links are titles and the addresses they lead to, which we vouch for.
type links [][2]string

func (l links) text(Options) string {
	var b strings.Builder
	for _, x := range l {
		b.WriteString(Plain(x[0]) + ": " + Plain(x[1]) + "\n")
	}
	return b.String()
}

func (l links) markdown() string {
	var b strings.Builder
	for _, x := range l {
		b.WriteString("- [" + markdown(x[0]) + "](<" + strings.NewReplacer("<", "", ">", "").Replace(Plain(x[1])) + ">)\n")
	}
	return b.String()
}
