package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

func (a *app) logsParseCommand() *cobra.Command {
	var f logFlags
	c := &cobra.Command{
		Use: "parse FILE...", Short: "Write the records of logs, one a line", Args: cobra.MinimumNArgs(1),
		Long: `Reads PostgreSQL logs of any format, compressed or not, and writes each record
as a JSON object on a line (--output jsonl), or as a line for people; - is
stdin. A record has the texts of the log as they are: literals are not masked.`,
		Example: "  pgmend logs parse --output jsonl postgresql.log | jq 'select(.sqlstate == \"23505\")'\n  journalctl -u postgresql -o cat | pgmend logs parse -",
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			write := recordLine
			switch out.Format {
			case report.JSONL:
				write = recordJSON
			case report.Table, "":
			default:
				return usagef("logs parse writes --output jsonl or lines for people, not %s", out.Format)
			}
			s, err := f.selection(a.clock())
			if err != nil {
				return err
			}
			return a.parseLogs(c.Context(), args, s, write)
		},
	}
	f.register(c)
	return c
}

// parseLogs writes the records that are selected, in the order of the logs.
func (a *app) parseLogs(ctx context.Context, paths []string, s selection, write writeRecord) error {
	pool, err := hurriedWorker(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	cache := statementCache(ctx, pool)
	return a.eachLog(ctx, paths, s, func(ctx context.Context, in *logInput, scan pglog.Scan) error {
		running := told{}
		_, err := scan.Run(ctx, in.text, func(b *pglog.Block) error {
			p := &parsed{write: write}
			b.Result = p
			for r := range b.Records() {
				if !r.Time.IsZero() && (!s.since.IsZero() && r.Time.Before(s.since) || !s.until.IsZero() && !r.Time.Before(s.until)) {
					continue
				}
				if err := p.add(&r.Record, cache); err != nil {
					return err
				}
			}
			return nil
		}, func(b *pglog.Block) error {
			text, err := b.Result.(*parsed).finish(running)
			if err != nil {
				return err
			}
			if _, err := a.stdout.Write(text); err != nil {
				return fmt.Errorf("%w: %w", errOutput, err)
			}
			return nil
		})
		return err
	})
}

// statementOf is the statement that a record is about.
func statementOf(r *pglog.Record, s *pglog.Statement, is bool) string {
	switch {
	case !is:
		return r.Statement
	case s.Phase == "plan":
		p, _ := pglog.ReadPlan(s.SQL)
		return p.Query
	}
	return s.SQL
}

// tablesOf names the tables of a statement, without those of the system. A
// schema that is not written is not invented.
func tablesOf(cache *parser.Cache, sql string) (names []string) {
	if sql == "" {
		return nil
	}
	for _, one := range cache.Statements(pglog.Bytes(sql)) {
		for _, t := range one.Tables {
			name := t.Name
			if t.Schema != "" {
				name = t.Schema + "." + name
			}
			if !t.System && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// recordJSON writes a record as the contract has it.
func recordJSON(b *bytes.Buffer, r pglog.Record, sql string, tables []string) error {
	e := pglog.Classify(r)
	if s, is := e.Body.(*pglog.Statement); is && s.SQL == "" { // a bare duration
		s.SQL = sql
	}
	line := struct {
		pglog.Record
		Event      pglog.Event `json:"event"`
		DurationMS *float64    `json:"duration_ms,omitempty"`
		Tables     []string    `json:"tables,omitempty"`
	}{Record: r, Event: e, Tables: tables}
	if ms, ok := e.DurationMS(); ok {
		line.DurationMS = &ms
	}
	encode := json.NewEncoder(b)
	encode.SetEscapeHTML(false)
	if err := encode.Encode(line); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

// recordLine writes a record for people.
func recordLine(b *bytes.Buffer, r pglog.Record, sql string, _ []string) error {
	if !r.Time.IsZero() {
		b.WriteString(r.Time.UTC().Format("2006-01-02 15:04:05.000 "))
	}
	for _, s := range []string{r.Severity, r.SQLState, string(pglog.Classify(r).Kind), r.User, r.Database} {
		if s != "" {
			b.WriteString(report.Plain(s) + " ")
		}
	}
	b.WriteString(report.Plain(r.Message))
	if sql != "" {
		b.WriteString("  statement: " + report.Plain(sql))
	}
	b.WriteString("\n")
	return nil
}
