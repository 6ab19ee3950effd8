package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// What the daemon costs is measured on the program itself, by make bench-idle
// and make bench-overhead; PGMEND_COST says for how long, PGMEND_BINARY where
// the program is. The machine may be a busy one, so processor time counts where
// it says the same as the time on the wall.
func cost(t *testing.T) (length time.Duration, binary string) {
	t.Helper()
	text := os.Getenv("PGMEND_COST")
	if text == "" {
		t.Skip("make bench-idle and make bench-overhead run it")
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return length, os.Getenv("PGMEND_BINARY")
}

// defaults is a configuration that only says where the server is.
func (h *host) defaults(t *testing.T) {
	t.Helper()
	text := fmt.Sprintf("connection:\n  conninfo: %q\n  observer: {user: %s_observer}\n  healer: {user: %s_healer}\ndatabases: [%s]\nstate: %s\ncontrol: {socket: %s}\n",
		h.server.ConnString(h.stage.Name, "postgres"), h.stage.Name, h.stage.Name, h.stage.Name,
		filepath.Join(h.dir, "state"), filepath.Join(h.dir, "run", "control.sock"))
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program is a daemon in a process of its own.
type program struct {
	*exec.Cmd
	ready time.Duration // from its start until systemd was told READY=1
}

// start starts the program and waits until it is ready.
func (h *host) start(t *testing.T, binary string) *program {
	t.Helper()
	said := systemdsEnd(t)
	log, err := os.Create(filepath.Join(h.dir, "daemon.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p := &program{Cmd: exec.Command(binary, "run", "--config", h.config)}
	p.Stdout, p.Stderr = log, log
	p.Env = append(os.Environ(), "PGMEND_CONFIG=")
	begun := time.Now()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	for deadline := begun.Add(patience); !slices.Contains(said(), "READY=1"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name()) // whatever there is
			t.Fatalf("it is not ready:\n%s", text)
		}
	}
	p.ready = time.Since(begun)
	return p
}

// stop ends it as systemd does, and says how long that took.
func (p *program) stop(t *testing.T) time.Duration {
	t.Helper()
	begun := time.Now()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	return time.Since(begun)
}

// consumed is the processor time that a process and its children have had, and
// the memory they have now.
func consumed(t *testing.T, pid int) (cpu time.Duration, rss int) {
	t.Helper()
	for _, p := range family(t, pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			continue // it has just ended
		}
		f := strings.Fields(string(stat)[strings.LastIndexByte(string(stat), ')')+1:])
		for _, ticks := range f[11:15] { // its own, and those of children it waited for
			n, err := strconv.Atoi(ticks)
			if err != nil {
				t.Fatal(err)
			}
			cpu += time.Duration(n) * time.Second / 100
		}
		pages, err := strconv.Atoi(f[21])
		if err != nil {
			t.Fatal(err)
		}
		rss += pages * os.Getpagesize()
	}
	return cpu, rss
}

// family is a process and its children.
func family(t *testing.T, pid int) []int {
	t.Helper()
	list := []int{pid}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, child)
		}
	}
	return list
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// quartiles are between which values the middle half of a list is.
func quartiles(list []float64) (low, high float64) {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/4], list[(len(list)*3)/4]
}

// slope is by how much y grows with x, by least squares.
func slope(x, y []float64) float64 {
	var mx, my, up, down float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(y))
	}
	for i := range x {
		up, down = up+(x[i]-mx)*(y[i]-my), down+(x[i]-mx)*(x[i]-mx)
	}
	return up / down
}

const mib = 1 << 20

// TestIdleCost lets the daemon look after 1,000 tables in which nothing
// happens. Some minutes do not have the rules that run every hour, so these are
// measured, too: all of them, every few seconds.
func TestIdleCost(t *testing.T) {
	length, binary := cost(t)
	h := newHost(t, "SELECT")
	server := &pgtest.Server{Server: h.server}
	server.Exec(t, h.stage.Name, "postgres", `DO $$ BEGIN FOR i IN 1..1000 LOOP
		EXECUTE format('CREATE TABLE app.t%s (id int PRIMARY KEY, at timestamptz, v text)', i);
		EXECUTE format('CREATE INDEX ON app.t%s (at)', i);
		EXECUTE format('INSERT INTO app.t%s SELECT g, now(), g FROM generate_series(1, 20) AS g', i);
		END LOOP; END $$`)
	server.Exec(t, h.stage.Name, "postgres", "ANALYZE")
	h.defaults(t)
	p := h.start(t, binary)
	eventually(t, "it has looked once", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
	time.Sleep(20 * time.Second) // what the first look of all rules leaves behind

	var minutes, sizes []float64
	before, _ := consumed(t, p.Process.Pid)
	begun, most := time.Now(), 0
	for time.Since(begun) < length {
		time.Sleep(5 * time.Second)
		_, rss := consumed(t, p.Process.Pid)
		most = max(most, rss)
		minutes, sizes = append(minutes, time.Since(begun).Minutes()), append(sizes, float64(rss)/mib)
	}
	after, _ := consumed(t, p.Process.Pid)
	quiet := (after - before).Seconds() / time.Since(begun).Seconds()

	const every, passes = 5 * time.Second, 12
	text, err := os.ReadFile(h.config)
	if err == nil {
		err = os.WriteFile(h.config, append(text, "rules: {'*': {every: 5s}}\n"...), 0o600)
	}
	if err == nil {
		err = p.Process.Signal(syscall.SIGHUP)
	}
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * every)
	before, _ = consumed(t, p.Process.Pid)
	time.Sleep(passes * every)
	after, last := consumed(t, p.Process.Pid)
	most = max(most, last)
	pass := (after - before) / passes
	// In an hour each rule of 15 minutes or more has at most four turns.
	hour := quiet + 4*pass.Seconds()/3600

	t.Logf("idle for %s on 1,000 tables: %.3f %% of a core; one look of all rules %s of processor time; so in an hour at most %.3f %% (0.3 are allowed)",
		length, 100*quiet, pass, 100*hour)
	t.Logf("memory of the daemon and its parser: median %.1f MiB, at most %.1f MiB (60 are allowed), slope %+.2f MiB a minute",
		median(sizes), float64(most)/mib, slope(minutes, sizes))
	if hour > 0.003 || float64(most) > 60e6 {
		t.Error("that is more than it may cost")
	}
	t.Logf("ready after %s, stopped after %s", p.ready, p.stop(t))
}

// TestStartAndStopCost measures how long a start and a stop take, also while a
// statement of a repair is at work.
func TestStartAndStopCost(t *testing.T) {
	_, binary := cost(t)
	h := newHost(t, buildThatWaits)
	text, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	h.defaults(t)
	var starts, stops []float64
	for range 20 {
		p := h.start(t, binary)
		starts = append(starts, p.ready.Seconds())
		eventually(t, "it is connected", patience, func() bool { return strings.Contains(h.status(t).State, "connected") })
		stops = append(stops, p.stop(t).Seconds())
	}
	if err := os.WriteFile(h.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p := h.start(t, binary)
	eventually(t, "the build waits for the open transaction", patience, func() bool { return h.builds(t) == "1" })
	middle := p.stop(t)
	t.Logf("ready after %.3f s (median), %.3f s at most (1 is allowed); stopped after %.3f s, %.3f s at most, in the middle of a repair after %.3f s (5 are allowed)",
		median(starts), slices.Max(starts), median(stops), slices.Max(stops), middle.Seconds())
	if slices.Max(starts) > 1 || slices.Max(stops) > 5 || middle > 5*time.Second {
		t.Error("that is longer than it may take")
	}
}
