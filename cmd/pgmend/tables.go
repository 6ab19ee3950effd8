package main

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
)

// statements parses scripts, each to its statements. A script that cannot be
// parsed is approximated, and never costs the others.
type statements interface {
	Parse(ctx context.Context, scripts []string) ([][]parser.Statement, error)
}

// opener starts what parses, until the context ends.
type opener func(ctx context.Context) (statements, func(), error)

func (a *app) tablesCommand(open opener) *cobra.Command {
	var file, input string
	c := &cobra.Command{
		Use: "tables [SQL]", Short: "Name tables, columns and the fingerprint of SQL", Args: cobra.MaximumNArgs(1),
		Long: `Reads SQL from the argument, from a file with -f, or from stdin with -f -. With
--input jsonl each line of stdin is {"id":…,"sql":…}, and each line of the
output, in the same order, is the answer to it.`,
		Example: "  pgmend tables 'SELECT * FROM orders'\n  pgmend tables --input jsonl < statements.jsonl",
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			parse, stop, err := open(c.Context())
			if err != nil {
				return err
			}
			defer stop()
			switch {
			case input == "jsonl" && len(args) == 0:
				return a.many(c.Context(), parse, file)
			case input != "" && input != "jsonl":
				return usagef("--input %s is not jsonl", input)
			case input == "jsonl" || (len(args) == 1) == (file != ""):
				return usagef("SQL is needed, either as the argument or by -f")
			}
			var sql string
			switch {
			case len(args) == 1:
				sql = args[0]
			default:
				if sql, err = a.read(file); err != nil {
					return err
				}
			}
			list, err := parse.Parse(c.Context(), []string{sql})
			if err != nil {
				return err
			}
			return report.Statements(a.stdout, list[0], out)
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "read this file; - is stdin")
	c.Flags().StringVar(&input, "input", "", "jsonl: many statements, one JSON object a line")
	return c
}

// read reads a whole file, whose text is held once.
func (a *app) read(file string) (string, error) {
	in, end, err := a.input(file)
	if err != nil {
		return "", err
	}
	defer end()
	var text strings.Builder
	if f, ok := in.(*os.File); ok {
		if about, err := f.Stat(); err == nil && about.Mode().IsRegular() {
			text.Grow(int(about.Size()))
		}
	}
	_, err = io.Copy(&text, in)
	return text.String(), err
}

// input opens what a person names; - and nothing are stdin.
func (a *app) input(file string) (in io.Reader, end func(), err error) {
	if file == "-" || file == "" {
		return a.stdin, func() {}, nil
	}
	f, err := os.Open(file) //nolint:gosec // the person names the file
	if err != nil {
		return nil, nil, err
	}
	return f, func() { _ = f.Close() }, nil // nothing was written
}
