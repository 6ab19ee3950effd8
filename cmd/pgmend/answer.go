package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
)

// answerCommand is approve or reject.
func (a *app) answerCommand(yes bool) *cobra.Command {
	use, short := "approve PLAN...", "Let the daemon run a plan"
	if !yes {
		use, short = "reject PLAN...", "Refuse a plan, and mute its finding"
	}
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.MinimumNArgs(1),
		Long:              "The answer is bound to exactly this plan: its SQL, object, definition and server.",
		ValidArgsFunction: a.completePlans,
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			e, err := a.open(c.Context(), records)
			if err != nil {
				return err
			}
			defer e.close()
			var list []healer.Approval
			for _, id := range args {
				answer, err := e.Answer(c.Context(), id, yes, actor())
				if err != nil {
					return err
				}
				list = append(list, answer)
			}
			return report.Approvals(a.stdout, list, out)
		},
	}
}

func (a *app) undoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "undo REPAIR", Short: "Take a verified repair back", Args: cobra.ExactArgs(1),
		Long: `Runs the undo that the repair's plan kept, and mutes the finding, so that it is
not repaired again. It refuses where the object is not as the repair left it.`,
		ValidArgsFunction: a.completeRepairs,
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			o, err := a.options()
			if err != nil {
				return err
			}
			id := args[0]
			if h, err := a.recall(c.Context()); err == nil {
				x, err := h.attempt(id)
				if err != nil {
					return err
				}
				id = x.ID
			}
			e, err := a.open(c.Context(), acts)
			if err != nil {
				return err
			}
			defer e.close()
			done, err := e.Undo(c.Context(), id, o, a.live())
			if err != nil {
				return err
			}
			if err := report.Repairs(a.stdout, []healer.Attempt{done}, out); err != nil {
				return err
			}
			if code := healed(healer.Result{Repairs: []healer.Attempt{done}}); code != exitOK {
				return &exitError{code: code}
			}
			return nil
		},
	}
}

func (a *app) pauseCommand() *cobra.Command {
	var length time.Duration
	c := &cobra.Command{
		Use: "pause", Short: "Stop all repairs, also between two steps", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if length < 0 {
				return usagef("--for %s is negative", length)
			}
			return a.control(c, func(e *engine) (healer.Control, error) {
				return e.Pause(c.Context(), length, actor())
			})
		},
	}
	c.Flags().DurationVar(&length, "for", 0, "how long, such as 2h; without it, until pgmend resume")
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "resume", Short: "Let repairs run again, also after the breaker stopped them", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.control(c, func(e *engine) (healer.Control, error) { return e.Resume(c.Context(), actor()) })
		},
	}
}

// control acts, and shows what stands then.
func (a *app) control(c *cobra.Command, act func(*engine) (healer.Control, error)) error {
	out, err := a.output()
	if err != nil {
		return err
	}
	e, err := a.open(c.Context(), records)
	if err != nil {
		return err
	}
	now, err := act(e)
	e.close()
	if err != nil {
		return err
	}
	// Only the daemon's own user may read its ledger; what was done is known.
	h, err := a.recall(c.Context())
	if err != nil {
		a.warn("%v", err)
	}
	daemon, err := a.running(c.Context())
	if err != nil {
		a.warn("%v", err)
	}
	return report.State(a.stdout, report.Now{
		Control: now, Findings: h.Findings, Proposals: h.Proposals, Repairs: h.Attempts, At: a.clock(), Daemon: daemon,
	}, out)
}
