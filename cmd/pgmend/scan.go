package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

func (a *app) scanCommand() *cobra.Command {
	var detailed bool
	c := &cobra.Command{
		Use: "scan", Short: "Detect once, change nothing", Args: cobra.NoArgs,
		Long: `Runs the rules' detection once and shows what they find. It writes nothing,
neither to the databases nor to the state directory.`,
		Example: "  pgmend scan -h db1 -d shop\n  pgmend scan --rule 'index/*' --output json",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.run(c.Context(), report.Scanned, looks, detailed, func(ctx context.Context, e *engine, o healer.Options) (healer.Result, error) {
				return e.Find(ctx, o, nil)
			})
		},
	}
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 5 if there are findings")
	return c
}

func (a *app) planCommand() *cobra.Command {
	var detailed bool
	var risk string
	c := &cobra.Command{
		Use: "plan", Short: "Show what would run: SQL, locks, guards, undo", Args: cobra.NoArgs,
		Long: `Finds, and shows for each finding what would run and what was decided about
it. The plans are recorded, so that they can be approved; nothing is changed.`,
		Example: "  pgmend plan -h db1 -d shop\n  pgmend approve P4f1c0ffee12",
		RunE: func(c *cobra.Command, _ []string) error {
			top, err := ceiling(risk)
			if err != nil {
				return err
			}
			return a.run(c.Context(), report.Planned, acts, detailed, func(ctx context.Context, e *engine, o healer.Options) (healer.Result, error) {
				o.Ceiling = top
				return e.Plan(ctx, o, nil)
			})
		},
	}
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 5 if there are findings")
	riskFlag(c, &risk)
	return c
}

func riskFlag(c *cobra.Command, risk *string) {
	c.Flags().StringVar(risk, "risk", string(rules.Medium), "highest risk to repair: low, medium or high")
	_ = c.RegisterFlagCompletionFunc("risk", cobra.FixedCompletions([]string{"low", "medium", "high"}, cobra.ShellCompDirectiveNoFileComp))
}

func ceiling(risk string) (rules.Risk, error) {
	r := rules.Risk(risk)
	if !slices.Contains([]rules.Risk{rules.Low, rules.Medium, rules.High}, r) {
		return "", usagef("--risk %s is not one of low, medium, high", risk)
	}
	return r, nil
}

// work is what a command does with the engine.
type work func(ctx context.Context, e *engine, o healer.Options) (healer.Result, error)

// run opens the engine, works, and writes the result with the status that
// becomes the exit code; in JSON also where it failed.
func (a *app) run(ctx context.Context, v report.View, r reach, detailed bool, do work) error {
	out, err := a.output()
	if err != nil {
		return err
	}
	o, err := a.options()
	if err != nil {
		return err
	}
	var result healer.Result
	e, err := a.open(ctx, r)
	if err == nil {
		result, err = do(ctx, e, o)
		e.close()
	}
	code, message := outcome(v, result, detailed), "ok"
	if err != nil {
		code, message = exitCode(err), err.Error()
	} else if code != exitOK {
		message = meaning(code)
	}
	if err == nil || out.Format == report.JSON || len(result.Findings) > 0 {
		if werr := report.Result(a.stdout, v, result, report.Status{Code: code, Message: message}, out); werr != nil {
			return werr
		}
	}
	if err != nil || code == exitOK {
		return err
	}
	return &exitError{code: code}
}

// outcome is the exit code of a run that could be made.
func outcome(v report.View, r healer.Result, detailed bool) int {
	if v == report.Healed {
		return healed(r)
	}
	if detailed && slices.ContainsFunc(r.Findings, func(f healer.Finding) bool { return f.Status == healer.Open }) {
		return exitFindings
	}
	return exitOK
}

// healed is the exit code of pgmend heal: a failed repair outranks a refusal.
func healed(r healer.Result) int {
	code := exitOK
	ran := make(map[string]bool)
	for _, x := range r.Repairs {
		ran[x.Plan.Finding.ID] = true
		switch x.State {
		case healer.Failed, healer.Interrupted:
			return exitFailed
		case healer.Refused:
			code = exitRefused
		}
	}
	for _, p := range r.Plans {
		if p.Decision.Verdict != healer.Proceed && !ran[p.Plan.Finding.ID] {
			code = exitRefused
		}
	}
	return code
}

func meaning(code int) string {
	switch code {
	case exitFailed:
		return "a repair failed"
	case exitRefused:
		return "policy or a guard refused"
	case exitFindings:
		return "findings exist"
	}
	return "error"
}
