package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/workload"
)

// WorkloadPage writes what is asked of the databases: by the log that is
// followed, by pg_stat_statements and by the statistics, each by its name and
// with the time that it is of.
func WorkloadPage(w io.Writer, all []Patient, o Options) error {
	d := patientsPage("Workload", "What is read and written. Statements are masked.", all, func(d *document, p Patient) {
		if p.Heard != nil {
			p.heard(d)
		}
		if len(p.Statements) > 0 {
			p.statements(d)
		}
		if p.Heard != nil {
			d.add("Tables, by the log", sentence("How often statements in the log named each, and what those took altogether. "+p.heardWhen()), p.heardTables())
		}
		d.add("Tables, by the statistics", sentence("What was scanned and written"+since(p.Totals.Text("since"))+"."), p.tables())
		p.missing(d)
	})
	return d.write(w, o)
}

// since says from when on the server counts.
func since(when string) string {
	if when == "" {
		return ", since the statistics began"
	}
	return " since " + when
}

// heardMost are the shapes and tables that are shown.
const heardMost = 20

func (p Patient) heardWhen() string {
	return fmt.Sprintf("From %s to %s.", stamp(p.Heard.From), stamp(p.Heard.To))
}

// heard adds the statements by the log.
func (p Patient) heard(d *document) {
	r := p.Heard
	l := &grid{list{name: "statements in the log", columns: []string{"time", "calls", "p50", "p95", "p99", "sql", "tables", "users and applications"}}}
	for _, q := range slices.SortedStableFunc(slices.Values(r.Queries), func(a, b workload.Query) int { return workload.Compare(&a, &b, workload.ByTotal) }) {
		if len(l.rows) == heardMost {
			break
		}
		if q.Times.Count == 0 {
			continue
		}
		l.add(nil, plain, share(q.Times.TotalMS, r.Times.TotalMS), many(q.Times.Count), length(q.Times.P50MS), length(q.Times.P95MS), length(q.Times.P99MS),
			clip(Plain(q.Text), 300), tableNames(q.Tables), senders(&q))
	}
	d.add("Statements, by the log", sentence(fmt.Sprintf(
		"%s statements in %s shapes took %s, as their durations in the log that is followed say. %s It has what log_min_duration_statement or auto_explain lets through.",
		many(r.Statements), many(int64(r.Shapes)), length(r.Times.TotalMS), p.heardWhen())), l)
}

// share is a part of the whole, in percent.
func share(part, whole float64) string {
	if whole <= 0 {
		return "0\u00a0%"
	}
	return fmt.Sprintf("%.1f\u00a0%%", part/whole*100)
}

// senders are who sent a statement, and by what.
func senders(q *workload.Query) string {
	users, apps := namesOf(q.Users), namesOf(q.Apps)
	if users != "" && apps != "" {
		return users + " · " + apps
	}
	return users + apps
}

// namesOf are a few names, those that were seen most first.
func namesOf(list []workload.Name) string {
	const few = 3
	var out []string
	for i, n := range list {
		if i == few {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(list)-few)
		}
		out = append(out, n.Name)
	}
	return strings.Join(out, ", ")
}

func (p Patient) heardTables() block {
	l := &grid{list{name: "tables in the log", columns: []string{"relation", "reads", "writes", "ddl", "time", "shapes"}}}
	for _, t := range p.Heard.Tables[:min(heardMost, len(p.Heard.Tables))] {
		l.add(nil, plain, relation(parser.Table{Schema: t.Schema, Name: t.Name}), many(t.Reads), many(t.Writes), many(t.DDL), length(t.TotalMS), many(int64(t.Shapes)))
	}
	return l
}

// statements adds those of pg_stat_statements.
func (p Patient) statements(d *document) {
	var total float64
	when := ""
	for _, r := range p.Statements {
		total += float(r, "total_ms")
		if s := r.Text("since"); s != "" && (when == "" || s < when) {
			when = s
		}
	}
	l := &grid{list{name: "statements", columns: []string{"time", "calls", "mean", "rows", "sql"}}}
	for _, r := range p.Statements {
		l.add(nil, plain, share(float(r, "total_ms"), total), many(count(r, "calls")),
			Elapsed(time.Duration(float(r, "mean_ms")*float64(time.Millisecond))), many(count(r, "rows")), clip(Plain(r.Text("query")), 300))
	}
	d.add("Statements, by pg_stat_statements", sentence(fmt.Sprintf("Those that took the most time, since %s; the share is of the ones shown.",
		cmp.Or(when, "it was reset"))), l)
}

// tables are the largest, by the statistics.
func (p Patient) tables() block {
	l := &grid{list{name: "tables", columns: []string{"object", "rows", "scans", "rows read by them", "index scans", "inserted", "updated", "deleted"}}}
	for _, r := range p.Tables {
		l.add(nil, plain, object(r), many(count(r, "rows")), many(count(r, "scans")), many(count(r, "rows_read")), many(count(r, "index_scans")),
			many(count(r, "inserted")), many(count(r, "updated")), many(count(r, "deleted")))
	}
	return l
}
