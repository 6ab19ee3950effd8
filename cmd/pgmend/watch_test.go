package main

import (
	"context"
	"encoding/json"
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
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
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
	watch := func(o report.Options) (*output, chan error) {
		said, ended := new(output), make(chan error, 1)
		go func() { ended <- new(app).watch(ctx, dir, report.NewLive(said, o)) }()
		return said, ended
	}
	first, firstEnded := watch(report.Options{})
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write(l, "early", healer.RepairIntended)
	eventually(t, "the early one is shown", patience, func() bool { return strings.Contains(first.String(), "repairs   vacuum/dead-tuples early") })
	second, secondEnded := watch(report.Options{Format: report.JSONL})
	// The second one begins where the ledger ends when it looks first.
	eventually(t, "the second one watches", patience, func() bool {
		write(l, "late", healer.StepStarted)
		return strings.Contains(second.String(), "VACUUM late")
	})
	write(l, "late", healer.RepairVerified)
	for _, w := range []struct {
		said *output
		want string
	}{{first, "sql       VACUUM late"}, {first, "verified  vacuum/dead-tuples late"}, {second, `"action":"repair.verified"`}} {
		eventually(t, w.want, patience, func() bool { return strings.Contains(w.said.String(), w.want) })
	}
	cancel()
	for _, ended := range []chan error{firstEnded, secondEnded} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(second.String(), "early") {
		t.Errorf("what was before is shown: %s", second)
	}
}
