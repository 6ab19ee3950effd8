package main

import (
	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/report"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show what stands now", Args: cobra.NoArgs,
		Long: "Reads the ledger, so it works with and without a daemon, and while PostgreSQL is down.",
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			h, err := a.recall(c.Context())
			if err != nil {
				return err
			}
			return report.State(a.stdout, report.Now{
				Control: h.control, Findings: h.findings, Proposals: h.proposals, Repairs: h.attempts, At: a.clock(),
			}, out)
		},
	}
}
