package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

func (a *app) healCommand() *cobra.Command {
	var yes, now bool
	var risk string
	c := &cobra.Command{
		Use: "heal", Short: "Find, plan, apply what policy allows, verify, once", Args: cobra.NoArgs,
		Long: `Repairs whatever the daemon's mode is: this is a person's act. At a terminal it
names each object and asks; --yes answers for scripts. Guards, per-rule settings
and a pause hold in any case.`,
		Example: "  pgmend heal -h db1 -d shop\n  pgmend heal --yes --risk low --rule 'statistics/*'",
		RunE: func(c *cobra.Command, _ []string) error {
			top, err := ceiling(risk)
			if err != nil {
				return err
			}
			if !yes && !terminal(a.stdin) {
				return usagef("heal asks before each repair, and this is no terminal; --yes answers")
			}
			return a.run(c.Context(), report.Healed, acts, false, func(ctx context.Context, e *engine, o healer.Options) (healer.Result, error) {
				o.Ceiling, o.Now, o.Yes = top, now, yes
				live := a.live()
				heal := a.askAndHeal
				if yes {
					heal = healShown
				}
				r, err := heal(ctx, e, o, live)
				a.unwatched(e, r.Repairs)
				return r, err
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask; with --risk high this is the approval")
	c.Flags().BoolVar(&now, "now", false, "do not wait for the maintenance window or a cooldown")
	riskFlag(c, &risk)
	return c
}

// askAndHeal plans, asks for each plan that could run, and repairs those that
// were answered with yes.
func (a *app) askAndHeal(ctx context.Context, e *engine, o healer.Options, live *report.Live) (healer.Result, error) {
	// Nobody has approved yet, but what the person is about to be asked is
	// exactly that; so plans of high risk are shown as they would run.
	asked := o
	asked.Yes = true
	planned, err := e.Plan(ctx, asked, nil)
	if err != nil {
		return planned, err
	}
	chosen, err := choose(planned.Plans, a.stdin, a.stderr, a.look(a.stderr))
	if err != nil || len(chosen) == 0 {
		return planned, err
	}
	o.Plans, o.Yes = chosen, true
	return healShown(ctx, e, o, live)
}

// healShown heals, and shows meanwhile how far it is.
func healShown(ctx context.Context, e *engine, o healer.Options, live *report.Live) (result healer.Result, err error) {
	err = followed(ctx, live, lookAt(e.patients), func() error {
		result, err = e.Heal(ctx, o, live)
		return err
	})
	return result, err
}

// unwatched says, where this process repaired without a daemon, what nobody
// watches after it. A daemon with its state directory does.
func (a *app) unwatched(e *engine, list []healer.Attempt) {
	var until time.Time
	for _, x := range list {
		if x.Watch != nil && x.Watch.State == healer.Watching && x.Watch.Until.After(until) {
			until = x.Watch.Until
		}
	}
	if len(e.patients) > 0 && !until.IsZero() {
		a.warn("nobody watches whether this makes statements slower; pgmend run with the state directory %s does, until %s",
			a.conf.State, until.Format(time.RFC3339))
	}
}

// choose asks about each plan that may run, and returns the ids of those that
// shall.
func choose(plans []healer.Planned, in io.Reader, out io.Writer, look report.Options) ([]string, error) {
	lines := bufio.NewReader(in)
	var chosen []string
	all := false
	for _, p := range plans {
		if p.Decision.Verdict != healer.Proceed {
			continue
		}
		if err := report.Plan(out, p, look); err != nil {
			return nil, err
		}
		// A yes to all is never a yes to what cannot be taken back lightly.
		if all && p.Plan.Risk.Rank() < rules.High.Rank() {
			chosen = append(chosen, p.Plan.ID)
			continue
		}
		answer, err := ask(lines, out, fmt.Sprintf("\nRepair %s? [y]es, [n]o, [a]ll, [q]uit: ", report.Object(p.Plan.Finding)))
		if err != nil {
			return nil, err
		}
		switch answer {
		case "q":
			return chosen, nil
		case "a":
			all = true
			fallthrough
		case "y":
			chosen = append(chosen, p.Plan.ID)
		}
	}
	return chosen, nil
}

// ask repeats a question until there is an answer to it. The end of input
// is a no to all that is left.
func ask(in *bufio.Reader, out io.Writer, question string) (string, error) {
	for {
		if _, err := io.WriteString(out, question); err != nil {
			return "", err
		}
		line, err := in.ReadString('\n')
		answer := strings.ToLower(strings.TrimSpace(line))
		if answer == "" && err != nil {
			return "q", nil //nolint:nilerr // the end of input is an answer
		}
		if i := slices.Index([]string{"", "y", "yes", "n", "no", "a", "all", "q", "quit"}, answer); i == 0 {
			return "n", nil
		} else if i > 0 {
			return answer[:1], nil
		}
	}
}
