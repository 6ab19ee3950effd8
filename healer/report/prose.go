package report

import (
	"bytes"
	"html/template"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
)

// sanitizer lets through what text needs, and links that are followed by
// nobody's search engine. It has no scripts, styles, images or forms.
var sanitizer = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr", "h3", "h4", "h5", "h6")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
})

// richText makes HTML of Markdown, which a site's rule or an AI may have
// written: raw HTML in it is dropped by goldmark, and what comes out passes
// the sanitizer.
func richText(markdown string) template.HTML {
	var b bytes.Buffer
	if err := goldmark.Convert([]byte(Lines(markdown)), &b); err != nil {
		return template.HTML(template.HTMLEscapeString(Lines(markdown))) //nolint:gosec // escaped here
	}
	return template.HTML(sanitizer().SanitizeBytes(b.Bytes())) //nolint:gosec // sanitized here
}
