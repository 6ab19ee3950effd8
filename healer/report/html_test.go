package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/workload"
)

// page writes a report as a page.
func page(t testing.TB, write func(io.Writer, report.Options) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, report.Options{Format: report.HTML}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// elements are a page's, in their order.
func elements(root *html.Node) []*html.Node {
	var out []*html.Node
	for n := root.FirstChild; n != nil; n = n.NextSibling {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
		out = append(out, elements(n)...)
	}
	return out
}

// inert says what in a page a browser would run, load or send.
func inert(page []byte) error {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return err
	}
	for _, n := range elements(root) {
		switch n.Data {
		case "script", "iframe", "object", "embed", "img", "form", "base", "image", "foreignobject", "animate", "set", "use":
			return fmt.Errorf("the page has a %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src":
				return fmt.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "https://") && a.Val != "#main" && a.Val != "data:,":
				return fmt.Errorf("%s leads to %q", n.Data, a.Val)
			}
		}
	}
	return nil
}

// Any text stays text in a page, wherever it stands.
func TestHostilePage(t *testing.T) {
	samples := []string{
		hostile, "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</title></style></svg><script>x", "javascript:alert(1)",
		"[a](javascript:alert(1)) ![b](https://evil.example/x.png) <b onclick=x>", "{{.}} {{template \"x\"}}", "\x00\xff&lt;",
	}
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom(samples), rapid.String()).Draw(r, "text")
		f := finding("F1", text, text)
		f.Title, f.Rule, f.BlockedBy = text, text, text
		a := attempt(f)
		a.Err, a.Actor, a.UndoneBy, a.Guards = text, text, text, []string{text}
		a.Steps[0].SQL, a.Steps[0].Outcome.Tag, a.Plan.UndoNone = text, text, text
		a.Before.Measures[0].Name = text
		s := report.Period(at(0), at(59), []healer.Finding{f}, []healer.Attempt{a})
		s.Held = []healer.Planned{{Plan: a.Plan, Decision: healer.Decision{Verdict: healer.Wait, Guard: text, Reason: text}}}
		for _, write := range []func(io.Writer, report.Options) error{
			report.Repair{Attempt: a, Guidance: text, Source: text, Version: text, Config: text, Earlier: []healer.Attempt{a}}.Write, s.Write,
		} {
			var b bytes.Buffer
			if err := write(&b, report.Options{Format: report.HTML}); err != nil {
				r.Fatal(err)
			}
			if err := inert(b.Bytes()); err != nil {
				r.Fatal(err)
			}
		}
	})
}

func TestInertSees(t *testing.T) {
	for _, bad := range []string{"<script>", "<a href='javascript:x'>", "<p onclick=x>", "<img src=x>", "<p style=x>"} {
		if inert([]byte(bad)) == nil {
			t.Errorf("%s is taken for inert", bad)
		}
	}
}

// A page's own policy lets its own style through, or it would have none.
func TestTheStyleIsWhatThePolicyAllows(t *testing.T) {
	root, err := html.Parse(bytes.NewReader(page(t, report.Repair{Attempt: attempt(finding("F1", "public", "x"))}.Write)))
	if err != nil {
		t.Fatal(err)
	}
	var policy, style string
	for _, n := range elements(root) {
		switch {
		case n.Data == "style":
			style = n.FirstChild.Data
		case n.Data == "meta" && n.Attr[0].Key == "http-equiv":
			policy = n.Attr[1].Val
		}
	}
	sum := sha256.Sum256([]byte(style))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
		t.Errorf("the policy is %s, the style needs %s", policy, want)
	}
}

// A digest of 500 repairs stays below 2 MB.
func TestTheSizeOfALargeDigest(t *testing.T) {
	const limit = 2 << 20
	if n := len(page(t, large(500).Write)); n > limit {
		t.Errorf("500 repairs make %s, the limit is %s", report.Size(int64(n)), report.Size(limit))
	}
}

// A long table opens with its first rows; the rest is there, folded away.
func TestALongTableIsFolded(t *testing.T) {
	for _, c := range []struct{ rows, folded int }{{100, 0}, {120, 70}} {
		var fs []healer.Finding
		for i := range c.rows {
			fs = append(fs, finding(fmt.Sprintf("F%011x", i), "public", fmt.Sprintf("orders_%d", i)))
		}
		root, err := html.Parse(bytes.NewReader(page(t, report.Period(at(0), at(59), fs, nil).Write)))
		if err != nil {
			t.Fatal(err)
		}
		folded, rows := 0, 0
		for _, n := range elements(root) {
			if n.Data != "tr" || n.Parent.Data != "tbody" {
				continue
			}
			rows++
			for up := n.Parent; up != nil; up = up.Parent {
				if up.Data == "details" {
					folded++
				}
			}
		}
		if rows != c.rows || folded != c.folded {
			t.Errorf("of %d findings %d are on the page and %d folded away, want %d", c.rows, rows, folded, c.folded)
		}
	}
}

func large(n int) report.Summary {
	var fs []healer.Finding
	var as []healer.Attempt
	for i := range n {
		f := finding(fmt.Sprintf("F%d", i), "public", fmt.Sprintf("orders_by_something_%d", i))
		f.Status, f.LastSeen = healer.Resolved, at(40)
		a := attempt(f)
		a.ID, a.Started = fmt.Sprintf("01JDEXAMPLE00000000000%04d", i), at(2).Add(time.Duration(i)*time.Second)
		fs, as = append(fs, f), append(as, a)
	}
	return report.Period(at(0), at(59), fs, as)
}

func BenchmarkLargeDigest(b *testing.B) {
	s := large(500)
	for b.Loop() {
		if err := s.Write(io.Discard, report.Options{Format: report.HTML}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLogsPage: what a log holds is text on the page, whoever wrote it.
func TestLogsPage(t *testing.T) {
	const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>`
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	l := report.Logs{
		Logs: []workload.Log{{Path: hostile, Prefix: hostile, Error: hostile}},
		Report: &workload.Report{
			From: now, To: now.Add(time.Hour), Statements: 2, SlotSec: 60,
			Timeline: []workload.Slot{{Start: now, Statements: 1}, {Start: now.Add(time.Minute), Statements: 5}},
			Queries:  []workload.Query{{Text: hostile, Calls: 2, Times: workload.Times{Count: 2, TotalMS: 3, MeanMS: 1.5, P99MS: 2}, Tables: []parser.Table{{Name: hostile}}}},
			Tables:   []workload.Table{{Name: hostile, Reads: 2}}, Users: []workload.Name{{Name: hostile, Count: 2}},
			Errors: []workload.Failure{{Severity: "ERROR", Message: hostile, Statement: hostile, Count: 1}},
			Locks:  workload.Locks{Deadlocks: []workload.Deadlock{{Processes: []workload.DeadlockProcess{{PID: 1, Statement: hostile}}}}},
		},
	}
	text := page(t, l.Write)
	root, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range elements(root) {
		if n.Data == "script" || n.Data == "img" {
			t.Errorf("the page has a %s", n.Data)
		}
	}
	if n := strings.Count(string(text), "&lt;script&gt;"); n < 6 {
		t.Errorf("the hostile text is shown %d times", n)
	}
}
