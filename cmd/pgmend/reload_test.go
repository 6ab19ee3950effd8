package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// systemdsEnd listens where the daemon tells systemd, and returns what was
// said so far.
func systemdsEnd(t *testing.T) func() []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	said, ended := new(output), make(chan struct{})
	go func() {
		defer close(ended)
		for buf := make([]byte, 4096); ; {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			_, _ = said.Write(append(buf[:n:n], 0))
		}
	}()
	t.Cleanup(func() { _ = c.Close(); <-ended })
	return func() []string { return strings.Split(strings.TrimSuffix(said.String(), "\x00"), "\x00") }
}

// before reports whether one message came, and another one later.
func before(said []string, first, then string) bool {
	has := func(text string) func(string) bool { return func(s string) bool { return strings.Contains(s, text) } }
	i := slices.IndexFunc(said, has(first))
	return i >= 0 && slices.ContainsFunc(said[i+1:], has(then))
}

// change writes the configuration anew and sends SIGHUP.
func (h *host) change(t *testing.T, edit ...string) {
	t.Helper()
	h.edit(t, edit...)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// edit writes the configuration anew, with the second text of each two in the
// place of the first.
func (h *host) edit(t *testing.T, edit ...string) {
	t.Helper()
	text, err := os.ReadFile(h.config)
	if err == nil {
		err = os.WriteFile(h.config, []byte(strings.NewReplacer(edit...).Replace(string(text))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// status asks the daemon; the zero Status while it does not answer.
func (h *host) status(t *testing.T) (s control.Status) {
	t.Helper()
	c, err := control.Dial(t.Context(), filepath.Join(h.dir, "run", "control.sock"))
	if err == nil {
		s, _ = c.Status(t.Context()) // the zero Status says that it failed
	}
	return s
}

// The daemon is ready before there is a server, says so, takes a pause then,
// and connects when the server comes; it refuses a wrong configuration,
// whatever is wrong with it, takes over a right one, and notices a database
// that a pattern chooses. systemd hears of each step.
func TestReadyAndReload(t *testing.T) {
	said := systemdsEnd(t)
	h := newHost(t, "SELECT")
	present := goleak.IgnoreCurrent()
	defer func() {
		goleak.VerifyNone(t, present, goleak.IgnoreAnyFunction("github.com/pgmend/pgmend/healer/disposable.run.func1"))
	}()
	if err := h.server.Kill9(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.configure(t, "metrics: {listen: 'unix:"+filepath.Join(h.dir, "run", "metrics.sock")+"'}\n")
	scrape := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(h.dir, "run", "metrics.sock"))
	}}}
	log, end := h.run(t)
	eventually(t, "it is ready and waits", patience, func() bool {
		return before(said(), "READY=1", "waiting for PostgreSQL")
	})
	c, err := control.Dial(t.Context(), filepath.Join(h.dir, "run", "control.sock"))
	if err != nil {
		t.Fatal(err)
	}
	if now, err := c.Pause(t.Context(), time.Hour, ""); err != nil || !now.Paused {
		t.Errorf("a pause without a server: %+v, %v", now, err)
	}
	if s := h.status(t); !strings.Contains(s.State, "waiting for PostgreSQL") || s.Mode != "heal" {
		t.Errorf("the status without a server: %+v", s)
	}
	if code, line := h.check(t); code != nagiosWarning || !strings.HasPrefix(line, "PGMEND WARNING - heal; waiting for PostgreSQL") || !strings.Contains(line, "repairs are paused") {
		t.Errorf("the check without a server: %d %s", code, line)
	}
	if code, body := get(t, scrape, "http://localhost/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "waiting") {
		t.Errorf("ready without a server: %d %s", code, body)
	}
	if code, body := get(t, scrape, "http://localhost/healthz"); code != http.StatusOK {
		t.Errorf("that PostgreSQL is away is no reason to restart the daemon: %d %s", code, body)
	}
	if err := h.server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is connected", time.Minute, func() bool { return before(said(), "waiting", "heal; connected, 1 databases") })

	// autovacuum is off here, which is critical.
	eventually(t, "the check says what was found", patience, func() bool {
		code, line := h.check(t)
		return code == nagiosCritical && strings.Contains(line, "1 critical findings") && strings.Contains(line, "cycle_age=")
	})
	if code, body := get(t, scrape, "http://localhost/readyz"); code != http.StatusOK {
		t.Errorf("not ready: %d %s", code, body)
	}
	if err := c.Test(t.Context(), "PGM-4008", ""); err != nil || !strings.Contains(log.String(), `"event.code":"PGM-4008","event.action":"repair.failed","event.outcome":"failure","db.system.name":"postgresql","pgmend.synthetic":true`) {
		t.Errorf("the test of an alert is not in the log: %v", err)
	}
	if err := c.Test(t.Context(), "PGM-0000", ""); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("the test of no event: %v", err)
	}
	for _, wrong := range []struct{ from, to, why string }{
		{"mode: heal", "mode: fix", `is not one of observe, heal`},
		{"_healer}", "_nobody}", "nobody"},
		{"state: ", "state: /elsewhere", "cannot become"},
	} {
		text, err := os.ReadFile(h.config)
		if err != nil {
			t.Fatal(err)
		}
		refusals := strings.Count(log.String(), "the configuration is refused")
		h.change(t, wrong.from, wrong.to)
		eventually(t, wrong.to+" is refused", patience, func() bool {
			return strings.Count(log.String(), "the configuration is refused") > refusals && strings.Contains(log.String(), wrong.why)
		})
		if s := h.status(t); s.Mode != "heal" || len(s.Databases) != 1 {
			t.Errorf("after %s the running configuration is not kept: %+v", wrong.to, s)
		}
		if err := os.WriteFile(h.config, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.change(t, "mode: heal", "mode: observe", "databases: ["+h.stage.Name+"]", `databases: ["`+h.stage.Name+`*"]`)
	eventually(t, "the new configuration is in force", patience, func() bool {
		s := h.status(t)
		return s.Mode == "observe" && slices.Equal(s.Databases, []string{h.stage.Name})
	})
	if code, body := get(t, scrape, "http://localhost/metrics"); code != http.StatusOK ||
		!strings.Contains(body, `pgmend_transitions_total{action="config.refused"} 3`) || !strings.Contains(body, "pgmend_paused 1") || !strings.Contains(body, "pgmend_connected 1") {
		t.Errorf("metrics: %d %s", code, body)
	}
	if !before(said(), "RELOADING=1\nMONOTONIC_USEC=", "READY=1") {
		t.Errorf("systemd was told %q", said())
	}
	server := &pgtest.Server{Server: h.server}
	server.Exec(t, "postgres", "postgres", "CREATE DATABASE "+h.stage.Name+"_more")
	defer server.Exec(t, "postgres", "postgres", "DROP DATABASE "+h.stage.Name+"_more WITH (FORCE)")
	eventually(t, "the new database is looked after", time.Minute, func() bool { return len(h.status(t).Databases) == 2 })
	if code := end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	eventually(t, "systemd is told of the end", patience, func() bool { return before(said(), "READY=1", "STOPPING=1") })
	if code, line := h.check(t); code != nagiosCritical || !strings.Contains(line, "no daemon answers") {
		t.Errorf("the check without a daemon: %d %s", code, line)
	}
}

// check is what Nagios would see.
func (h *host) check(t *testing.T) (code int, line string) {
	t.Helper()
	said := new(output)
	code = Main(t.Context(), []string{"check", "--config", h.config}, func(string) string { return "" }, strings.NewReader(""), said, said)
	return code, said.String()
}

// What repairs comes to its end before another configuration is in force.
func TestReloadLetsARepairEnd(t *testing.T) {
	h := newHost(t, buildThatWaits)
	log, end := h.run(t)
	eventually(t, "the build waits for the open transaction", patience, func() bool { return h.builds(t) == "1" })
	h.change(t, "mode: heal", "mode: observe")
	eventually(t, "the new configuration waits", patience, func() bool {
		return strings.Contains(h.status(t).State, "waits for what is at work")
	})
	if mode := h.status(t).Mode; mode != "heal" {
		t.Errorf("the mode is %s in the middle of a repair", mode)
	}
	h.play(t, "-- @release\n")
	eventually(t, "the repair is verified and the new configuration in force", patience, func() bool {
		return h.verified(t, "index/missing-foreign-key") && h.status(t).Mode == "observe"
	})
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// run runs the daemon until the test ends it.
func (h *host) run(t *testing.T) (log *output, end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log = new(output)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the daemon said:\n%s", log)
		}
	})
	code := make(chan int, 1)
	a := newApp(func(string) string { return "" }, strings.NewReader(""), &output{}, log)
	a.lookEvery, a.watchEvery = 100*time.Millisecond, time.Second
	go func() { code <- a.main(ctx, []string{"run", "--config", h.config}) }()
	return log, func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(30 * time.Second):
			t.Fatal("the daemon does not end")
			return -1
		}
	}
}

// What an event trigger forbids is repaired once a reload says that it is
// harmless; a pattern that is none is refused, with its place.
// hazard: 35
func TestReloadAllowsAnEventTrigger(t *testing.T) {
	h := newHost(t, strings.Split(buildThatWaits, "-- @hold")[0])
	(&pgtest.Server{Server: h.server}).Exec(t, h.stage.Name, "postgres", `CREATE FUNCTION public.nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
		CREATE EVENT TRIGGER harmless ON ddl_command_end EXECUTE FUNCTION public.nothing()`)
	log, end := h.run(t)
	eventually(t, "the event trigger forbids the repair", patience, func() bool {
		return strings.Contains(log.String(), "public.nothing() with our CREATE INDEX")
	})
	for _, step := range []struct{ from, to, says string }{
		{"mode: heal\n", "mode: heal\nallow_event_triggers: ['!harmless']\n", "config.yaml:2:24: allow_event_triggers: "},
		{"['!harmless']", "[harm*]", "event.action\":\"config.accepted"},
	} {
		h.change(t, step.from, step.to)
		eventually(t, step.to, patience, func() bool { return strings.Contains(log.String(), step.says) })
		if len(h.attempts(t)) > 0 && strings.Contains(step.to, "!") {
			t.Error("it was repaired all the same")
		}
	}
	eventually(t, "the repair is verified", patience, func() bool { return h.verified(t, "index/missing-foreign-key") })
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
}
