package main

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// pgbenchSeconds is how long pgbench runs for one figure.
const pgbenchSeconds = 10

// busy is a server that pgbench works on.
type busy struct {
	*host
	conn, tool string
}

func newBusy(t *testing.T) *busy {
	t.Helper()
	tools, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(tools) == 0 {
		t.Fatal("there is no pgbench; apt install postgresql brings it")
	}
	h := newHost(t, "SELECT")
	h.defaults(t)
	owner := h.stage.Name + "_owner"
	server := &pgtest.Server{Server: h.server}
	for _, sql := range []string{
		"ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()",
		"GRANT CREATE ON SCHEMA public TO " + owner,
	} {
		server.Exec(t, h.stage.Name, "postgres", sql)
	}
	l := &busy{host: h, conn: h.server.ConnString(h.stage.Name, owner), tool: tools[len(tools)-1]}
	if _, err := l.pgbench("-i", "-s", "10", "--quiet"); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *busy) pgbench(args ...string) (string, error) {
	out, err := exec.Command(l.tool, append(args, l.conn)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return string(out), nil
}

// rate is how many transactions a second the server takes now.
func (l *busy) rate() (float64, error) {
	out, err := l.pgbench("-n", "-c", "2", "-j", "1", "-T", strconv.Itoa(pgbenchSeconds))
	if err != nil {
		return 0, err
	}
	_, text, _ := strings.Cut(out, "tps = ")
	text, _, _ = strings.Cut(text, " ")
	return strconv.ParseFloat(text, 64)
}

// watched starts the daemon and waits until it has looked once.
func (l *busy) watched(t *testing.T, binary string) *program {
	t.Helper()
	p := l.start(t, binary)
	cycles := l.status(t).LastCycle
	eventually(t, "it has looked once", patience, func() bool { return l.status(t).LastCycle.After(cycles) })
	return p
}

// TestOverheadCost lets pgbench work on two servers at the same time, of which
// the daemon looks after one, in turns. What this machine does beside it, and
// how fast it is at the moment, is the same for both, so they can be compared
// where two runs one after the other cannot. What the daemon and its sessions
// take of the processors slows both, and is taken off.
func TestOverheadCost(t *testing.T) {
	length, binary := cost(t)
	twins := [2]*busy{newBusy(t), newBusy(t)}
	p := twins[0].watched(t, binary)
	taken := func() time.Duration {
		daemon, _ := consumed(t, p.Process.Pid)
		server, _ := consumed(t, twins[0].server.PID())
		return daemon + server
	}
	before, begun := taken(), time.Now()
	time.Sleep(6 * pgbenchSeconds * time.Second)
	share := (taken() - before).Seconds() / time.Since(begun).Seconds() / float64(runtime.NumCPU())
	p.stop(t)

	run := func(side int) float64 {
		p := twins[side].watched(t, binary)
		defer p.stop(t)
		var rates [2]float64
		var group errgroup.Group
		for i, l := range twins {
			group.Go(func() (err error) {
				rates[i], err = l.rate()
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		return rates[side] / rates[1-side]
	}
	run(0) // what is read for the first time
	var left []float64
	for begun := time.Now(); len(left) == 0 || time.Since(begun) < length; {
		// The product of both does not depend on which server is the faster.
		left = append(left, 100*math.Sqrt(run(0)*run(1))*(1-share))
	}
	low, high := quartiles(left)
	t.Logf("%d pairs of pgbench for %d s on two servers at once: throughput with the daemon %.2f %% of without (median; half of them between %.2f and %.2f), with %.3f %% of the processors for the daemon and its sessions taken off; 99 are wanted",
		len(left), pgbenchSeconds, median(left), low, high, 100*share)
	if median(left) < 99 {
		t.Error("that is more than it may cost")
	}
}
