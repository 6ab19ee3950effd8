package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

func (a *app) rulesTestCommand() *cobra.Command {
	var bins []string
	var majors []int
	c := &cobra.Command{
		Use: "test [DIR]", Short: "Prove rules by their fixtures, on a throwaway PostgreSQL", Args: cobra.MaximumNArgs(1),
		Long: `Proves each rule below DIR (the built-in ones without it) by the fixture beside
it, NAME_test.sql. It starts servers of its own on private sockets, removes them
at its end, and touches no other server.`,
		RunE: func(c *cobra.Command, args []string) error {
			set, fixtures, errs := builtin()
			if len(args) == 1 {
				set, errs = rules.Load(args[0])
				fixtures = os.DirFS(args[0])
			}
			for _, err := range errs {
				fmt.Fprintln(a.stderr, report.Lines(err.Error()))
			}
			servers, err := chooseBinaries(bins, majors)
			if err != nil {
				return err
			}
			failed, ran := len(errs), 0
			for _, b := range servers {
				n, bad, err := a.prove(c.Context(), b, set, fixtures)
				if err != nil {
					return err
				}
				ran, failed = ran+n, failed+bad
			}
			if failed > 0 {
				return usagef("%d passed, %d failed", ran-failed+len(errs), failed)
			}
			if ran == 0 {
				return errors.New("no rule was tested")
			}
			_, err = fmt.Fprintf(a.stdout, "%d passed, 0 failed\n", ran)
			return err
		},
	}
	c.Flags().StringArrayVar(&bins, "pg", nil, "glob of folders with PostgreSQL's server binaries (repeatable)")
	c.Flags().IntSliceVar(&majors, "major", nil, "major versions to test on; without it, the newest that is found")
	return c
}

func builtin() (rules.Set, fs.FS, []error) {
	set, errs := rules.Builtin()
	fixtures, err := rules.BuiltinFiles()
	if err != nil {
		errs = append(errs, err)
	}
	return set, fixtures, errs
}

func chooseBinaries(globs []string, majors []int) ([]disposable.Binaries, error) {
	if len(majors) == 0 {
		b, err := disposable.Newest(rules.MaxMajor, globs...)
		return []disposable.Binaries{b}, err
	}
	var out []disposable.Binaries
	for _, b := range disposable.Installed(globs...) {
		if slices.Contains(majors, b.Major) {
			out = append(out, b)
		}
	}
	if len(out) < len(majors) {
		return nil, usagef("not all of PostgreSQL %v are found; --pg names folders with server binaries", majors)
	}
	return out, nil
}

// prove runs all fixtures on one server, as the least-privileged roles and
// then as a superuser.
func (a *app) prove(ctx context.Context, b disposable.Binaries, set rules.Set, fixtures fs.FS) (ran, failed int, err error) {
	s, err := disposable.Start(ctx, disposable.Options{Binaries: b, Settings: map[string]string{"autovacuum": "off"}})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Stop(context.WithoutCancel(ctx))) }()
	alone := &rulestest.Exclusive{Binaries: b}
	defer func() { err = errors.Join(err, alone.Close(context.WithoutCancel(ctx))) }()
	for _, f := range set.Files() {
		if _, ok := f.For(b.Major); !ok || !a.chosen(f.ID) {
			continue
		}
		for _, super := range []bool{false, true} {
			if ctx.Err() != nil {
				return ran, failed, ctx.Err()
			}
			ran++
			o := fixture(ctx, s, alone, f, fixtures, super)
			word, as := "ok  ", "roles of setup sql"
			if super {
				as = "superuser"
			}
			if o.Err != nil {
				failed++
				word = "FAIL"
			}
			fmt.Fprintf(a.stdout, "%s %s on PostgreSQL %s, %s (%s)\n", word, f.ID, b.Version, as, report.Elapsed(o.Elapsed))
			if o.Err != nil {
				fmt.Fprintln(a.stdout, "     "+strings.ReplaceAll(report.Lines(o.Err.Error()), "\n", "\n     "))
			}
		}
	}
	return ran, failed, nil
}

func fixture(ctx context.Context, s *disposable.Server, alone *rulestest.Exclusive, f *rules.File, fixtures fs.FS, super bool) rulestest.Outcome {
	parsed, err := readFixture(f, fixtures)
	if err != nil {
		return rulestest.Outcome{Err: err}
	}
	return rulestest.Run(ctx, rulestest.Config{
		Server: s, Exclusive: alone, Version: s.Major * 10000, Superuser: super, Rule: f, Fixture: parsed,
	})
}

func readFixture(f *rules.File, fixtures fs.FS) (*rulestest.Fixture, error) {
	name := strings.TrimSuffix(f.Path, ".sql") + "_test.sql"
	src, err := fs.ReadFile(fixtures, name)
	if err != nil {
		return nil, fmt.Errorf("a rule needs a fixture: %w", err)
	}
	parsed, err := rulestest.ParseFixture(string(src))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return parsed, nil
}
