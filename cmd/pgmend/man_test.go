package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each command has a page, with each of its flags; no text of theirs is taken
// for a request of the typesetter's.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	said := new(output)
	if code := Main(t.Context(), []string{"man", dir}, func(string) string { return "" }, strings.NewReader(""), said, said); code != exitOK {
		t.Fatalf("exit code %d: %s", code, said)
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Log("groff is not installed; the pages are not set")
	}
	pages := manPages(newApp(func(string) string { return "" }, strings.NewReader(""), said, said).root())
	request := regexp.MustCompile(`^\.(TH .*|SH [A-Z ]+|TP|PP|nf|fi)$`)
	for name, text := range pages {
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !request.MatchString(line) {
				t.Errorf("%s: %q is a request", name, line)
			}
		}
		path := filepath.Join(dir, "man"+name[len(name)-1:], name)
		written, err := os.ReadFile(path)
		if err != nil || string(written) != text && !strings.HasPrefix(name, "pgmend.1") {
			t.Errorf("%s is written otherwise: %v", name, err) // the first one lists cobra's own commands, too
		}
		if groff == "" {
			continue
		}
		if out, err := exec.Command(groff, "-man", "-Kutf8", "-Tutf8", "-ww", "-z", path).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	for page, want := range map[string][]string{
		"pgmend.1":      {`\-h, \-\-host`, "PGMEND_STATE", `pgmend\-heal(1)`, "Exit codes"},
		"pgmend-heal.1": {`\-\-risk string`, `(default medium)`, `statistics/*`},
		"pgmend.yaml.5": {`\fBconnection.healer.password_file\fR`, `\fBlogs[].prefix\fR`, "Default: observe"},
	} {
		for _, text := range want {
			if !strings.Contains(pages[page], text) {
				t.Errorf("%s has no %s:\n%s", page, text, pages[page])
			}
		}
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		".hidden": `\&.hidden`, `a\b`: `a\eb`, "'quoted'": `\(aqquoted\(aq`, "--yes": `\-\-yes`,
	} {
		if got := roff(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
