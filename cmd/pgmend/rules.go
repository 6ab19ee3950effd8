package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

func (a *app) rulesCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "ls", Short: "List the rules", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			set, err := a.ruleSet()
			if err != nil {
				return err
			}
			policy, err := a.policy(set)
			if err != nil {
				return err
			}
			var rows []report.RuleRow
			for _, r := range everyRule(set) {
				if a.chosen(r.ID) {
					rows = append(rows, report.RuleRow{Rule: r, Will: string(policy.For(r.ID))})
				}
			}
			return report.Rules(a.stdout, rows, out)
		},
	}
	show := &cobra.Command{
		Use: "show RULE", Short: "Print a rule's page: what it finds, proves, runs, locks and leaves alone", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRules,
	}
	file := show.Flags().Bool("file", false, "print the rule's file instead")
	show.RunE = func(_ *cobra.Command, args []string) error { return a.showRule(args[0], *file) }
	vet := &cobra.Command{
		Use: "vet FILE|DIR...", Short: "Check rule files, without a database", Args: cobra.MinimumNArgs(1),
		Long: "Names every mistake of every file as file:line: message, and exits with 1 if there is one.",
		RunE: func(_ *cobra.Command, args []string) error { return a.vet(args) },
	}
	return group("rules", "List, show, check and test rules", list, show, vet, a.rulesTestCommand(), a.rulesDocsCommand())
}

func (a *app) completeRules(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	set, err := a.ruleSet()
	var out []string
	for _, r := range everyRule(set) {
		if err == nil {
			out = append(out, r.ID+"\t"+r.Title)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// vet checks files and folders. What is wrong goes to stdout, because it is
// what was asked for.
func (a *app) vet(names []string) error {
	sound, bad := 0, 0
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		var errs []error
		if info.IsDir() {
			var set rules.Set
			set, errs = rules.Load(name)
			sound += len(set.Files())
		} else if _, err := rules.LoadFile(name); err != nil {
			errs = []error{err}
		} else {
			sound++
		}
		for _, err := range errs {
			bad++
			if _, err := fmt.Fprintln(a.stdout, report.Lines(err.Error())); err != nil {
				return err
			}
		}
	}
	switch {
	case bad > 0:
		return usagef("%d of %d rule files refused", bad, bad+sound)
	case sound == 0:
		return errors.New("there is no rule file")
	}
	_, err := fmt.Fprintf(a.stdout, "%d rule files, all sound\n", sound)
	return err
}
