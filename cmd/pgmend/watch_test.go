package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/report"
)

// Whoever watches sees what is written from then on, also to a ledger that
// comes only later, and nothing of before.
func TestWatch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	ctx := t.Context()
	write := func(l *ledger.Ledger, object string, action healer.Action) {
		t.Helper()
		x := healer.Attempt{ID: "01", Steps: []healer.StepRun{{SQL: "VACUUM " + object, Done: true, Outcome: healer.Outcome{Tag: "VACUUM"}}}}
		x.Plan.Finding.Rule, x.Plan.Finding.Database, x.Plan.Finding.Object.Name = "vacuum/dead-tuples", "shop", object
		body, err := json.Marshal(x)
		if err == nil {
			_, err = l.Append(ctx, healer.Entry{Kind: healer.KindAttempt, Subject: "01", Action: string(action), Body: body})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	watching := func(o report.Options) (*watcher, *bytes.Buffer) {
		said := new(bytes.Buffer)
		w := &watcher{dir: dir, live: report.NewLive(said, o), chosen: new(app).chosen}
		t.Cleanup(func() {
			if err := w.close(); err != nil {
				t.Error(err)
			}
		})
		return w, said
	}
	look := func(watchers ...*watcher) {
		t.Helper()
		for _, w := range watchers {
			if err := w.look(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, text := watching(report.Options{})
	look(first) // there is no ledger yet
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write(l, "early", healer.RepairIntended)
	second, lines := watching(report.Options{Format: report.JSONL})
	look(first, second)
	write(l, "late", healer.StepStarted)
	write(l, "late", healer.RepairVerified)
	look(first, second)
	look(first, second)
	for _, c := range []struct {
		said *bytes.Buffer
		want string
		n    int
	}{
		{text, "repairs   vacuum/dead-tuples early", 1},
		{text, "sql       VACUUM late", 1},
		{text, "verified  vacuum/dead-tuples late", 1},
		{lines, "early", 0},
		{lines, `"action":"repair.verified"`, 1},
	} {
		if got := strings.Count(c.said.String(), c.want); got != c.n {
			t.Errorf("%q is shown %d times, want %d:\n%s", c.want, got, c.n, c.said)
		}
	}
}

// Watching ends, without an error, when it is interrupted.
func TestWatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- new(app).watch(ctx, t.TempDir(), report.NewLive(io.Discard, report.Options{})) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
