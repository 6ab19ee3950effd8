package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// What a configuration says of Patroni and of budgets decides what is
// repaired, by a command, by the daemon, and after a reload.
// hazard: 31, 32, 33
func TestTheConfigurationDecidesWhatARepairMayCost(t *testing.T) {
	h := newHost(t, strings.Split(buildThatWaits, "-- @hold")[0])
	server := &pgtest.Server{Server: h.server}
	super := func(sql string) { t.Helper(); server.Exec(t, h.stage.Name, "postgres", sql) }
	var paused atomic.Bool
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		pause := ""
		if paused.Load() {
			pause = `"pause": true, `
		}
		_, _ = fmt.Fprintf(w, `{"state": "running", "database_system_identifier": "%s", %s"patroni": {"version": "4.0.4", "scope": "shop"}}`,
			server.Ask(t, "postgres", "postgres", "SELECT system_identifier FROM pg_control_system()"), pause)
	}))
	defer api.Close()
	plain, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	// planned wants a part of why the repair is refused with these lines more
	// in the configuration; "" where it is not.
	planned := func(more, want string) {
		t.Helper()
		if err := os.WriteFile(h.config, []byte(strings.Replace(string(plain), "connection:\n", more, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		got := h.command(t, "plan", "--rule", "index/missing-foreign-key", "--output", "json")
		if want == "" {
			want = `"verdict":"proceed"`
		}
		if got = strings.ReplaceAll(got, `": `, `":`); !strings.Contains(got, want) {
			t.Errorf("with %q: want %s\n%s", more, want, got)
		}
	}
	planned("connection:\n", "")

	// A replication slot that retains more than it may.
	super("SELECT pg_create_physical_replication_slot('s', true)")
	super("CREATE TABLE app.wal AS SELECT repeat('x', 1000) FROM generate_series(1, 3000); DROP TABLE app.wal")
	planned("connection:\n", "")
	planned("budgets: {slot_backlog: 1MB}\nconnection:\n", "the slot s retains")
	super("SELECT pg_drop_replication_slot('s')")

	// Where the data are is not shown to a role without pg_monitor.
	observer := h.stage.Name + "_observer"
	super("REVOKE pg_monitor FROM " + observer + "; GRANT pg_read_all_stats TO " + observer +
		"; GRANT EXECUTE ON FUNCTION pg_ls_archive_statusdir() TO " + observer)
	planned("connection:\n", "budgets.unknown_disk: true lets it run")
	planned("budgets: {unknown_disk: true}\nconnection:\n", "")
	super("GRANT pg_monitor TO " + observer)

	c, err := pgconn.Connect(t.Context(), h.server.ConnString(h.stage.Name, "postgres")+" application_name='Patroni heartbeat'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	asked := "connection:\n  patroni: " + api.URL + "\n"
	planned("connection:\n", "name its REST API as connection.patroni")
	planned(asked, "")
	paused.Store(true)
	planned(asked, "Patroni is paused")
	var said bytes.Buffer
	if code := Main(t.Context(), []string{"heal", "--yes", "--now", "--rule", "index/missing-foreign-key", "--config", h.config},
		func(string) string { return "" }, strings.NewReader(""), &said, &said); code != exitRefused || !strings.Contains(said.String(), "Patroni is paused") {
		t.Errorf("heal: exit code %d\n%s", code, &said)
	}
	// The daemon is told of the API by a reload, and Patroni goes on.
	if err := os.WriteFile(h.config, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	log, end := h.run(t)
	eventually(t, "the daemon knows nobody to ask", patience, func() bool { return strings.Contains(log.String(), "connection.patroni") })
	h.change(t, "connection:\n", asked)
	eventually(t, "the daemon hears that it is paused", patience, func() bool { return strings.Contains(log.String(), "Patroni is paused") })
	if h.verified(t, "index/missing-foreign-key") {
		t.Error("it was repaired in a pause")
	}
	paused.Store(false)
	h.change(t, "mode: heal", "mode: heal\nlogging: {level: debug}") // which looks again
	eventually(t, "the repair is verified", patience, func() bool { return h.verified(t, "index/missing-foreign-key") })
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
}
