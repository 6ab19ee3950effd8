package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/parser/workload"
)

// TestLogsReportOfAServer reads what a real server logs of statements, a
// deadlock, a wait for a lock, a temporary file, failures, a checkpoint and
// autovacuum's work, in each of its formats.
func TestLogsReportOfAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	list := disposable.Installed(filepath.SplitList(os.Getenv("PGMEND_PG"))...)
	if len(list) == 0 {
		t.Skip(disposable.ErrNone)
	}
	b := list[len(list)-1]
	settings := map[string]string{
		"logging_collector": "on", "log_destination": "stderr,csvlog", "log_filename": "pg.log", "log_min_duration_statement": "0",
		"log_line_prefix": "%m [%p] %q%u@%d/%a ", "log_lock_waits": "on", "deadlock_timeout": "200ms", "log_temp_files": "0", "work_mem": "64kB",
		"log_checkpoints": "on", "log_connections": "on", "log_disconnections": "on", "log_autovacuum_min_duration": "0",
		"autovacuum_naptime": "1s", "autovacuum": "on", "lc_messages": "C",
	}
	logs := []string{"pg.log", "pg.csv"}
	if b.Major >= 15 {
		settings["log_destination"] += ",jsonlog"
		logs = append(logs, "pg.json")
	}
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: b, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			if err := server.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
	defer stop()
	folder := filepath.Join(server.DataDir(), "log")
	says := func(what string) {
		waitFor(t, what, func() bool {
			text, err := os.ReadFile(filepath.Join(folder, "pg.log"))
			return err == nil && strings.Contains(string(text), what)
		})
	}
	misbehave(t, server.ConnString("postgres", "postgres"), says)
	says(`automatic analyze of table "postgres.public.stock"`)
	var texts []string
	for _, name := range logs {
		texts = append(texts, filepath.Join(t.TempDir(), name))
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = os.WriteFile(texts[len(texts)-1], text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	for i, path := range texts {
		t.Run(logs[i], func(t *testing.T) { judgeReport(t, path, i > 0) })
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// misbehave makes the server log what the report is about.
func misbehave(t *testing.T, conn string, says func(string)) {
	t.Helper()
	open := func() *pgconn.PgConn {
		c, err := pgconn.Connect(t.Context(), conn+" application_name=shop")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(context.Background()) })
		return c
	}
	a, b := open(), open()
	run := func(c *pgconn.PgConn, sql, state string) {
		_, err := c.Exec(t.Context(), sql).ReadAll()
		var failed *pgconn.PgError
		if errors.As(err, &failed) && failed.Code == state || err == nil && state == "" {
			return
		}
		t.Fatalf("%s: %v, want %q", sql, err, state)
	}
	run(a, "CREATE TABLE stock (id int PRIMARY KEY, n int, note text)", "")
	run(a, "INSERT INTO stock SELECT g, 0, 'canary' || g FROM generate_series(1, 20000) g", "")
	run(a, "CHECKPOINT", "")
	run(a, "INSERT INTO stock VALUES (1, 0, 'canary')", "23505")
	run(a, "SELECT * FROM nowhere WHERE x = 'canary'", "42P01")
	run(a, "SELECT note FROM stock ORDER BY note", "")
	run(a, "BEGIN; UPDATE stock SET n = 1 WHERE id = 1", "")
	run(b, "BEGIN; UPDATE stock SET n = 1 WHERE id = 2", "")
	waits := make(chan error, 1)
	go func() {
		_, err := a.Exec(context.Background(), "UPDATE stock SET n = 2 WHERE id = 2").ReadAll()
		waits <- err
	}()
	_, errB := b.Exec(t.Context(), "UPDATE stock SET n = 2 WHERE id = 1").ReadAll()
	_, _ = b.Exec(t.Context(), "ROLLBACK").ReadAll() // whichever of the two was chosen
	errA := <-waits
	if (errA == nil) == (errB == nil) {
		t.Fatalf("no deadlock: %v, %v", errA, errB)
	}
	run(a, "ROLLBACK", "")
	run(a, "BEGIN; LOCK TABLE stock", "")
	go func() {
		_, err := b.Exec(context.Background(), "UPDATE stock SET n = 3 WHERE id = 1").ReadAll()
		waits <- err
	}()
	says("still waiting for RowExclusiveLock")
	run(a, "ROLLBACK", "")
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	_ = b.Close(context.Background())
	says("disconnection: session time")
}

// judgeReport holds the report of a log against what was done.
func judgeReport(t *testing.T, path string, states bool) {
	var out, stderr bytes.Buffer
	if code := Main(t.Context(), []string{"logs", "report", "--output", "json", path}, func(string) string { return "" }, strings.NewReader(""), &out, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	var r workload.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "canary") {
		t.Error("a literal is in the report")
	}
	kinds := map[string]workload.Failure{}
	for _, f := range r.Errors {
		kinds[f.Kind] = f
	}
	for kind, state := range map[string]string{"unique_violation": "23505", "undefined_table": "42P01", "deadlock": "40P01"} {
		if f := kinds[kind]; f.Count != 1 || states && f.SQLState != state || f.Statement == "" {
			t.Errorf("%s: %+v", kind, f)
		}
	}
	var stock workload.Table
	for _, x := range r.Tables {
		if x.Name == "stock" {
			stock = x
		}
	}
	if stock.Writes < 4 || stock.Reads < 1 || stock.DDL < 1 || stock.TotalMS <= 0 {
		t.Errorf("stock: %+v", stock)
	}
	d := r.Locks.Deadlocks
	if len(d) != 1 || len(d[0].Processes) != 2 {
		t.Fatalf("deadlocks: %+v", d)
	}
	for _, p := range d[0].Processes {
		if !strings.HasPrefix(p.Statement, "UPDATE stock SET n = 1 WHERE id = ") || p.BlockedBy == 0 {
			t.Errorf("deadlock: %+v", p)
		}
	}
	if r.Locks.Waiting < 1 || len(r.Locks.Waits) < 1 || r.Locks.Waits[0].Mode != "RowExclusiveLock" || r.Locks.Waits[0].Times.MaxMS < 200 ||
		r.Locks.Waits[0].Statement != "UPDATE stock SET n = 1 WHERE id = 1" {
		t.Errorf("locks: %+v", r.Locks)
	}
	if q := r.TempFiles.Queries; len(q) < 1 || r.TempFiles.Bytes < 100_000 {
		t.Errorf("temporary files: %+v", r.TempFiles)
	}
	if r.Checkpoint.Complete < 1 || r.Sessions.Authorized < 2 || r.Sessions.Ended < 1 {
		t.Errorf("checkpoints %+v, sessions %+v", r.Checkpoint, r.Sessions)
	}
	analyzed := false
	for _, v := range r.Vacuums {
		analyzed = analyzed || v.Table == "postgres.public.stock" && v.Analyzes > 0
	}
	if !analyzed {
		t.Errorf("autovacuum: %+v", r.Vacuums)
	}
	if r.Apps == nil || r.Apps[0].Name != "shop" || r.Statements < 8 || r.Times.P99MS <= 0 {
		t.Errorf("applications %+v, %d statements, %+v", r.Apps, r.Statements, r.Times)
	}
}
