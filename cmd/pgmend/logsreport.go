package main

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/parser/worker"
	"github.com/pgmend/pgmend/parser/workload"
)

func (a *app) logsReportCommand() *cobra.Command {
	var f logFlags
	var files []string
	var top int
	var anonymize bool
	c := &cobra.Command{
		Use: "report FILE...", Short: "Sum up logs: queries, tables, errors, locks, maintenance", Args: cobra.MinimumNArgs(1),
		Long: `Reads PostgreSQL logs of any format, compressed or not, and sums them up; - is
stdin. Statements are shown with their literals masked. With -o it writes files
whose names say the format: .txt, .json, .jsonl, .csv, .md, .html (one file that
needs nothing else). The quantiles are off by 1.6 % at the most.`,
		Example: "  pgmend logs report /var/log/postgresql/*.log*\n  pgmend logs report --since 24h -o day.html postgresql.json\n  zcat old.gz | pgmend logs report --output json -",
		RunE: func(c *cobra.Command, args []string) error {
			out, err := a.output()
			if err != nil {
				return err
			}
			formats, err := formatsOf(files)
			if err != nil {
				return err
			}
			s, err := f.selection(a.clock())
			if err != nil {
				return err
			}
			if top < 1 {
				return usagef("--top %d lists nothing", top)
			}
			sum, readErr := a.sumUp(c.Context(), args, s, top)
			if sum.Report == nil {
				return readErr
			}
			if anonymize {
				sum.Report.Anonymize(sum.Logs)
			}
			if err := a.put(sum, out, files, formats); err != nil {
				return err
			}
			return readErr
		},
	}
	f.register(c)
	c.Flags().StringArrayVarP(&files, "out", "o", nil, "write this file (repeatable)")
	c.Flags().IntVar(&top, "top", 20, "how many queries are listed by each order")
	c.Flags().BoolVar(&anonymize, "anonymize", false, "replace every name, the same by the same")
	return c
}

// cachedStatements is how many masked texts are kept parsed.
const cachedStatements = 20_000

// statementCache parses what it does not know in the worker's process.
func statementCache(ctx context.Context, pool *worker.Pool) *parser.Cache {
	return parser.NewCache(cachedStatements, func(masked string) []parser.Statement {
		lists, err := pool.Parse(ctx, []string{masked})
		if err != nil || len(lists) != 1 {
			return []parser.Statement{parser.Approximate(masked)}
		}
		if len(lists[0]) == 0 { // a comment, or nothing
			return []parser.Statement{{Text: masked}}
		}
		return lists[0]
	})
}

// sumUp reads the logs. What could be read is summed up, also with an error.
func (a *app) sumUp(ctx context.Context, paths []string, s selection, top int) (report.Logs, error) {
	pool, err := hurriedWorker(ctx)
	if err != nil {
		return report.Logs{}, err
	}
	defer pool.Close()
	cache, shapes := statementCache(ctx, pool), workload.NewShapes()
	sheet := func() *workload.Sheet {
		return workload.NewSheet(workload.Config{
			Shapes: shapes, Parse: cache.Templates().Statements, Since: s.since, Until: s.until,
		})
	}
	s.scan.Workers, s.scan.Unproven = runtime.GOMAXPROCS(0), true
	whole, sheets := sheet(), make([]*workload.Sheet, s.scan.Workers)
	for i := range sheets {
		sheets[i] = sheet()
	}
	sum := report.Logs{Top: top, Version: version()}
	err = a.eachLog(ctx, paths, s, func(ctx context.Context, in *logInput, scan pglog.Scan) error {
		found, err := scan.Run(ctx, in.text, func(b *pglog.Block) error {
			sheet := sheets[b.Worker]
			for r := range b.Records() {
				sheet.Add(&r.Record)
			}
			b.Result = sheet.Edge()
			return nil
		}, func(b *pglog.Block) error {
			whole.Join(b.Result.(*workload.Edge))
			return nil
		})
		sum.Logs = append(sum.Logs, logOf(in.name, found, err))
		return err
	})
	if len(sum.Logs) == 0 {
		return report.Logs{}, err
	}
	for _, sheet := range sheets {
		whole.Merge(sheet)
	}
	sum.Report = whole.Report(top)
	return sum, err
}

// logOf is what became of a log.
func logOf(name string, f pglog.Found, err error) workload.Log {
	l := workload.Log{Path: name, Format: string(f.Format), Prefix: f.Prefix, Bytes: f.Bytes}
	for _, x := range []struct {
		why string
		of  pglog.Skips
	}{
		{"lines the server's logger did not write", f.Foreign}, {"records cut or too long", f.Cut},
		{"pieces of them dropped", f.Dropped}, {"records not in UTF-8", f.Encoding},
	} {
		if x.of.Count > 0 {
			l.Lost = append(l.Lost, workload.Loss{Why: x.why, Count: x.of.Count, Bytes: x.of.Bytes, First: x.of.First})
		}
	}
	if err != nil {
		l.Error = err.Error()
	}
	return l
}
