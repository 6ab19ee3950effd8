package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/workload"
)

// Logs is the summary of PostgreSQL logs.
type Logs struct {
	Report  *workload.Report
	Logs    []workload.Log
	Top     int // rows of each list for people; 0: 20
	Version string
}

// Write writes it. JSON has all; JSONL and CSV have the queries.
func (l Logs) Write(w io.Writer, o Options) error {
	switch o.format() {
	case JSON:
		return writeJSON(w, struct {
			SchemaVersion int            `json:"schema_version"`
			Logs          []workload.Log `json:"logs"`
			*workload.Report
		}{SchemaVersion, some(l.Logs), filledReport(l.Report)})
	case JSONL, CSV:
		return l.queries("queries", workload.ByTotal, len(l.Report.Queries)).write(w, o)
	}
	if l.Top <= 0 {
		l.Top = 20
	}
	r := l.Report
	d := document{title: "PostgreSQL log report", heading: "What the log says", on: l.period(), lead: l.headline(), foot: foot(l.Version)}
	if o.format() == HTML {
		d.add("", l.tiles())
		if b, ok := sparks(l.series()); ok {
			d.add("Timeline", b)
		}
	} else {
		d.add("", sentence(l.headline()), l.facts())
		if len(r.Timeline) > 1 {
			d.add("Timeline", &grid{*l.timeline()})
		}
	}
	for _, p := range []struct {
		heading string
		list    *list
	}{
		{"Queries by total time", l.queries("queries", workload.ByTotal, l.Top)},
		{"Queries by mean time", l.queries("queries by mean", workload.ByMean, l.Top)},
		{"Queries by 99th percentile", l.queries("queries by p99", workload.ByP99, l.Top)},
		{"Tables", l.tables()},
		{"Errors", l.errors()},
		{"Lock waits", l.waits()},
		{"Deadlocks", l.deadlocks()},
		{"Temporary files", l.temp()},
		{"Autovacuum", l.vacuums()},
		{"Connections", l.sessions()},
		{"Users, databases and applications", l.origins()},
		{"Events", l.events()},
		{"Logs", l.files()},
	} {
		if len(p.list.rows) > 0 {
			d.add(p.heading, &grid{*p.list})
		}
		if p.heading == "Temporary files" && l.checkpointed() {
			d.add("Checkpoints", l.checkpoints())
		}
	}
	return d.write(w, o)
}

// filledReport has empty lists where there is nothing, so that JSON says [].
func filledReport(r *workload.Report) *workload.Report {
	c := *r
	c.Queries, c.Tables, c.Errors, c.Vacuums = some(c.Queries), some(c.Tables), some(c.Errors), some(c.Vacuums)
	c.Users, c.Databases, c.Apps, c.Hosts, c.Events = some(c.Users), some(c.Databases), some(c.Apps), some(c.Hosts), some(c.Events)
	c.Timeline = some(c.Timeline)
	c.Locks.Waits, c.Locks.Deadlocks, c.TempFiles.Queries = some(c.Locks.Waits), some(c.Locks.Deadlocks), some(c.TempFiles.Queries)
	return &c
}

func (l Logs) period() string {
	if l.Report.From.IsZero() {
		return ""
	}
	return stamp(l.Report.From) + " to " + stamp(l.Report.To)
}

func (l Logs) headline() string {
	r := l.Report
	failed := int64(0)
	for _, e := range r.Errors {
		if e.Severity != "WARNING" {
			failed += e.Count
		}
	}
	s := fmt.Sprintf("%s statements in %s shapes took %s; errors: %s, deadlocks: %s.",
		number64(r.Statements), number64(int64(r.Shapes)), length(r.Times.TotalMS), number64(failed), number64(r.Locks.DeadlockCount))
	if p := l.period(); p != "" {
		s = "From " + p + ": " + s
	}
	return s
}

func (l Logs) tiles() block {
	r := l.Report
	list := []tile{
		{Name: "Statements", Value: number64(r.Statements), Note: number64(int64(r.Shapes)) + " shapes"},
		{Name: "Time", Value: length(r.Times.TotalMS), Note: "mean " + length(r.Times.MeanMS)},
		{Name: "99th percentile", Value: length(r.Times.P99MS), Note: "longest " + length(r.Times.MaxMS)},
		{Name: "Connections", Value: number64(r.Sessions.Received)},
	}
	failed := int64(0)
	for _, e := range r.Errors {
		if e.Severity != "WARNING" {
			failed += e.Count
		}
	}
	bad := func(n int64) string {
		if n > 0 {
			return "bad"
		}
		return "good"
	}
	return tiles(append(list,
		tile{Name: "Errors", Value: number64(failed), Tone: bad(failed)},
		tile{Name: "Deadlocks", Value: number64(r.Locks.DeadlockCount), Tone: bad(r.Locks.DeadlockCount)},
		tile{Name: "Temporary files", Value: number64(r.TempFiles.Count), Note: Size(r.TempFiles.Bytes)})...)
}

func (l Logs) facts() block {
	r := l.Report
	return pairs{
		{"records", number64(r.Records)},
		{"outside the period", unlessZero(r.Outside)},
		{"statements", number64(r.Statements)},
		{"durations", fmt.Sprintf("mean %s, p50 %s, p95 %s, p99 %s, longest %s", length(r.Times.MeanMS), length(r.Times.P50MS), length(r.Times.P95MS), length(r.Times.P99MS), length(r.Times.MaxMS))},
		{"temporary files", unlessZero(r.TempFiles.Count)},
		{"lock waits", unlessZero(r.Locks.Waiting)},
	}
}

// series are the timeline's numbers, for the page.
func (l Logs) series() []series {
	var times []time.Time
	for _, s := range l.Report.Timeline {
		times = append(times, s.Start)
	}
	draw := func(name string, of func(s workload.Slot) float64, write func(float64) string) (out series, any bool) {
		out = series{name: name, times: times, write: write}
		for _, s := range l.Report.Timeline {
			out.values = append(out.values, of(s))
			any = any || of(s) != 0
		}
		return out, any
	}
	per := " per " + length(float64(l.Report.SlotSec)*1000)
	whole := func(v float64) string { return number64(int64(v)) }
	var out []series
	for _, x := range []struct {
		name  string
		of    func(s workload.Slot) float64
		write func(float64) string
	}{
		{"Statements", func(s workload.Slot) float64 { return float64(s.Statements) }, whole},
		{"Time", func(s workload.Slot) float64 { return s.TotalMS }, length},
		{"Errors", func(s workload.Slot) float64 { return float64(s.Errors) }, whole},
		{"Connections", func(s workload.Slot) float64 { return float64(s.Connections) }, whole},
		{"Lock waits", func(s workload.Slot) float64 { return float64(s.LockWaits) }, whole},
		{"Temporary files", func(s workload.Slot) float64 { return float64(s.TempFiles) }, whole},
	} {
		if s, any := draw(x.name+per, x.of, x.write); any {
			out = append(out, s)
		}
	}
	return out
}

func (l Logs) queries(name string, by func(*workload.Query) float64, top int) *list {
	all := slices.Clone(l.Report.Queries)
	slices.SortStableFunc(all, func(a, b workload.Query) int { return workload.Compare(&a, &b, by) })
	out := &list{name: name, columns: []string{"total", "calls", "mean", "p95", "p99", "max", "rows", "tables", "sql"}}
	all = slices.DeleteFunc(all, func(q workload.Query) bool { // those that only failed, or are said nothing of in this order
		return q.Calls == 0 && q.Plans == 0 || name != "queries" && by(&q) == 0
	})
	for _, q := range all[:min(top, len(all))] {
		out.add(q, plain, queryCells(&q)...)
	}
	if o := l.Report.Other; o != nil && name == "queries" {
		out.add(*o, dim, queryCells(o)...)
	}
	return out
}

func queryCells(q *workload.Query) []string {
	rows := ""
	if q.Rows != nil {
		rows = number64(*q.Rows)
	}
	t := q.Times
	return []string{
		length(t.TotalMS), number64(q.Calls), length(t.MeanMS), length(t.P95MS), length(t.P99MS), length(t.MaxMS),
		rows, tableNames(q.Tables), q.Text,
	}
}

// tableNames names each table once, without those of the system.
func tableNames(tables []parser.Table) string {
	var out []string
	for _, t := range tables {
		if name := relation(t); !t.System && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// length writes milliseconds as people read them.
func length(ms float64) string {
	switch {
	case ms == 0:
		return "0"
	case ms < 1000:
		return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
	case ms < 120_000:
		return strconv.FormatFloat(ms/1000, 'f', 2, 64) + " s"
	case ms < 7_200_000:
		return strconv.FormatFloat(ms/60_000, 'f', 1, 64) + " min"
	}
	return strconv.FormatFloat(ms/3_600_000, 'f', 1, 64) + " h"
}

func unlessZero(n int64) string {
	if n == 0 {
		return ""
	}
	return number64(n)
}

// number64 writes a number with spaces between thousands.
func number64(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
