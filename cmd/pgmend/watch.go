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

// watch shows what is written to a ledger from now on. There may be none yet.
func (a *app) watch(ctx context.Context, dir string, live *report.Live) (err error) {
	var l *ledger.Ledger
	defer func() {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	seq, begun := int64(0), false
	for ctx.Err() == nil {
		if l == nil {
			l, err = ledger.OpenReadOnly(dir)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("state directory %s: %w", dir, err)
			}
			if err != nil {
				begun = true // all of a ledger that comes later is new
			}
		}
		if l != nil {
			if !begun {
				if seq, err = l.Last(ctx); err != nil {
					break
				}
				begun = true
			}
			if seq, err = a.show(ctx, l, seq, live); err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchEvery):
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// show shows the entries after one, and returns the last of them.
func (a *app) show(ctx context.Context, l *ledger.Ledger, after int64, live *report.Live) (int64, error) {
	entries, err := l.After(ctx, after)
	if err != nil {
		return after, err
	}
	for _, e := range entries {
		after = e.Seq
		if e.Kind != healer.KindAttempt {
			continue
		}
		var x healer.Attempt
		if err := json.Unmarshal(e.Body, &x); err != nil {
			return after, fmt.Errorf("read entry %d of the ledger: %w", e.Seq, err)
		}
		if a.chosen(x.Plan.Finding.Rule) {
			live.Observe(ctx, healer.Transition{
				At: e.Time, Action: healer.Action(e.Action), Database: x.Plan.Finding.Database, Attempt: &x, Step: lastStep(x, healer.Action(e.Action)),
			})
		}
	}
	return after, nil
}

// lastStep is the statement that an entry is about.
func lastStep(x healer.Attempt, action healer.Action) *healer.StepRun {
	switch {
	case action != healer.StepStarted && action != healer.StepFinished, len(x.Steps) == 0:
		return nil
	}
	return &x.Steps[len(x.Steps)-1]
}
