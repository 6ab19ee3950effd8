package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/guidance"
	"github.com/pgmend/pgmend/healer/report"
)

// writer writes one report in the format it is asked for.
type writer interface {
	Write(w io.Writer, o report.Options) error
}

func (a *app) reportCommand() *cobra.Command {
	var files []string
	var since time.Duration
	var schema bool
	c := &cobra.Command{
		Use: "report [REPAIR]", Short: "Report one repair, or a period", Args: cobra.MaximumNArgs(1),
		Long: `Without REPAIR it sums up the period. With -o it writes files whose names say
the format: .txt, .json, .jsonl, .csv, .md, .html (one file that needs nothing else).`,
		Example:           "  pgmend report last\n  pgmend report --since 168h -o week.html -o week.json",
		ValidArgsFunction: a.completeRepairs,
		RunE: func(c *cobra.Command, args []string) error {
			if schema {
				_, err := io.WriteString(a.stdout, report.Schema())
				return err
			}
			out, err := a.output()
			if err != nil {
				return err
			}
			formats, err := formatsOf(files)
			if err != nil {
				return err
			}
			w, err := a.subject(c.Context(), args, since)
			if err != nil {
				return err
			}
			return a.put(w, out, files, formats)
		},
	}
	c.Flags().StringArrayVarP(&files, "out", "o", nil, "write this file (repeatable)")
	c.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of reports, and no report")
	c.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back the period reaches")
	return c
}

// subject is the report that was asked for.
func (a *app) subject(ctx context.Context, args []string, since time.Duration) (writer, error) {
	if len(args) == 1 {
		return a.repair(ctx, args[0])
	}
	if since <= 0 {
		return nil, usagef("--since %s is no length of time", since)
	}
	h, err := a.recall(ctx)
	if err != nil {
		return nil, err
	}
	return digest(h, since, a.clock()), nil
}

// digest sums up the period that ends now.
func digest(h history, length time.Duration, now time.Time) report.Summary {
	s := report.Period(now.UTC().Add(-length), now.UTC(), h.Findings, h.Attempts)
	s.Held, s.Version = h.held(now), version()
	return s
}

// formatsOf are the formats that the files' names ask for.
func formatsOf(files []string) ([]report.Format, error) {
	formats := make([]report.Format, len(files))
	for i, name := range files {
		var err error
		if formats[i], err = formatOf(name); err != nil {
			return nil, err
		}
	}
	return formats, nil
}

// put writes a report into the files, or to stdout where there are none.
func (a *app) put(w writer, out report.Options, files []string, formats []report.Format) error {
	if len(files) == 0 {
		return w.Write(a.stdout, out)
	}
	for i, name := range files {
		if err := save(name, w, formats[i]); err != nil {
			return err
		}
	}
	return nil
}

// formatOf is the format that a file's name asks for.
func formatOf(name string) (report.Format, error) {
	f, ok := map[string]report.Format{
		".txt": report.Table, ".json": report.JSON, ".jsonl": report.JSONL, ".csv": report.CSV, ".md": report.Markdown,
		".html": report.HTML, ".htm": report.HTML,
	}[filepath.Ext(name)]
	if !ok {
		return "", usagef("-o %s: the name must end in .txt, .json, .jsonl, .csv, .md or .html", name)
	}
	return f, nil
}

// save writes a file whole or not at all.
func save(name string, w writer, f report.Format) error {
	file, err := renameio.NewPendingFile(name, renameio.WithPermissions(0o600))
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() { _ = file.Cleanup() }() // after the replacement there is nothing to clean
	if err := w.Write(file, report.Options{Format: f}); err != nil {
		return fmt.Errorf("write the report %s: %w", name, err)
	}
	return file.CloseAtomicallyReplace()
}

// repair brings together what a reader of one repair needs.
func (a *app) repair(ctx context.Context, id string) (report.Repair, error) {
	h, err := a.recall(ctx)
	if err != nil {
		return report.Repair{}, err
	}
	return a.explain(ctx, h, id)
}

// explain is repair, of a history that is read already.
func (a *app) explain(ctx context.Context, h history, id string) (report.Repair, error) {
	x, err := h.attempt(id)
	if err != nil {
		return report.Repair{}, err
	}
	set, err := a.ruleSet()
	if err != nil {
		return report.Repair{}, err
	}
	r := report.Repair{Attempt: x, Earlier: h.earlier(x), Version: version(), Config: a.conf.Hash()}
	all := set.For(x.Server.Major())
	for _, rule := range all {
		// A rule that was edited since measures something else.
		if rule.ID == x.Plan.Finding.Rule && rule.Hash == x.Plan.RuleHash && rule.Measure != nil {
			r.Measure = rule.Measure.Text
		}
	}
	e, err := a.advisor.Engine(ctx)
	if err != nil {
		return report.Repair{}, err
	}
	advice, err := e.Explain(guidance.Question{Finding: &x.Plan.Finding})
	if err == nil {
		r.Guidance, r.Source = advice.Summary, "built-in text"
	}
	return r, nil
}
