package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/report"
)

func (a *app) alertsCommand() *cobra.Command {
	ls := &cobra.Command{
		Use: "ls", Short: "List the events and which of them alert", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			var list []report.Event
			for _, e := range event.Catalogue() {
				list = append(list, report.Event{
					Code: e.Code, Action: string(e.Action), Level: strings.ToLower(e.Level.String()), Alert: e.Alert(), Title: e.Title, ToDo: e.ToDo,
				})
			}
			return report.Events(a.stdout, list, out)
		},
	}
	return group("alerts", "What is said in the log, and alerts made of it", ls, a.alertsTestCommand(), a.alertsExportCommand())
}

func (a *app) alertsTestCommand() *cobra.Command {
	var local bool
	c := &cobra.Command{
		Use: "test CODE", Short: "Write an event that did not happen, to see where it arrives", Args: cobra.ExactArgs(1),
		Long: `The daemon writes the event into its log, marked "pgmend.synthetic": true, so it
goes the way of a real one. With --local this command writes the line itself, to
stdout.`,
		Example: "  pgmend alerts test PGM-4008",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, e := range event.Catalogue() {
				codes = append(codes, e.Code+"\t"+e.Title)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			conf, err := a.configure()
			if err != nil {
				return err
			}
			code := strings.ToUpper(args[0])
			if local {
				return event.Test(c.Context(), slog.New(event.NewHandler(a.stdout, event.Options{JSON: true})), code, actor())
			}
			if err := event.Test(c.Context(), slog.New(slog.DiscardHandler), code, ""); err != nil {
				return usagef("%v", err)
			}
			client, err := control.Dial(c.Context(), conf.Control.Socket)
			if err != nil {
				return fmt.Errorf("%w; --local prints the line instead", err)
			}
			if err := client.Test(c.Context(), code, ""); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "the daemon has written %s, marked as a test\n", code)
			return err
		},
	}
	c.Flags().BoolVar(&local, "local", false, "write the line to stdout, without a daemon")
	return c
}

func (a *app) alertsExportCommand() *cobra.Command {
	var dir string
	var names, about []string
	for _, p := range event.Packs() {
		names = append(names, p.Name)
		about = append(about, fmt.Sprintf("  %-11s %s", p.Name, p.For))
	}
	c := &cobra.Command{
		Use: "export NAME...|all", Short: "Print alerts for the tools that read logs and metrics", Args: cobra.MinimumNArgs(1),
		Long:      "They are made of the list of events, so they name every one that alerts:\n\n" + strings.Join(about, "\n"),
		Example:   "  pgmend alerts export prometheus > /etc/prometheus/rules/pgmend.yaml\n  pgmend alerts export all --to alerts/",
		ValidArgs: append(slices.Clone(names), "all"),
		RunE: func(_ *cobra.Command, args []string) error {
			if slices.Equal(args, []string{"all"}) {
				args = names
			}
			if dir == "" && len(args) > 1 {
				return usagef("several do not fit into one stream; --to names a folder")
			}
			for _, name := range args {
				text, err := event.Export(name)
				if err != nil {
					return usagef("%v", err)
				}
				if dir == "" {
					if _, err := io.WriteString(a.stdout, text); err != nil {
						return err
					}
					continue
				}
				if err := exportTo(dir, name, text); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "to", "", "write files into this folder, by their usual names")
	return c
}

// exportTo writes a pack into a folder. What is there is replaced: it was made
// the same way.
func exportTo(dir, name, text string) error {
	i := slices.IndexFunc(event.Packs(), func(p event.Pack) bool { return p.Name == name })
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // it holds no secrets, and other programs read it
		return err
	}
	return os.WriteFile(filepath.Join(dir, event.Packs()[i].File), []byte(text), 0o644) //nolint:gosec // the same
}
