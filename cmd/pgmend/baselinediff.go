package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/report"
)

func (a *app) baselineDiffCommand() *cobra.Command {
	var last, detailed bool
	var from declared
	c := &cobra.Command{
		Use: "diff", Short: "Show what is missing, extra and different, and the SQL that would bring it back", Args: cobra.NoArgs,
		Long: `Compares each database with its approved baseline, or with a folder. Every
difference comes with the statements that would bring the baseline back online,
their locks, and what they cannot bring back. It changes nothing.`,
		Example: "  pgmend baseline diff -h db1 -d shop\n  pgmend baseline diff -d shop --from schema/ --detailed-exitcode",
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			drifts, err := a.drifts(c.Context(), last, from)
			if err != nil {
				return err
			}
			if err := report.Drifts(a.stdout, drifts, out); err != nil {
				return err
			}
			if detailed && slices.ContainsFunc(drifts, func(d report.Drift) bool { return len(d.Differences) > 0 }) {
				return &exitError{code: exitFindings}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&last, "captured", false, "compare with what was captured last, approved or not")
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 5 if something differs")
	from.flags(c)
	return c
}

func (a *app) drifts(ctx context.Context, last bool, from declared) ([]report.Drift, error) {
	if err := from.check(); err != nil {
		return nil, err
	}
	list, err := a.databases(ctx)
	if err != nil {
		return nil, err
	}
	defer closeDatabases(list)
	store, done, err := a.store(looks)
	if err != nil {
		return nil, err
	}
	defer done()
	var out []report.Drift
	var at course
	at.begin("baseline diff", len(list))
	err = followed(ctx, a.live(), at.look, func() error {
		for _, d := range list {
			drift, err := a.driftOf(ctx, d, store, last, from, &at)
			if err != nil {
				return err
			}
			out = append(out, drift)
			at.done()
		}
		return nil
	})
	return out, err
}

// driftOf compares one database with what was chosen.
func (a *app) driftOf(ctx context.Context, d *pg.Database, store baseline.Store, last bool, from declared, at *course) (report.Drift, error) {
	id, err := d.Identify(ctx)
	if err != nil {
		return report.Drift{}, err
	}
	at.at(id.Database, "reading the catalog")
	have, err := baseline.Read(ctx, d)
	if err != nil {
		return report.Drift{}, err
	}
	var want baseline.Schema
	switch {
	case from.from != "":
		want, _, err = a.schemaOf(ctx, d, from, at)
	case last:
		want, _, err = store.Captured(ctx, have.Server, have.Database)
	default:
		want, _, err = store.Approved(ctx, have.Server, have.Database)
	}
	if err != nil {
		return report.Drift{}, err
	}
	at.at(have.Database, "comparing")
	return report.Drift{Database: have.Database, Differences: baseline.Compare(want, have), Locked: have.Locked()}, nil
}
