package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/report"
)

func (a *app) repairsCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "repairs", Short: "List repairs, the newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			h, err := a.recall(c.Context())
			if err != nil {
				return err
			}
			var list []healer.Attempt
			for i := len(h.Attempts) - 1; i >= 0 && (limit <= 0 || len(list) < limit); i-- {
				if a.chosen(h.Attempts[i].Plan.Finding.Rule) {
					list = append(list, h.Attempts[i])
				}
			}
			return report.Repairs(a.stdout, list, out)
		},
	}
	c.Flags().IntVarP(&limit, "lines", "n", 20, "at most so many; 0: all")
	c.AddCommand(a.watchCommand(), &cobra.Command{
		Use: "show REPAIR", Short: "Show one repair in full", Args: cobra.ExactArgs(1),
		Long:              "REPAIR is an id, the head of one, or last.",
		ValidArgsFunction: a.completeRepairs,
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			r, err := a.repair(c.Context(), args[0])
			if err != nil {
				return err
			}
			return r.Write(a.stdout, out)
		},
	}, &cobra.Command{
		Use: "verify", Short: "Check that nobody changed the history", Args: cobra.NoArgs,
		Long: "Walks over the ledger's chain of hashes and names the first entry that is not sound.",
		RunE: a.verify,
	})
	return c
}

func (a *app) verify(c *cobra.Command, _ []string) (err error) {
	conf, err := a.configure()
	if err != nil {
		return err
	}
	l, err := ledger.OpenReadOnly(conf.State)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no ledger in %s yet; --state names another directory", conf.State)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	sound, err := l.Verify(c.Context())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%d entries, all sound\n", sound)
	return err
}
