package page_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer/page"
	"github.com/pgmend/pgmend/healer/report"
)

// TestInChromium looks at every page, and at reports as files, in a real
// browser. make test-page brings the browser and names it.
func TestInChromium(t *testing.T) {
	browser, check, found := strings.Cut(os.Getenv("PGMEND_PAGE_CHECK"), " ")
	if !found {
		t.Skip("PGMEND_PAGE_CHECK names no browser and check; make test-page does")
	}
	folder := os.Getenv("PGMEND_PAGE_SHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	hub := page.NewHub()
	address, _ := serve(t, page.Config{Source: source{}, Hub: hub, Token: token})
	args := []string{check, browser, folder}
	for _, path := range paths {
		args = append(args, "http://me:"+token+"@"+address+path)
	}
	for name, write := range files(t) {
		path := filepath.Join(t.TempDir(), name+".html")
		var b bytes.Buffer
		if err := write(&b, report.Options{Format: report.HTML}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "file://"+path)
	}
	out, err := exec.CommandContext(t.Context(), "node", args...).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// files are the reports that are one file.
func files(t *testing.T) map[string]func(io.Writer, report.Options) error {
	t.Helper()
	n, err := source{}.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one, err := source{}.Repair(t.Context(), n.Repairs[2].ID)
	if err != nil {
		t.Fatal(err)
	}
	digest := report.Period(begin, begin.Add(8*time.Hour), n.Findings, n.Repairs)
	digest.Held = n.Held
	many := report.Period(begin, begin.Add(24*time.Hour), nil, nil)
	for i := range 500 {
		f := finding(i%20, "index/duplicate", "orders_by_day", "open")
		many.Findings = append(many.Findings, f)
		many.Repairs = append(many.Repairs, attempt(i, f, "verified"))
	}
	return map[string]func(io.Writer, report.Options) error{
		"repair": one.Write, "digest": digest.Write, "of-500": many.Write,
		"index": report.Index{Digests: []report.DigestFile{{Name: "daily-2026-11-24T0700Z.html", Kind: "daily", At: begin}}}.Write,
	}
}
