package report

import (
	"bytes"
	"html/template"
	"net/url"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdownWriter writes Markdown as HTML. It writes the elements of Markdown
// and nothing else, so there is nothing to be taken out afterwards: raw HTML,
// images and links that lead elsewhere than to https are out of the tree before
// the first byte is written.
var markdownWriter = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(inertTree{}, 100))))
})

// richText makes HTML of Markdown, which a site's rule or an AI may have
// written.
func richText(markdown string) template.HTML {
	var b bytes.Buffer
	if err := markdownWriter().Convert([]byte(Lines(markdown)), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(Lines(markdown))) //nolint:gosec // escaped here
	}
	return template.HTML(b.String()) //nolint:gosec // nothing of it is the text's own HTML
}

// inertTree leaves of a text what a page may show. Links are followed by
// nobody's search engine, and do not say where from.
type inertTree struct{}

func (inertTree) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var all []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			all = append(all, n)
		}
		return ast.WalkContinue, nil
	})
	source := reader.Source()
	for _, n := range all {
		switch x := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock:
			n.Parent().RemoveChild(n.Parent(), n)
		case *ast.Image:
			unwrap(n)
		case *ast.Link:
			if x.Title = nil; !leadsOut(util.URLEscape(x.Destination, true)) { // as it is written
				unwrap(n)
				continue
			}
			unfollowed(n)
		case *ast.AutoLink:
			if !leadsOut(util.URLEscape(x.URL(source), false)) {
				label := ast.NewString(x.Label(source))
				label.SetRaw(true) // it is no Markdown; it is escaped all the same
				n.Parent().ReplaceChild(n.Parent(), n, label)
				continue
			}
			unfollowed(n)
		case *ast.FencedCodeBlock:
			x.Info = nil // the language, which would become a class
		case *ast.Heading:
			x.Level = max(x.Level, 3) // below the page's own
		}
	}
}

// leadsOut reports whether a link leads to a page of the web, and not into this
// one or to a program.
func leadsOut(destination []byte) bool {
	u, err := url.Parse(string(destination))
	return err == nil && u.Scheme == "https" && u.Host != ""
}

func unfollowed(link ast.Node) { link.SetAttributeString("rel", []byte("nofollow noreferrer")) }

// unwrap puts what a node holds in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
}
