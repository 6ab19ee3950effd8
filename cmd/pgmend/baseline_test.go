package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/disposable"
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
