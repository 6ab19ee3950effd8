package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// output is a stream that a test reads while the program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	t.Log("waiting until", what)
	for deadline := time.Now().Add(within); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to this within %s: %s", within, what)
		}
	}
}

// host is a server with a database and the roles of setup sql, and a
// configuration of the daemon for it.
type host struct {
	server *disposable.Server
	stage  *rulestest.Stage
	config string
	dir    string
}

// patience is how long a test waits for what has to come, on a busy machine.
const patience = 90 * time.Second

func newHost(t *testing.T, script string) *host {
	t.Helper()
	return newHostThatLogs(t, script, map[string]string{"log_destination": "csvlog"})
}

func newHostThatLogs(t *testing.T, script string, settings map[string]string) *host {
	t.Helper()
	h := &host{dir: t.TempDir()}
	all := map[string]string{"autovacuum": "off", "logging_collector": "on", "log_directory": "log"}
	maps.Copy(all, settings)
	var err error
	h.server, err = disposable.Start(t.Context(), disposable.Options{
		Binaries: pgtest.One(t).Binaries, Durable: true, Settings: all,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	set, _ := rules.Builtin()
	h.stage, err = rulestest.NewStage(t.Context(), rulestest.StageConfig{Server: h.server, Version: h.server.Major * 10000, Rules: set})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.stage.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	h.play(t, script)
	h.config = filepath.Join(h.dir, "config.yaml")
	text := fmt.Sprintf(`mode: heal
connection:
  conninfo: %q
  observer: {user: %s_observer}
  healer: {user: %s_healer}
databases: [%s]
timezone: UTC
window: {start: "00:00", length: 24h}
rules:
  "*": {min_size: 0, min_rows: 1000}
  index/missing-foreign-key: {min_parent_changes: 0}
  index/unused: {min_age: 0s}
state: %s
control: {socket: %s}
`, h.server.ConnString(h.stage.Name, "postgres"), h.stage.Name, h.stage.Name, h.stage.Name,
		filepath.Join(h.dir, "state"), filepath.Join(h.dir, "run", "control.sock"))
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) play(t *testing.T, script string) {
	t.Helper()
	s, err := rulestest.ParseScript(script)
	if err == nil {
		err = h.stage.Player.Play(t.Context(), s)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// attempts are what the daemon did, read while it runs.
func (h *host) attempts(t *testing.T) []healer.Attempt { t.Helper(); return h.history(t).Attempts }

// findings are what the daemon found.
func (h *host) findings(t *testing.T) []healer.Finding { t.Helper(); return h.history(t).Findings }

// history reads the daemon's ledger while it runs.
func (h *host) history(t *testing.T) healer.History {
	t.Helper()
	l, err := ledger.OpenReadOnly(filepath.Join(h.dir, "state"))
	if errors.Is(err, os.ErrNotExist) {
		return healer.History{}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	now, err := healer.Recall(t.Context(), l, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func (h *host) verified(t *testing.T, rule string) bool {
	t.Helper()
	for _, a := range h.attempts(t) {
		if a.Plan.Finding.Rule == rule && a.Verified {
			return true
		}
	}
	return false
}

// The daemon starts before PostgreSQL does, outlives its restart, hears of a
// failing INSERT in the log, and repairs it within seconds.
func TestTheDaemonWaitsForPostgreSQLAndHearsTheLog(t *testing.T) {
	h := newHost(t, `CREATE TABLE app.orders (id serial PRIMARY KEY, v text);
		INSERT INTO app.orders (v) SELECT g FROM generate_series(1, 10) AS g`)
	before := goleak.IgnoreCurrent()
	defer func() {
		// What waits for the server that is started again below.
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/pgmend/pgmend/healer/disposable.run.func1"))
	}()
	if err := h.server.Kill9(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, end := h.run(t)
	eventually(t, "it says that it waits", patience, func() bool { return strings.Contains(log.String(), "waiting for PostgreSQL") })
	if err := h.server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a cycle is completed", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
	h.stage.Player.Forget()
	// A crash moves a sequence on by up to 32 values, which it had logged ahead.
	h.play(t, `INSERT INTO app.orders (id, v) SELECT g, 'copied' FROM generate_series(11, 100) AS g;
		-- @fails
		INSERT INTO app.orders (v) VALUES ('by default')`)
	eventually(t, "the sequence is repaired", patience, func() bool { return h.verified(t, "sequence/behind") })
	h.play(t, "INSERT INTO app.orders (v) VALUES ('by default')")
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
	for _, want := range []string{"PGM-2001", "PGM-4003", "PGM-4007"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s", want)
		}
	}
}

// buildThatWaits is a fault whose repair builds an index, and an open
// transaction that the build has to wait for until it is released.
const buildThatWaits = `CREATE TABLE app.parent (id int PRIMARY KEY);
	INSERT INTO app.parent SELECT generate_series(1, 100);
	CREATE TABLE app.child (p int CONSTRAINT fk REFERENCES app.parent);
	INSERT INTO app.child SELECT g % 100 + 1 FROM generate_series(1, 5000) AS g;
	ANALYZE app.parent, app.child;
	-- @hold
	INSERT INTO app.child VALUES (1)`

// builds is how many builds are at work.
func (h *host) builds(t *testing.T) string {
	t.Helper()
	return (&pgtest.Server{Server: h.server}).Ask(t, h.stage.Name, "postgres",
		"SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'")
}

// runEnv is the configuration of a test's process that is to be a daemon.
const runEnv = "PGMEND_TEST_RUN"

// child is a daemon until it is told to stop, as the program is.
func child(config string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := Main(ctx, []string{"run", "--config", config}, func(string) string { return "" }, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The daemon is killed while its statement is at work. The next one touches
// nothing until that statement has ended, and then finds out what came of it.
// hazard: 7
func TestKilledInTheMiddleOfARepair(t *testing.T) {
	if config := os.Getenv(runEnv); config != "" {
		child(config)
	}
	h := newHost(t, buildThatWaits)
	killed := exec.Command(os.Args[0], "-test.run=^TestKilledInTheMiddleOfARepair$")
	killed.Env = append(os.Environ(), runEnv+"="+h.config)
	said := new(output)
	killed.Stdout, killed.Stderr = said, said
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the build waits for the open transaction", patience, func() bool { return h.builds(t) == "1" })
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	log, end := h.run(t)
	eventually(t, "the attempt is known to be interrupted", patience, func() bool {
		for _, a := range h.attempts(t) {
			if a.Plan.Finding.Rule == "index/missing-foreign-key" {
				return a.State == healer.Interrupted
			}
		}
		return false
	})
	h.play(t, "-- @release\n")
	eventually(t, "nothing of ours is at work any more", patience, func() bool { return h.builds(t) == "0" })
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
	h.healsAtTheNextStart(t)
}

// healsAtTheNextStart: what an earlier daemon left is settled, and healed.
func (h *host) healsAtTheNextStart(t *testing.T) {
	t.Helper()
	server := &pgtest.Server{Server: h.server}
	log, end := h.run(t)
	eventually(t, "the fault is healed and nothing is unsettled", patience, func() bool {
		settled := true
		for _, a := range h.attempts(t) {
			settled = settled && a.State.Final()
		}
		return settled && server.Ask(t, h.stage.Name, "postgres", "SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE c.relname LIKE 'fk_idx%' AND i.indisvalid") == "1"
	})
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
	if n := server.Ask(t, h.stage.Name, "postgres", "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); n != "0" {
		t.Errorf("%s invalid indexes are left", n)
	}
}

// A stop in the middle of a repair cancels the statement and says so in the
// ledger; the next start settles what came of it.
func TestStoppedInTheMiddleOfARepair(t *testing.T) {
	h := newHost(t, buildThatWaits)
	log, end := h.run(t)
	eventually(t, "the build waits for the open transaction", patience, func() bool { return h.builds(t) == "1" })
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
	if n := h.builds(t); n != "0" {
		t.Errorf("%s builds go on without the daemon", n)
	}
	found := false
	for _, a := range h.attempts(t) {
		if a.Plan.Finding.Rule == "index/missing-foreign-key" {
			found = true
			if a.Verified || a.State == healer.Intended {
				t.Errorf("after the stop it is %s", a.State)
			}
			t.Logf("after the stop it is %s: %s", a.State, a.Err)
		}
	}
	if !found {
		t.Error("the ledger does not have the attempt")
	}
	h.play(t, "-- @release\n")
	h.healsAtTheNextStart(t)
}

// The demo does what the README says.
func TestDemo(t *testing.T) {
	var stdout, stderr bytes.Buffer
	report := filepath.Join(t.TempDir(), "demo.md")
	env := func(k string) string {
		if k == "PGMEND_PG" {
			return filepath.Dir(pgtest.One(t).Dir) + "/bin"
		}
		return ""
	}
	if code := Main(t.Context(), []string{"demo", "-o", report}, env, strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s\n%s", code, stderr.String(), stdout.String())
	}
	if n := strings.Count(stdout.String(), " verified "); n != 10 {
		t.Errorf("%d repairs are verified\n%s", n, stdout.String())
	}
	text, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(text), "10 repairs attempted, 10 verified, 0 failed") {
		t.Errorf("the report: %v", err)
	}
}
