package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/rules"
)

// TestPerson reads what the flags and the environment say back with the
// driver, whose precedence is libpq's.
func TestPerson(t *testing.T) {
	for name, c := range map[string]struct {
		env                  map[string]string
		flags                flags
		host, user, database string
		port                 uint16
	}{
		"flags":         {flags: flags{host: "/run/x", port: "5433", user: "ada", database: "shop"}, host: "/run/x", port: 5433, user: "ada", database: "shop"},
		"environment":   {env: map[string]string{"PGHOST": "/e", "PGPORT": "6000", "PGUSER": "eve", "PGDATABASE": "d"}, host: "/e", port: 6000, user: "eve", database: "d"},
		"flags over it": {env: map[string]string{"PGHOST": "/e", "PGUSER": "eve"}, flags: flags{host: "/f", user: "u", database: "d"}, host: "/f", port: 5432, user: "u", database: "d"},
		"conninfo over flags": {flags: flags{host: "/f", user: "u", database: "dbname=other host=/c"},
			host: "/c", port: 5432, user: "u", database: "other"},
		"URI over flags": {flags: flags{host: "/f", port: "1", user: "u", database: "postgresql://v@h:7/other"},
			host: "h", port: 7, user: "v", database: "other"},
		"URI with gaps": {flags: flags{host: "/f", user: "u", database: "postgresql:///other"},
			host: "/f", port: 5432, user: "u", database: "other"},
		"hostile": {flags: flags{host: "/a b", user: `o'h\ara`, database: "we ird' x"}, host: "/a b", port: 5432, user: `o'h\ara`, database: "we ird' x"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range variables() {
				t.Setenv(v.key, "")
			}
			a := &app{env: func(k string) string { return c.env[k] }, flags: c.flags}
			conn, err := a.person()
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgconn.ParseConfig(conn)
			if err != nil {
				t.Fatalf("%v: %s", err, conn)
			}
			if got.Host != c.host || got.Port != c.port || got.User != c.user || got.Database != c.database {
				t.Errorf("%s:%d %s %s from %s", got.Host, got.Port, got.User, got.Database, conn)
			}
		})
	}
}

// --healer is another login for whatever names the server.
func TestHealerLogin(t *testing.T) {
	for name, database := range map[string]string{
		"flags": "shop", "conninfo": "dbname=shop user=ada", "URI": "postgresql://ada:secret@h/shop",
	} {
		a := &app{env: func(string) string { return "" }, flags: flags{host: "h", user: "ada", database: database, healer: "o'healer"}, conf: new(config.Config)}
		c, _, err := a.connection()
		if err != nil {
			t.Fatal(err)
		}
		observer, err := pgconn.ParseConfig(c.Observer)
		if err != nil {
			t.Fatal(err)
		}
		healer, err := pgconn.ParseConfig(c.Healer)
		if err != nil {
			t.Fatal(err)
		}
		if observer.User != "ada" || healer.User != "o'healer" || healer.Host != "h" || healer.Database != "shop" {
			t.Errorf("%s: %s finds, %s repairs in %s on %s", name, observer.User, healer.User, healer.Database, healer.Host)
		}
	}
}

func TestConfigured(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("it's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{env: func(string) string { return "" }}
	c := config.Connection{Conninfo: "host=/old port=1", Host: "/new", SSLMode: "disable"}
	conn, err := a.configured(c, config.Login{User: "healer", PasswordFile: file})
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgconn.ParseConfig(conn)
	if err != nil {
		t.Fatal(err)
	}
	if got.Host != "/new" || got.Port != 1 || got.User != "healer" || got.Password != "it's" {
		t.Errorf("%s:%d %s %s", got.Host, got.Port, got.User, got.Password)
	}
	// A name without a folder is a credential of systemd's.
	if _, err := a.configured(c, config.Login{PasswordFile: "password"}); err == nil || !strings.Contains(err.Error(), "LoadCredential=") {
		t.Errorf("a credential without systemd: %v", err)
	}
	a.env = func(k string) string { return map[string]string{"CREDENTIALS_DIRECTORY": filepath.Dir(file)}[k] }
	if conn, err := a.configured(c, config.Login{PasswordFile: "password"}); err != nil || !strings.Contains(conn, "it\\'s") {
		t.Errorf("a credential of systemd's: %s, %v", conn, err)
	}
	if err := os.Chmod(file, 0o644); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	if _, err := a.configured(c, config.Login{PasswordFile: file}); err == nil || !strings.Contains(err.Error(), "chmod o=") {
		t.Errorf("a password that anybody can read: %v", err)
	}
}

func planned(id string, risk rules.Risk, v healer.Verdict) healer.Planned {
	p := healer.Plan{ID: id, Risk: risk, Steps: []healer.PlannedStep{{SQL: "VACUUM x"}}}
	p.Finding.ID, p.Finding.Object.Name = "F"+id, "x"+id
	return healer.Planned{Plan: p, Decision: healer.Decision{Verdict: v}}
}

func TestChoose(t *testing.T) {
	plans := []healer.Planned{
		planned("P1", rules.Low, healer.Proceed), planned("P2", rules.Low, healer.Refuse),
		planned("P3", rules.Medium, healer.Proceed), planned("P4", rules.High, healer.Proceed),
	}
	for input, want := range map[string][]string{
		"":               nil,
		"y\n":            {"P1"},
		"yes\nn\nYES\n":  {"P1", "P4"},
		"\n\n\n":         nil,
		"a\ny\n":         {"P1", "P3", "P4"},
		"a\n\n":          {"P1", "P3"},
		"y\nq\n":         {"P1"},
		"what\ny\nquit ": {"P1"},
		"n\ny":           {"P3"},
	} {
		var out strings.Builder
		got, err := choose(plans, strings.NewReader(input), &out, report.Options{})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", input, got, err, want)
		}
		if !strings.Contains(out.String(), "VACUUM x;") || !strings.Contains(out.String(), `Repair "xP1"?`) || strings.Contains(out.String(), "P2") {
			t.Errorf("%q: asked\n%s", input, out.String())
		}
	}
}

func TestExitCodes(t *testing.T) {
	for want, err := range map[int]error{
		exitOK: nil, exitError1: errors.New("any"), exitRefused: fmt.Errorf("x: %w", &healer.Refusal{Guard: "undo"}),
		exitConnect: fmt.Errorf("x: %w", &healer.DatabaseError{SQLState: "08006"}), exitFindings: &exitError{code: exitFindings},
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
	attempt := func(s healer.AttemptState, finding string) healer.Attempt {
		return healer.Attempt{State: s, Plan: healer.Plan{Finding: healer.Finding{ID: finding}}}
	}
	waiting := planned("1", rules.Low, healer.Wait)
	for name, c := range map[string]struct {
		r    healer.Result
		want int
	}{
		"nothing":          {healer.Result{}, exitOK},
		"verified":         {healer.Result{Repairs: []healer.Attempt{attempt(healer.Verified, "F1")}}, exitOK},
		"put off":          {healer.Result{Repairs: []healer.Attempt{attempt(healer.Deferred, "F1")}}, exitOK},
		"failed":           {healer.Result{Repairs: []healer.Attempt{attempt(healer.Failed, "F1")}}, exitFailed},
		"waits":            {healer.Result{Plans: []healer.Planned{waiting}}, exitRefused},
		"waited, then ran": {healer.Result{Plans: []healer.Planned{waiting}, Repairs: []healer.Attempt{attempt(healer.Verified, "F1")}}, exitOK},
		"failed outranks":  {healer.Result{Plans: []healer.Planned{waiting}, Repairs: []healer.Attempt{attempt(healer.Failed, "F9")}}, exitFailed},
	} {
		if got := healed(c.r); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestColour(t *testing.T) {
	for env, want := range map[string]bool{
		"": false, "CLICOLOR_FORCE=1": true, "CLICOLOR_FORCE=0": false, "CLICOLOR_FORCE=1 NO_COLOR=1": false, "CLICOLOR_FORCE=1 TERM=dumb": true,
	} {
		vars := make(map[string]string)
		for _, kv := range strings.Fields(env) {
			k, v, _ := strings.Cut(kv, "=")
			vars[k] = v
		}
		a := &app{env: func(k string) string { return vars[k] }}
		if got := a.look(io.Discard).Colour; got != want {
			t.Errorf("%q: %v", env, got)
		}
	}
}

// health answers for a daemon that has no loop.
type health struct{}

func (health) Status(context.Context) (control.Status, error) {
	return control.Status{Version: "v1", Mode: "observe", PID: 42, Databases: []string{"shop"}}, nil
}

// TestRemote lets another process, here the test, hold the ledger and serve
// the socket: what writes goes through it, what reads reads the file.
func TestRemote(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	env := map[string]string{
		"PGMEND_STATE": filepath.Join(dir, "state"), "PGMEND_CONTROL_SOCKET": filepath.Join(dir, "sock"),
		"PGMEND_CONFIG": filepath.Join(dir, "config.yaml"), "PGMEND_CONTROL_GROUP": "",
	}
	if err := os.WriteFile(env["PGMEND_CONFIG"], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := Main(context.Background(), args, func(k string) string { return env[k] }, strings.NewReader(""), &out, &out)
		return code, out.String()
	}
	l, err := ledger.Open(env["PGMEND_STATE"])
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	code, out := run("pause")
	if code != exitError1 || !strings.Contains(out, "another pgmend has the state directory") || !strings.Contains(out, "no daemon answers") {
		t.Errorf("held, and no daemon: %d %s", code, out)
	}
	s := &healer.Service{Healers: []*healer.Healer{healer.New(healer.Config{Ledger: l, State: l})}}
	ctx, cancel := context.WithCancel(context.Background())
	socket, err := control.Listen(ctx, env["PGMEND_CONTROL_SOCKET"], "")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		done <- control.NewServer(control.Config{Repairs: s, Answers: s, Brake: s, Health: health{}}).Run(ctx, socket)
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	if code, out = run("pause", "--for", "1h"); code != exitOK || !strings.Contains(out, "paused by") || !strings.Contains(out, "mode observe, process 42") {
		t.Errorf("pause: %d %s", code, out)
	}
	if code, out = run("status", "--output", "json"); code != exitOK || !strings.Contains(out, `"paused": true`) || !strings.Contains(out, `"pid": 42`) {
		t.Errorf("status: %d %s", code, out)
	}
	if code, out = run("approve", "P00000000000"); code != exitError1 || !strings.Contains(out, "not found") {
		t.Errorf("approve: %d %s", code, out)
	}
	// A command that names a server is not sent to a daemon of another one.
	if code, out = run("heal", "--yes", "-h", dir); code != exitError1 || !strings.Contains(out, "leave out the connection") {
		t.Errorf("heal elsewhere: %d %s", code, out)
	}
	if code, out = run("resume"); code != exitOK || !strings.Contains(out, "run as policy allows") {
		t.Errorf("resume: %d %s", code, out)
	}
}

// scripted parses what it was told, and marks what has no answer.
type scripted map[string][]parser.Statement

func (s scripted) Parse(_ context.Context, scripts []string) ([][]parser.Statement, error) {
	out := make([][]parser.Statement, len(scripts))
	for i, text := range scripts {
		out[i] = s[text]
	}
	return out, nil
}

// TestManyTables holds the contract of tables --input jsonl: one line out for
// each line in, in order, whatever the lines are.
func TestManyTables(t *testing.T) {
	parse := scripted{
		"select": {{Kind: "select", Fingerprint: "f1", Parsed: true, Tables: []parser.Table{{Name: "orders", Access: parser.Read}}}},
		"broken": {{Err: "syntax error", Tables: []parser.Table{{Name: "guess", Access: parser.Read}}}},
	}
	in := strings.Join([]string{
		`{"id":1,"sql":"select"}`, `nonsense`, `{"id":"b","sql":"broken"}`, ``, `{"id":{"x":[1]},"sql":""}`, `{"id":5}`,
		`{"id":6,"sql":"` + strings.Repeat("x", maxLine) + `"}`, `{"id":7,"sql":"select"}`,
	}, "\n")
	var out bytes.Buffer
	a := &app{stdin: strings.NewReader(in), stdout: &out}
	if err := a.many(context.Background(), parse, ""); err != nil {
		t.Fatal(err)
	}
	one := `"statements":[{"kind":"select","fingerprint":"f1","tables":[{"catalog":"","schema":"","name":"orders","access":"read","system":false,"temporary":false}],"ctes":[],"columns":[],"parsed":true}]}`
	want := []string{
		`{"id":1,"parsed":true,"error":null,` + one,
		`{"id":null,"parsed":false,"error":"the line is not a JSON object with id and sql: invalid character 'o' in literal null (expecting 'u')","statements":[]}`,
		`{"id":"b","parsed":false,"error":"syntax error","statements":[{"kind":"","fingerprint":"","tables":[{"catalog":"","schema":"","name":"guess","access":"read","system":false,"temporary":false}],"ctes":[],"columns":[],"parsed":false,"error":"syntax error"}]}`,
		`{"id":{"x":[1]},"parsed":true,"error":null,"statements":[]}`,
		`{"id":5,"parsed":false,"error":"the line has no sql","statements":[]}`,
		`{"id":null,"parsed":false,"error":"the line is longer than 128 MiB","statements":[]}`,
		`{"id":7,"parsed":true,"error":null,` + one,
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got) || i >= len(want):
			t.Fatalf("%d lines, want %d", len(got), len(want))
		case got[i] != want[i]:
			t.Errorf("line %d:\n got %.300s\nwant %.300s", i+1, got[i], want[i])
		}
	}
}

// TestConversation asks a second question after the first was answered.
func TestConversation(t *testing.T) {
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	a := &app{stdin: in, stdout: out}
	done := make(chan error, 1)
	go func() { done <- a.many(context.Background(), scripted{}, "") }()
	buf := make([]byte, 1000)
	for i := range 2 {
		fmt.Fprintf(ask, "{\"id\":%d,\"sql\":\"\"}\n", i)
		n, err := answers.Read(buf)
		if err != nil || !strings.HasPrefix(string(buf[:n]), fmt.Sprintf(`{"id":%d,`, i)) {
			t.Fatalf("%q, %v", buf[:n], err)
		}
	}
	if err := errors.Join(ask.Close(), <-done); err != nil {
		t.Fatal(err)
	}
}
