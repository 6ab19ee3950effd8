package healer_test

import (
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// A crash takes the counters, and then no index was ever used: that is no
// evidence. What was seen unused is dropped only when it has been seen so for
// long enough, by what the ledger says, whichever process saw it.
// hazard: 23
func TestCountersThatACrashResetAreNoEvidence(t *testing.T) {
	t.Parallel()
	x := newSite(t, nil, builtin(t), duplicates)
	o := person("index/unused")
	o.Yes, o.Ceiling = true, rules.High
	o.Sets = append(o.Sets, "index/unused.min_age=1h")
	seen := func(h *healer.Healer, after string) {
		t.Helper()
		if r, err := h.Find(t.Context(), o); err != nil || len(r.Findings) > 0 {
			t.Errorf("after %s: %+v, %v", after, r.Findings, err)
		}
	}
	x.super("SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT * FROM app.t WHERE v = '1'")
	seen(x.Healer, "the start")
	x.super("CHECKPOINT") // the servers of tests commit without waiting for the disk
	x.Player.Forget()
	if err := x.Kill9(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := x.Ask(t, x.Name, "postgres", "SELECT sum(idx_scan) FROM pg_stat_user_indexes"); n != "0" {
		t.Fatalf("the crash left %s scans", n)
	}
	seen(x.Healer, "the crash")

	// By now the server has counted for long enough. What this healer knows since
	// an hour from now by its clock, another one has from the ledger.
	o.Sets = append(o.Sets, "index/unused.min_age=1ms")
	guard := func(h *healer.Healer, want string) {
		t.Helper()
		r, err := h.Plan(t.Context(), o)
		if err != nil || len(r.Plans) != 2 || r.Plans[0].Decision.Guard != want {
			t.Errorf("want the guard %q: %+v, %v", want, decisions(r), err)
		}
	}
	ahead := func(c *healer.Config) { c.Clock = func() time.Time { return time.Now().Add(time.Hour) } }
	guard(with(x.Stage, ahead), "it has been known as unused for long enough")
	guard(with(x.Stage, func(*healer.Config) {}), "it has been known as unused for long enough")
}
