package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
)

func (a *app) configCommand() *cobra.Command {
	check := &cobra.Command{
		Use: "check", Short: "Name every mistake in the configuration", Args: cobra.NoArgs,
		Long: `Reads the file, conf.d and the environment, and checks rules' names and
parameters too. Each mistake is a line: file:line:column: message.`,
		RunE: func(*cobra.Command, []string) error {
			s, err := a.prepare()
			if err != nil {
				return err
			}
			from := strings.Join(s.conf.Sources(), ", ")
			if from == "" {
				from = "no file, only defaults and the environment"
			}
			_, err = fmt.Fprintf(a.stdout, "ok: %s\n", from)
			return err
		},
	}
	initial := &cobra.Command{
		Use: "init", Short: "Print a configuration to begin with", Args: cobra.NoArgs,
		Long:    "Every key with its default or, commented out, with an example. It observes and changes nothing.",
		Example: "  pgmend config init > /etc/pgmend/config.yaml",
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.stdout, config.Initial())
			return err
		},
	}
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the configuration, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s\n", text)
			return err
		},
	}
	return group("config", "Check, show and begin the configuration", check, initial, schema, a.configShowCommand())
}

func (a *app) configShowCommand() *cobra.Command {
	var effective bool
	c := &cobra.Command{
		Use: "show", Short: "Print the configuration in force", Args: cobra.NoArgs,
		Long: `Prints what the files, the environment and the flags come to, with defaults. With
--effective every rule is in it, with its mode, schedule and parameters.`,
		RunE: func(*cobra.Command, []string) error {
			s, err := a.prepare()
			if err != nil {
				return err
			}
			if effective {
				s.conf.Spell(everyRule(s.rules))
			}
			text, err := s.conf.YAML()
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	c.Flags().BoolVar(&effective, "effective", false, "every rule, with all that holds for it")
	return c
}
