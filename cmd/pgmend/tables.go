package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

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
			var sql []byte
			if len(args) == 1 {
				sql = []byte(args[0])
			} else if sql, err = a.read(file); err != nil {
				return err
			}
			list, err := parse.Parse(c.Context(), []string{string(sql)})
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

func (a *app) read(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(a.stdin)
	}
	return os.ReadFile(file) //nolint:gosec // the person names the file
}

// line is one question of --input jsonl.
type line struct {
	ID  json.RawMessage `json:"id"`
	SQL *string         `json:"sql"`
	err error
}

// answer is one line of the output.
type answer struct {
	ID         json.RawMessage    `json:"id"`
	Parsed     bool               `json:"parsed"`
	Error      *string            `json:"error"`
	Statements []parser.Statement `json:"statements"`
}

// The bounds of what is held in memory: one line, and lines in one batch.
const (
	maxLine  = 64 << 20
	maxBatch = 256
)

// many answers each line in order. What is there is answered before more is
// waited for, so that another program can hold a conversation.
func (a *app) many(ctx context.Context, parse statements, file string) error {
	in := a.stdin
	if file != "" && file != "-" {
		f, err := os.Open(file) //nolint:gosec // the person names the file
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, 1<<20)
	w := bufio.NewWriter(a.stdout)
	encode := json.NewEncoder(w)
	encode.SetEscapeHTML(false)
	for {
		batch, end, err := batch(r)
		if err != nil {
			return err
		}
		answers, err := answerAll(ctx, parse, batch)
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		for _, x := range answers {
			if err := encode.Encode(x); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil || end {
			return err
		}
	}
}

// batch reads lines until there is none without waiting.
func batch(r *bufio.Reader) (list []line, end bool, err error) {
	for len(list) == 0 || len(list) < maxBatch && r.Buffered() > 0 {
		text, err := readLine(r)
		if len(bytes.TrimSpace(text)) > 0 {
			list = append(list, decode(text))
		} else if errors.Is(err, errLong) {
			list = append(list, line{err: errLong})
		}
		switch {
		case errors.Is(err, io.EOF):
			return list, true, nil
		case err != nil && !errors.Is(err, errLong):
			return list, true, err
		}
	}
	return list, false, nil
}

var errLong = fmt.Errorf("the line is longer than %d MiB", maxLine>>20)

// readLine reads one line; of one that is too long it keeps nothing.
func readLine(r *bufio.Reader) ([]byte, error) {
	var text []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if long = long || len(text)+len(part) > maxLine; long {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long && err == nil:
			return nil, errLong
		default:
			return text, err
		}
	}
}

func decode(text []byte) line {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		l.err = fmt.Errorf("the line is not a JSON object with id and sql: %w", err)
	} else if l.SQL == nil {
		l.err = errors.New("the line has no sql")
	}
	return l
}

func answerAll(ctx context.Context, parse statements, batch []line) ([]answer, error) {
	var scripts []string
	for _, l := range batch {
		if l.err == nil {
			scripts = append(scripts, *l.SQL)
		}
	}
	var parsed [][]parser.Statement
	if len(scripts) > 0 {
		var err error
		if parsed, err = parse.Parse(ctx, scripts); err != nil {
			return nil, err
		}
	}
	out := make([]answer, len(batch))
	for i, l := range batch {
		x := answer{ID: l.ID, Statements: []parser.Statement{}}
		if x.ID == nil {
			x.ID = json.RawMessage("null")
		}
		if l.err != nil {
			text := l.err.Error()
			x.Error = &text
		} else {
			x.Statements, parsed = report.Filled(parsed[0]), parsed[1:]
			x.Parsed = true
			for _, s := range x.Statements {
				if !s.Parsed && x.Error == nil {
					x.Parsed, x.Error = false, &s.Err
				}
			}
		}
		out[i] = x
	}
	return out, nil
}
