package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestRichText(t *testing.T) {
	for _, c := range []struct{ markdown, want string }{
		{"*a* **b** `c < d` & e", "<p><em>a</em> <strong>b</strong> <code>c &lt; d</code> &amp; e</p>\n"},
		{"# One\n\n### Three", "<h3>One</h3>\n<h3>Three</h3>\n"},
		{"```sql\nSELECT '<b>'\n```", "<pre><code>SELECT '&lt;b&gt;'\n</code></pre>\n"},
		{"[the manual](https://www.postgresql.org/docs/ \"onclick\")", `<p><a href="https://www.postgresql.org/docs/" rel="nofollow noreferrer">the manual</a></p>` + "\n"},
		{"<https://example.org/a?b=1&c=2>", `<p><a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noreferrer">https://example.org/a?b=1&amp;c=2</a></p>` + "\n"},
		{"[*x* y](javascript:alert(1)) [z](/etc) [q](//evil.example/) [p](http://plain.example/) [m](#main)", "<p><em>x</em> y z q p m</p>\n"},
		{"<javascript:alert(1)&lt;> <ada@example.org>", "<p>javascript:alert(1)&amp;lt; ada@example.org</p>\n"},
		{"![a *cat*](https://evil.example/x.png)", "<p>a <em>cat</em></p>\n"},
		{"[![a](https://evil.example/x.png)](https://example.org/)", `<p><a href="https://example.org/" rel="nofollow noreferrer">a</a></p>` + "\n"},
		{"a <b onclick=x>b</b>\n\n<script>alert(1)</script>\n\nc", "<p>a b</p>\n<p>c</p>\n"},
		{"3. x\n4. y", "<ol start=\"3\">\n<li>x</li>\n<li>y</li>\n</ol>\n"},
	} {
		if got := string(richText(c.markdown)); got != c.want {
			t.Errorf("%q becomes\n%s, want\n%s", c.markdown, got, c.want)
		}
	}
}

// FuzzRichText: whatever the Markdown says, only these elements and attributes
// come out of it, and links lead to https.
func FuzzRichText(f *testing.F) {
	for _, seed := range []string{
		"<script>alert(1)</script>", "a <b onclick=x>", "[a](javascript:alert(1))", "![b](https://evil.example/x.png \"t\")", "<javascript:x>",
		"[a]: https://x.example 'y'\n\n[a] ![a]", "```\"><script>\nx\n```", "&lt;script&gt; &#60;b&#62;", "<!-- --> <?php ?> <![CDATA[x]]>",
		"# a {#id onclick=x}", "> - 1. [x](<https://a b>)\n***\n", "a\\\nb  \nc", "<https://x.example/\" onclick=\"x>", "<https://x.exampl\"x>",
	} {
		f.Add(seed)
	}
	attributes := map[string][]string{
		"p": nil, "em": nil, "strong": nil, "code": nil, "pre": nil, "ul": nil, "ol": {"start"}, "li": nil, "blockquote": nil, "br": nil, "hr": nil,
		"h3": nil, "h4": nil, "h5": nil, "h6": nil, "a": {"href", "rel"},
	}
	check := func(n html.Token) error {
		allowed, known := attributes[n.Data]
		if !known {
			return fmt.Errorf("there is a <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains(allowed, a.Key) {
				return fmt.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
			if a.Key == "href" && !leadsOut([]byte(a.Val)) {
				return fmt.Errorf("a link leads to %q", a.Val)
			}
		}
		return nil
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		z := html.NewTokenizer(strings.NewReader(string(richText(markdown))))
		for z.Next() != html.ErrorToken {
			switch n := z.Token(); n.Type {
			case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
				if err := check(n); err != nil {
					t.Fatalf("%q: %v", markdown, err)
				}
			case html.CommentToken, html.DoctypeToken:
				t.Fatalf("%q: there is %s", markdown, n)
			}
		}
	})
}
