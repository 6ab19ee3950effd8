package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// SQL that a person wrote means what a server makes of it: another one than that
// which is healed, in a database of its own that is gone after.
func TestDeclaredSchemaOfAFolder(t *testing.T) {
	s := pgtest.One(t)
	scratch, err := disposable.Start(t.Context(), disposable.Options{Binaries: s.Binaries})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scratch.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	database, observer, dir, state := s.Database(t), s.Role(t, ""), t.TempDir(), t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1_tables.sql", "CREATE SCHEMA app;\nCREATE TABLE app.orders (id int PRIMARY KEY, note text DEFAULT 'a;b');\n")
	write("2_functions.sql", "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;\nCREATE SCHEMA public;\n")
	s.Exec(t, database, "postgres", "CREATE SCHEMA app; CREATE TABLE app.orders (id int PRIMARY KEY)")
	run := func(args ...string) (string, string, int) {
		var stdout, stderr bytes.Buffer
		args = append(args, "-d", s.ConnString(database, observer), "--state", state, "--config", filepath.Join(state, "none.yaml"))
		code := Main(t.Context(), args, func(string) string { return "" }, strings.NewReader(""), &stdout, &stderr)
		return stdout.String(), stderr.String(), code
	}
	if err := os.WriteFile(filepath.Join(state, "none.yaml"), []byte("mode: observe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said, code := run("baseline", "diff", "--from", dir); code != exitError1 || !strings.Contains(said, "--scratch") {
		t.Errorf("exit %d: %s", code, said)
	}
	if _, said, code := run("baseline", "diff", "--from", dir, "--scratch", s.ConnString("postgres", "postgres")); code != exitError1 || !strings.Contains(said, "name another one") {
		t.Errorf("the server that is healed was used: exit %d: %s", code, said)
	}
	out, said, code := run("baseline", "diff", "--from", dir, "--scratch", scratch.ConnString("postgres", "postgres"), "--output", "csv")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, said)
	}
	for _, want := range []string{"missing," + database + ",column app.orders.note,true", "missing," + database + ",function app.f(),true"} {
		if !strings.Contains(out, want) || strings.Count(out, "missing,") != 2 || strings.Contains(out, "extra,") {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if out, said, code = run("baseline", "capture", "--from", dir, "--scratch", scratch.ConnString("postgres", "postgres")); code != exitOK || !strings.Contains(out, dir) {
		t.Errorf("exit %d: %s%s", code, out, said)
	}
	write("3_wrong.sql", "CREATE TABLE app.orders (id int)")
	if _, said, code = run("baseline", "diff", "--from", dir, "--scratch", scratch.ConnString("postgres", "postgres")); code == exitOK || !strings.Contains(said, "3_wrong.sql") {
		t.Errorf("exit %d: %s", code, said)
	}
	for _, server := range []*pgtest.Server{s, {Server: scratch}} {
		if left := server.Ask(t, "postgres", "postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'pgmend_scratch%'"); left != "0" {
			t.Errorf("%s scratch databases are left", left)
		}
	}
}

// The daemon has the state directory, so it captures and approves for the
// command line. Afterwards it remembers who drops what, as far as the log says.
func TestTheDaemonKeepsTheBaseline(t *testing.T) {
	h := newHostThatLogs(t, `CREATE TABLE app.orders (id int PRIMARY KEY, v text); CREATE TABLE app.bills (id int PRIMARY KEY, v text)`,
		map[string]string{"log_destination": "csvlog", "log_statement": "ddl"})
	log, end := h.run(t)
	eventually(t, "a cycle is completed", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
	run := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		args = append(args, "--config", h.config)
		if code := Main(t.Context(), args, func(string) string { return "" }, strings.NewReader(""), &stdout, &stderr); code != exitOK {
			t.Fatalf("%v: exit %d: %s%s", args, code, &stdout, &stderr)
		}
		return stdout.String() + stderr.String()
	}
	said := run("baseline", "capture")
	hash := regexp.MustCompile(`baseline approve ([0-9a-f]+)`).FindStringSubmatch(said)
	if hash == nil {
		t.Fatalf("it names nothing to approve: %s", said)
	}
	run("baseline", "approve", hash[1])
	if got := run("baseline", "show"); !strings.Contains(got, hash[1]) {
		t.Errorf("%s is not shown: %s", hash[1], got)
	}
	h.play(t, `DROP TABLE app.bills; ALTER TABLE app.orders DROP COLUMN v`)
	seen := func(table string, part bool) bool {
		l, err := ledger.OpenReadOnly(filepath.Join(h.dir, "state"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		drop, ok := drops(l)(t.Context(), h.stage.Name, "app", table, part)
		return ok && drop.User != "" && !drop.At.IsZero()
	}
	eventually(t, "it has seen who dropped the table", patience, func() bool { return seen("bills", false) })
	eventually(t, "it has seen who dropped the column", patience, func() bool { return seen("orders", true) })
	if seen("orders", false) {
		t.Error("a column that was dropped is taken for its table")
	}
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
}
