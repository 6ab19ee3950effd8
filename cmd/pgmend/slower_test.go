package main

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// The daemon sees in the log that what it dropped was needed after all, takes
// that back, and the report says why, and what the plans cost that the server wrote
// into the log. There is no pg_stat_statements here.
// hazard: 56
func TestTheDaemonTakesBackWhatMadeStatementsSlower(t *testing.T) {
	h := newHost(t, `CREATE TABLE app.orders (id int PRIMARY KEY, customer int, pad text);
		INSERT INTO app.orders SELECT g, g, repeat('x', 100) FROM generate_series(1, 60000) AS g;
		CREATE INDEX orders_customer ON app.orders (customer);
		CREATE TABLE app.behind (id serial PRIMARY KEY);
		VACUUM ANALYZE app.orders`)
	server := &pgtest.Server{Server: h.server}
	server.Exec(t, h.stage.Name, "postgres", "ALTER DATABASE "+h.stage.Name+" SET log_min_duration_statement = 0;"+
		"ALTER DATABASE "+h.stage.Name+" SET session_preload_libraries = auto_explain; ALTER DATABASE "+h.stage.Name+" SET auto_explain.log_min_duration = 0")
	h.configure(t, "watch: {calls: 40}\n")
	log, end := h.run(t)
	eventually(t, "a cycle is completed", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
	shop := func() {
		for i := range 60 {
			// Another literal each time: it is the same statement.
			server.Ask(t, h.stage.Name, h.stage.Name+"_owner", "SELECT count(*) FROM app.orders WHERE customer = "+strconv.Itoa(i))
		}
	}
	shop()
	server.Exec(t, h.stage.Name, "postgres", "SELECT pg_stat_reset()")
	// This comes into the log behind all of it, so when it is heard all was read.
	h.play(t, `INSERT INTO app.behind SELECT generate_series(1, 50);
		-- @fails
		INSERT INTO app.behind DEFAULT VALUES`)
	eventually(t, "the log was read", patience, func() bool { return h.verified(t, "sequence/behind") })
	h.command(t, "heal", "--rule", "index/unused", "--risk", "high", "--yes")
	i := slices.IndexFunc(h.attempts(t), func(a healer.Attempt) bool { return a.Plan.Finding.Rule == "index/unused" })
	if i < 0 {
		t.Fatal("the index is not dropped")
	}
	dropped := h.attempts(t)[i]
	if dropped.Watch == nil || dropped.Watch.State != healer.Watching {
		t.Fatalf("the watch of %s: %+v", dropped.ID, dropped.Watch)
	}
	eventually(t, "it is taken back", patience, func() bool {
		shop()
		return slices.ContainsFunc(h.attempts(t), func(a healer.Attempt) bool { return a.UndoOf == dropped.ID && a.Verified })
	})
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
	if n := server.Ask(t, h.stage.Name, "postgres", "SELECT count(*) FROM pg_index WHERE indexrelid = 'app.orders_customer'::regclass AND indisvalid"); n != "1" {
		t.Error("the index is not back")
	}
	for _, want := range []string{"PGM-4013", "PGM-4012"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s", want)
		}
	}
	text := h.command(t, "repairs", "show", dropped.ID)
	for _, want := range []string{"slower since, so it was taken back", "by the log", "app.orders WHERE customer =", "Plans before and after", "auto_explain wrote"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
}

// command runs a command beside the daemon, and returns what it prints.
func (h *host) command(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append(args, "--config", h.config)
	if code := Main(t.Context(), args, func(string) string { return "" }, strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Fatalf("%v: exit code %d: %s", args, code, stderr.String())
	}
	return stdout.String()
}

// What pgmend heal changes while no daemon runs is measured before, and it says
// that nobody watches it yet. A daemon that is started afterwards with the same
// state directory watches it, and one that was started again takes it back.
// hazard: 56
func TestADaemonGoesOnWatching(t *testing.T) {
	h := newHostThatLogs(t, `CREATE TABLE app.orders (id int PRIMARY KEY, customer int, pad text);
		INSERT INTO app.orders SELECT g, g, repeat('x', 100) FROM generate_series(1, 60000) AS g;
		CREATE INDEX orders_customer ON app.orders (customer);
		VACUUM ANALYZE app.orders`, map[string]string{"log_destination": "csvlog", "shared_preload_libraries": "pg_stat_statements"})
	server := &pgtest.Server{Server: h.server}
	server.Exec(t, h.stage.Name, "postgres", "CREATE EXTENSION pg_stat_statements")
	h.configure(t, "watch: {calls: 40}\n")
	shop := func() {
		c := server.Conn(t, h.stage.Name, h.stage.Name+"_owner")
		for range 60 {
			if r := c.ExecParams(t.Context(), "SELECT count(*) FROM app.orders WHERE customer = $1::int", [][]byte{[]byte("7")}, nil, nil, nil).Read(); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	shop()
	server.Exec(t, h.stage.Name, "postgres", "SELECT pg_stat_reset()")
	var said bytes.Buffer
	args := []string{"heal", "--rule", "index/unused", "--risk", "high", "--yes", "--config", h.config}
	if code := Main(t.Context(), args, func(string) string { return "" }, strings.NewReader(""), io.Discard, &said); code != exitOK {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if n := strings.Count(said.String(), "nobody watches whether this makes statements slower; pgmend run with the state directory "+filepath.Join(h.dir, "state")); n != 1 {
		t.Errorf("it says %d times that nobody watches: %s", n, said.String())
	}
	dropped := h.attempts(t)[0]
	if dropped.Watch == nil || dropped.Watch.State != healer.Watching {
		t.Fatalf("the watch of %s: %+v", dropped.ID, dropped.Watch)
	}
	back := func() bool {
		return slices.ContainsFunc(h.attempts(t), func(a healer.Attempt) bool { return a.UndoOf == dropped.ID && a.Verified })
	}
	for _, shops := range []bool{false, true} {
		log, end := h.run(t)
		eventually(t, "a cycle is completed", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
		if shops {
			eventually(t, "it is taken back", patience, func() bool { shop(); return back() })
		} else if back() {
			t.Error("it is taken back, and nobody has called anything")
		}
		if code := end(); code != exitOK {
			t.Errorf("exit code %d\n%s", code, log)
		}
	}
}
