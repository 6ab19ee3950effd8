package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

func TestMain(m *testing.M) {
	// The test binary is also the parser's process, and the program itself
	// where its memory is looked at.
	if len(os.Args) > 1 && (os.Args[1] == workerCommand || os.Args[1] == "tables") {
		os.Exit(Main(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
	}
	pgtest.Exit(m)
}

// TestTranscripts plays testdata/*.txt: each line that begins with "$ " is a
// command, and what follows is what it prints: stdout, then stderr with "! "
// before each line, then the exit code where it is not 0. The commands:
//
//	pgmend ARG...   Main, in this process
//	sql SQL         as the owner of the transcript's database, on a real server
//	sqlfails SQL    the same, and it has to fail
//	apply           runs what the command before printed, as a superuser
//	write FILE TEXT writes a file below $WORK; \n is a new line
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { play(t, name) })
	}
}

// player plays one transcript.
type player struct {
	t        *testing.T
	work     string
	env      map[string]string
	server   *pgtest.Server
	database string
	owner    string
	last     string
}

func play(t *testing.T, name string) {
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, work: t.TempDir()}
	p.env = map[string]string{
		"HOME": p.work, "PGUSER": "somebody", "PGMEND_CONTROL_SOCKET": filepath.Join(p.work, "sock"), "PGMEND_STATE": filepath.Join(p.work, "state"),
		"PGMEND_CONFIG": filepath.Join(p.work, "config.yaml"), "PGMEND_RULES_DIR": filepath.Join(p.work, "rules.d"),
	}
	if err := os.Mkdir(p.env["PGMEND_RULES_DIR"], 0o700); err != nil {
		t.Fatal(err)
	}
	p.write("config.yaml", "mode: observe\n")
	if strings.Contains(string(src), "$DB") {
		p.connect()
	}
	var got strings.Builder
	for line := range strings.Lines(string(src)) {
		command, ok := strings.CutPrefix(line, "$ ")
		if ok {
			got.WriteString(line + p.run(strings.TrimSuffix(command, "\n")))
		} else if strings.HasPrefix(line, "#") {
			got.WriteString(line)
		}
	}
	if *update {
		if err := os.WriteFile(name, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(src), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// connect gives the transcript a database and its owner.
func (p *player) connect() {
	p.server = pgtest.One(p.t)
	p.database = p.server.Database(p.t)
	p.owner = p.server.Role(p.t, "")
	p.server.Exec(p.t, p.database, "postgres", "GRANT CREATE ON SCHEMA public TO "+p.owner)
	host := regexp.MustCompile(`host='([^']*)'`).FindStringSubmatch(p.server.ConnString(p.database, "postgres"))[1]
	p.env["PGHOST"], p.env["PGPORT"], p.env["PGSSLMODE"] = host, "5432", "disable"
	p.env["DB"], p.env["OWNER"], p.env["MAJOR"] = p.database, p.owner, strconv.Itoa(p.server.Major)
	p.env["ME"] = p.owner + "_pgmend"
	// The server is a throwaway one that tests share: what is said of it as a whole is no transcript's.
	p.write("conf.d/shared.yaml", "rules:\n  settings/*: off\n  slot/*: off\n  archiver/*: off\n")
}

func (p *player) expand(s string) string {
	return os.Expand(s, func(k string) string {
		switch k {
		case "WORK":
			return p.work
		case "DB", "OWNER", "MAJOR", "ME", "HASH":
			return p.env[k]
		}
		return "$" + k
	})
}

func (p *player) write(name, text string) {
	path := filepath.Join(p.work, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, `\n`, "\n")), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *player) run(command string) string {
	verb, rest, _ := strings.Cut(p.expand(command), " ")
	switch verb {
	case "sql":
		p.server.Exec(p.t, p.database, p.owner, rest)
		return ""
	case "sqlfails":
		if err := p.server.Try(p.database, p.owner, rest); err == nil {
			p.t.Errorf("it did not fail: %s", rest)
		}
		return ""
	case "apply":
		p.server.Exec(p.t, p.database, "postgres", p.last)
		return ""
	case "write":
		name, text, _ := strings.Cut(rest, " ")
		p.write(name, text)
		return ""
	case "pgmend":
		return p.pgmend(words(rest))
	}
	p.t.Fatalf("there is no command %s", verb)
	return ""
}

// progressLine says how far a command is: there is one for each second that it
// takes, on the machine that it runs on.
var progressLine = regexp.MustCompile(`^\S+ +(\S+ +)?phase +`)

func (p *player) pgmend(args []string) string {
	var stdout, stderr bytes.Buffer
	code := Main(context.Background(), args, func(k string) string { return p.env[k] }, strings.NewReader(""), &stdout, &stderr)
	p.last = stdout.String()
	if hash := regexp.MustCompile(`\b[0-9a-f]{12}\b`).FindString(p.last); hash != "" {
		p.env["HASH"] = hash // of a baseline, to be approved
	}
	var b strings.Builder
	b.WriteString(stdout.String())
	if !strings.HasSuffix(b.String(), "\n") && b.Len() > 0 {
		b.WriteString("\n")
	}
	for line := range strings.Lines(stderr.String()) {
		if !progressLine.MatchString(line) {
			b.WriteString("! " + line)
		}
	}
	if code != 0 {
		b.WriteString("[exit " + strconv.Itoa(code) + "]\n")
	}
	return p.steady(b.String())
}

// steady replaces what differs from run to run, at the same width where
// tables depend on it.
func (p *player) steady(s string) string {
	s = strings.ReplaceAll(s, p.work, "$WORK")
	if p.server != nil {
		for _, k := range []string{"ME", "OWNER", "DB"} {
			s = regexp.MustCompile(`\b`+regexp.QuoteMeta(p.env[k])+`\b`).ReplaceAllString(s, "<"+k+">")
		}
		s = strings.ReplaceAll(s, p.env["PGHOST"], "<HOST>")
	}
	for _, r := range []struct{ what, with string }{
		{`\b01[0-9A-HJKMNP-TV-Z]{24}\b`, "<REPAIR>"},
		{`\bF[0-9a-f]{11}\b`, "<FINDING>"}, {`\bP[0-9a-f]{11}\b`, "<PLAN>"},
		{`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z`, "<TIME>"}, {`\b\d\d:\d\d:\d\d\b`, "<TIME>"},
		{`\b\d+(\.\d+)? (ms|s)\b`, "<ELAPSED>"},
		{`\d+ (bytes|kB|MB)\b`, "<SIZE>"}, {`system \d+`, "system <ID>"}, {`"system_identifier": "\d+"`, `"system_identifier": "<ID>"`},
		{`\b[0-9a-f]{64}\b`, "<HASH>"}, {`\b[0-9a-f]{12}\b`, "<HEAD>"}, {`\b7\d{18}\b`, "<ID>"}, {`PostgreSQL \d+(\.\d+)?([.,]) `, "PostgreSQL <VERSION>$2 "},
		{` WITH INHERIT FALSE, SET TRUE`, ""}, {`((oid *\| *)|E')\d{5,}`, "$1<OID>"}, {`\{\d{5,}(,\d{5,})*\}`, "{<OIDS>}"},
		{`pgmend \S+, go\S+ \S+, `, "pgmend <VERSION>, "},
		{`by +\| *\S+ \(\d+\)`, "by <ACTOR>"}, {`\b\w+ \(\d+\)`, "<ACTOR>"},
		{`process \d+`, "process <PID>"},
		{`-{3,}(\+-{3,})*`, "---"}, {` {2,}`, "  "}, {` *\| *`, " | "},
	} {
		s = regexp.MustCompile(r.what).ReplaceAllString(s, r.with)
	}
	return s
}

// words splits a command line as a shell does: single and double quotes.
func words(s string) []string {
	var out []string
	var b strings.Builder
	quote, open := rune(0), false
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, open = r, true
		case quote == 0 && r == ' ':
			if open || b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
			open = false
		default:
			b.WriteRune(r)
		}
	}
	if open || b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

func TestWords(t *testing.T) {
	want := []string{"a", "b c", "", "d\"e"}
	if got := words(`a 'b c' "" 'd"e'`); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
