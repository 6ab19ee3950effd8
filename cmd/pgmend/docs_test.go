package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// manual are commands of the documentation that change the machine, and what
// in this test stands for them.
var manual = map[string]string{
	"git clone https://github.com/pgmend/pgmend && cd pgmend":    "the checkout that this test is in",
	"curl --unix-socket /run/pgmend/page.sock http://localhost/": "TestTheDaemonServesItsPage",
	"make demo": "TestDemo, and that the target is there",
	"sudo apt install ./bin/packages/pgmend_*.deb": "make test-packages",
	"sudoedit /etc/pgmend/config.yaml":             "make test-packages",
	"sudo systemctl enable --now pgmend":           "make test-packages",
	"pgmend doctor":                                "TestDoctor, and make test-packages",
}

// TestTheDocumentationsCommands runs what README.md and docs/ tell people to
// run, in that order, against a real server: db1 and shop are this test's.
func TestTheDocumentationsCommands(t *testing.T) {
	for _, name := range []string{"README.md", "docs/first-week.md", "docs/rules.md"} {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".md"), func(t *testing.T) {
			root, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			p := &newcomer{patientOf(t), root}
			p.files(string(text))
			commands := commandsOf(string(text))
			if len(commands) == 0 {
				t.Fatal("it has no commands")
			}
			for _, c := range commands {
				p.follow(c)
			}
		})
	}
}

// commandsOf are the lines of the shell blocks, without remarks.
func commandsOf(text string) []string {
	var out []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "  #")
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

// newcomer does what the documentation says.
type newcomer struct {
	*player
	root string // of the checkout
}

// patientOf is a player in a folder of its own, whose shop has faults.
func patientOf(t *testing.T) *player {
	t.Helper()
	p := &player{t: t, work: t.TempDir()}
	t.Chdir(p.work)
	p.env = map[string]string{
		"HOME": p.work, "PGMEND_STATE": filepath.Join(p.work, "state"), "PGMEND_CONTROL_SOCKET": filepath.Join(p.work, "sock"),
		"PGMEND_CONFIG": filepath.Join(p.work, "config.yaml"), "PGMEND_PG": pgtest.One(t).Dir,
	}
	p.write("postgresql.log", strings.Repeat("2026-11-24 14:14:38.000 UTC [7] app@shop LOG:  duration: 0.211 ms  statement: SELECT 1 FROM orders WHERE id = 7\n", 9))
	p.write("config.yaml", "rules:\n  statistics/*: {min_rows: 1000}\n")
	p.connect()
	p.env["PGUSER"] = p.env["ME"]
	grants, err := pg.SetupSQL(pg.SetupRequest{
		Version: p.server.Major * 10000, Observer: p.env["ME"], Healer: p.env["ME"], Owners: []string{p.owner}, Databases: []string{p.database},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.server.Exec(t, p.database, "postgres", grants)
	p.server.Exec(t, p.database, p.owner, "CREATE TABLE loaded AS SELECT g AS id FROM generate_series(1, 60000) AS g")
	return p
}

// files writes the files that a page shows and names just before.
func (p *newcomer) files(text string) {
	for _, m := range regexp.MustCompile("(?s)to `([\\w./-]+)`:\n\n```\\w+\n(.*?)```").FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(m[1], "/") {
			continue
		}
		path := filepath.Join(p.work, m[1])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(m[2]), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// follow does what one line says.
func (p *newcomer) follow(line string) {
	p.t.Helper()
	if _, ok := manual[line]; ok {
		return
	}
	line = strings.TrimSuffix(line, " | less")
	args := words(strings.TrimPrefix(line, "sudo "))
	switch args[0] {
	case "make":
		// What it would do is known to make; doing it would change this machine.
		c := exec.CommandContext(p.t.Context(), "make", append([]string{"-n", "-C", p.root}, args[1:]...)...)
		if out, err := c.CombinedOutput(); err != nil {
			p.t.Errorf("%s: %v: %s", line, err, out)
		}
	case "pgmend":
		for i, a := range args {
			args[i] = map[string]string{"db1": p.env["PGHOST"], "shop": p.database}[a]
			if args[i] == "" {
				args[i] = a
			}
		}
		var stdout, stderr bytes.Buffer
		ctx, cancel := context.WithTimeout(p.t.Context(), patience)
		defer cancel()
		if code := Main(ctx, args[1:], func(k string) string { return p.env[k] }, strings.NewReader(""), &stdout, &stderr); code != exitOK {
			p.t.Errorf("%s: exit code %d\n%s%s", line, code, &stdout, &stderr)
		}
		if i := slices.Index(args, "-o"); i > 0 {
			if text, err := os.ReadFile(args[i+1]); err != nil || !bytes.Contains(text, []byte("</html>")) {
				p.t.Errorf("%s: no page came of it: %v", line, err)
			}
		}
	default:
		p.t.Errorf("nothing runs %q", line)
	}
}
