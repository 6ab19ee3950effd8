package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/report"
)

// watchEvery is how often the ledger is looked at.
const watchEvery = 300 * time.Millisecond

func (a *app) watchCommand() *cobra.Command {
	return &cobra.Command{
		Use: "watch", Short: "Show repairs as they happen, until interrupted", Args: cobra.NoArgs,
		Long: `Reads the ledger as the daemon, or anybody, writes it: each intent, statement and
verification is a line; with --output jsonl, an object.`,
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			if out.Format != report.Table && out.Format != report.JSONL {
				return usagef("repairs watch has no end, so its output is table or jsonl")
			}
			conf, err := a.configure()
			if err != nil {
				return err
			}
			return a.watch(c.Context(), conf.State, report.NewLive(a.stdout, out))
		},
	}
}

// watch shows what is written to a ledger from now on.
func (a *app) watch(ctx context.Context, dir string, live *report.Live) (err error) {
	w := watcher{dir: dir, live: live, chosen: a.chosen}
	defer func() { err = errors.Join(err, w.close()) }()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

// watcher shows a ledger's entries, each look those after the last one's.
type watcher struct {
	dir    string
	live   *report.Live
	chosen func(rule string) bool

	ledger *ledger.Ledger // nil: there was none yet
	begun  bool           // seq is where the first look found the end
	seq    int64
}

func (w *watcher) look(ctx context.Context) error {
	if w.ledger == nil {
		l, err := ledger.OpenReadOnly(w.dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			w.begun = true // all of a ledger that comes later is new
			return nil
		case err != nil:
			return fmt.Errorf("state directory %s: %w", w.dir, err)
		}
		w.ledger = l
	}
	if !w.begun {
		last, err := w.ledger.Last(ctx)
		w.seq, w.begun = last, err == nil
		return err
	}
	entries, err := w.ledger.After(ctx, w.seq)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := w.show(ctx, e); err != nil {
			return err
		}
		w.seq = e.Seq
	}
	return nil
}

func (w *watcher) show(ctx context.Context, e healer.Entry) error {
	if e.Kind != healer.KindAttempt {
		return nil
	}
	var x healer.Attempt
	if err := json.Unmarshal(e.Body, &x); err != nil {
		return fmt.Errorf("read entry %d of the ledger: %w", e.Seq, err)
	}
	if w.chosen(x.Plan.Finding.Rule) {
		w.live.Observe(ctx, healer.Transition{
			At: e.Time, Action: healer.Action(e.Action), Database: x.Plan.Finding.Database, Attempt: &x, Step: lastStep(x, healer.Action(e.Action)),
		})
	}
	return nil
}

func (w *watcher) close() error {
	if w.ledger == nil {
		return nil
	}
	return w.ledger.Close()
}

// lastStep is the statement that an entry is about.
func lastStep(x healer.Attempt, action healer.Action) *healer.StepRun {
	switch {
	case action != healer.StepStarted && action != healer.StepFinished, len(x.Steps) == 0:
		return nil
	}
	return &x.Steps[len(x.Steps)-1]
}
