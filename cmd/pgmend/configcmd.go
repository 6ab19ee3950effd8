package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	check := &cobra.Command{
		Use: "check", Short: "Name every mistake in the configuration", Args: cobra.NoArgs,
		Long: "Reads the file, conf.d and the environment, and checks rules' parameters too.",
		RunE: func(*cobra.Command, []string) error {
			c, err := a.configure()
			if err != nil {
				return err
			}
			set, err := a.ruleSet()
			if err != nil {
				return err
			}
			if _, err := a.policy(set); err != nil {
				return err
			}
			from := strings.Join(c.Sources(), ", ")
			if from == "" {
				from = "no file, only defaults and the environment"
			}
			_, err = fmt.Fprintf(a.stdout, "ok: %s\n", from)
			return err
		},
	}
	show := &cobra.Command{
		Use: "show", Short: "Print the configuration in force", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := a.configure()
			if err != nil {
				return err
			}
			text, err := c.YAML()
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	return group("config", "Check and show the configuration", check, show)
}
