package main

import (
	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
)

func (a *app) findingsCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "findings", Short: "List what was found and still stands", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			h, err := a.recall(c.Context())
			if err != nil {
				return err
			}
			var list []healer.Finding
			for _, f := range h.Findings {
				if (all || f.Status != healer.Resolved) && a.chosen(f.Rule) {
					list = append(list, f)
				}
			}
			return report.Findings(a.stdout, list, out)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "resolved ones too")
	c.AddCommand(a.muteCommand(false), a.muteCommand(true))
	return c
}

// muteCommand is mute or, with off, unmute.
func (a *app) muteCommand(off bool) *cobra.Command {
	use, short := "mute FINDING...", "Stop acting on a finding"
	if off {
		use, short = "unmute FINDING...", "Act on a finding again"
	}
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := a.open(c.Context(), records)
			if err != nil {
				return err
			}
			defer e.close()
			for _, id := range args {
				if err := e.Mute(c.Context(), id, off, actor()); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
