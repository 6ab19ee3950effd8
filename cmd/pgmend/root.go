package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/guidance"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

// app is one run of the command line.
type app struct {
	env    func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	clock  func() time.Time

	flags flags
	conf  *config.Config // read on first use, by configure

	advisor *guidance.Shared // explains findings and errors

	ownState   bool          // the state directory is the default of this user
	lookEvery  time.Duration // for other databases; 0: the default
	watchEvery time.Duration // at the statements of what was repaired; 0: the default

	shows *report.Live // shows a person what a daemon of this process is at; nil: nobody watches
}

// flags are those that every command has.
type flags struct {
	host, port, user, database string
	healer                     string
	password                   bool
	output                     string
	sets, rules, logs          []string
	state, config              string
	allowSuperuser             bool
}

// Main runs one command and returns its exit code.
func Main(ctx context.Context, args []string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newApp(env, stdin, stdout, stderr).main(ctx, args)
}

func newApp(env func(string) string, stdin io.Reader, stdout, stderr io.Writer) *app {
	a := &app{env: env, stdin: stdin, stdout: stdout, stderr: stderr, clock: time.Now}
	a.advisor = guidance.NewShared(a.makeAdvisor)
	return a
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // nil would mean the process's own
	err := root.ExecuteContext(ctx)
	code := exitCode(err)
	var quiet *exitError
	if err != nil && (!errors.As(err, &quiet) || quiet.err != nil) {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(a.stderr, "pgmend: "+report.Plain(strings.TrimRight(line, "\n")))
		}
	}
	return code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "pgmend",
		Short:         "A self-healing daemon for PostgreSQL",
		Long:          rootHelp,
		SilenceErrors: true, SilenceUsage: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; pgmend --help lists them", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%v; %s --help lists the flags", err, c.CommandPath())
	})
	a.globals(root)
	root.AddCommand(a.commands()...)
	wrapArgs(root)
	return root
}

// globals are psql's connection flags and pgmend's own. -h is the host, so
// help has no short form.
func (a *app) globals(root *cobra.Command) {
	f, p := &a.flags, root.PersistentFlags()
	p.Bool("help", false, "show this help")
	p.StringVarP(&f.host, "host", "h", "", "database server host or socket directory")
	p.StringVarP(&f.port, "port", "p", "", "database server port")
	p.StringVarP(&f.user, "username", "U", "", "database user name")
	p.StringVarP(&f.database, "dbname", "d", "", "database name, URI or conninfo string; without it, all configured ones")
	p.StringVar(&f.healer, "healer", "", "the login that repairs, and reads rows as their owner (default: the one that finds)")
	p.BoolVarP(&f.password, "password", "W", false, "ask for the password")
	p.StringVar(&f.output, "output", "table", "one of "+strings.Join(report.Formats(), ", "))
	p.StringArrayVar(&f.sets, "set", nil, "set a rule's parameter, as 'GLOB.param=value' (repeatable)")
	p.StringArrayVar(&f.rules, "rule", nil, "only the rules that match this glob (repeatable)")
	p.StringArrayVar(&f.logs, "log", nil, "read this PostgreSQL log file (repeatable)")
	p.StringVar(&f.state, "state", "", "state directory")
	p.StringVar(&f.config, "config", "", "configuration file (default "+config.DefaultPath+")")
	p.BoolVar(&f.allowSuperuser, "allow-superuser", false, "let pgmend connect as a superuser")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(report.Formats(), cobra.ShellCompDirectiveNoFileComp))
}

func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.scanCommand(), a.planCommand(), a.healCommand(),
		a.answerCommand(true), a.answerCommand(false), a.undoCommand(),
		a.findingsCommand(), a.repairsCommand(), a.reportCommand(),
		a.pauseCommand(), a.resumeCommand(), a.statusCommand(),
		a.runCommand(), a.demoCommand(), a.rulesCommand(), a.baselineCommand(), a.setupCommand(), a.configCommand(), a.versionCommand(), a.manCommand(),
		a.alertsCommand(), a.checkCommand(), a.doctorCommand(),
		a.tablesCommand(openParser), a.logsCommand(), a.guideCommand(), a.workerCommand(),
	}
}

// wrapArgs makes wrong arguments usage errors with a hint, in all commands.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil && c.HasParent() {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usagef("%v; usage: %s", err, c.UseLine())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

// group is a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(subs...)
	return c
}

// options are what the flags say of a run, by a person.
func (a *app) options() (healer.Options, error) {
	o := healer.Options{Rules: a.flags.rules, Sets: a.flags.sets, Person: true, Actor: actor()}
	if d := a.flags.database; d != "" && !isURI(d) && !strings.Contains(d, "=") {
		o.Databases = []string{d}
	}
	for _, s := range o.Sets {
		if _, err := rules.ParseSetting(s); err != nil {
			return o, usagef("--set: %v", err)
		}
	}
	return o, nil
}

const rootHelp = `pgmend finds faults in a PostgreSQL server, proves them in the catalog, repairs
them under guards, verifies each repair, and keeps the undo.

Exit codes: 0 ok; 1 usage, configuration or own error; 2 cannot connect; 3 a
repair failed; 4 refused by policy; 5 findings exist (scan and plan with
--detailed-exitcode).`
