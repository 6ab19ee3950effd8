package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/report"
)

func (a *app) statusCommand() *cobra.Command {
	var watch int
	c := &cobra.Command{
		Use: "status", Short: "Show what stands now", Args: cobra.NoArgs,
		Long: "Reads the ledger, so it works with and without a daemon, and while PostgreSQL is down.",
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			if watch < 0 {
				return usagef("-w %d is no number of seconds", watch)
			}
			for {
				if err := a.status(c.Context(), out); err != nil || watch == 0 {
					return err
				}
				select {
				case <-c.Context().Done():
					return nil
				case <-time.After(time.Duration(watch) * time.Second):
				}
			}
		},
	}
	c.Flags().IntVarP(&watch, "watch", "w", 0, "show it again every so many seconds")
	return c
}

func (a *app) status(ctx context.Context, out report.Options) error {
	h, err := a.recall(ctx)
	if err != nil {
		return err
	}
	now := report.Now{Control: h.Control, Findings: h.Findings, Proposals: h.Proposals, Repairs: h.Attempts, At: a.clock()}
	now.Daemon, err = a.running(ctx)
	if err != nil {
		a.warn("%v", err)
	}
	return report.State(a.stdout, now, out)
}

// running asks the daemon how it is; nil where none answers.
func (a *app) running(ctx context.Context) (*report.Daemon, error) {
	client, err := control.Dial(ctx, a.conf.Control.Socket)
	if errors.Is(err, control.ErrNoDaemon) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := client.Status(ctx)
	if err != nil {
		return nil, err
	}
	return aboutDaemon(s), nil
}

// aboutDaemon is what reports say of a daemon.
func aboutDaemon(s control.Status) *report.Daemon {
	return &report.Daemon{
		Version: s.Version, Mode: s.Mode, PID: s.PID, Started: s.Started, LastCycle: s.LastCycle, Databases: s.Databases, State: s.State, Config: s.Config,
	}
}
