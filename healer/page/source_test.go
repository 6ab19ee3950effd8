package page_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/workload"
	"github.com/pgmend/pgmend/rules"
)

// hostile is what somebody may have named their table.
const hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2J\u202e{{.}} javascript:alert(3)"

// source is a shop with faults and hostile names in it. Its times are fixed.
type source struct{ down error }

var begin = time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)

func finding(n int, rule, object string, status healer.Status) healer.Finding {
	return healer.Finding{
		ID: fmt.Sprintf("F%d", n), Fingerprint: fmt.Sprint(n), Rule: rule, Title: "Two indexes that are the same", Database: "shop",
		Object: healer.Object{Schema: "public", Name: object}, Severity: rules.Warning, Risk: rules.Medium, Status: status,
		Facts: rules.Values{"last_value": rules.Text("2000000000"), "max_value": rules.Text("2147483647")},
		Evidence: []healer.Evidence{{
			Query: "SELECT c.oid, c.relname AS name FROM pg_catalog.pg_class AS c WHERE c.relname = 'x' -- proof",
			Row:   rules.Row{{Name: "name", Value: rules.Text(object)}, {Name: "size", Value: rules.Text("73728")}}, At: begin,
		}},
		FirstSeen: begin.Add(time.Duration(n) * time.Hour), LastSeen: begin.Add(time.Duration(n)*time.Hour + 20*time.Minute),
	}
}

func attempt(n int, f healer.Finding, state healer.AttemptState) healer.Attempt {
	measure := func(at time.Time, size, dead string) healer.Picture {
		return healer.Picture{At: at, Measures: rules.Row{{Name: "size", Value: rules.Text(size)}, {Name: "dead_rows", Value: rules.Text(dead)}},
			Snapshot: healer.Snapshot{Kind: "index"}}
	}
	at := f.FirstSeen.Add(2 * time.Minute)
	return healer.Attempt{
		ID: fmt.Sprintf("01JDEXAMPLE00000000000000%d", n), Actor: "daemon", State: state, Verified: state == healer.Verified,
		Plan: healer.Plan{ID: fmt.Sprintf("P%d", n), Finding: f, Risk: rules.Medium, Mode: rules.Session, Made: at, Expires: at.Add(time.Hour),
			Steps: []healer.PlannedStep{{SQL: "DROP INDEX CONCURRENTLY public.x", Role: "shop_owner"}}, UndoNone: "the other index serves all queries"},
		Steps: []healer.StepRun{{SQL: "DROP INDEX CONCURRENTLY public.x", Done: true, Outcome: healer.Outcome{Tag: "DROP INDEX", Started: at, Elapsed: 83 * time.Millisecond,
			Locks: []healer.LockUse{{Mode: "ShareUpdateExclusiveLock", Relation: f.Object.Name, Held: time.Second}}}}},
		Before: measure(at, "73728000", "5000"), After: measure(at.Add(time.Minute), "41000000", "12"),
		Guards: []string{"primary"}, Started: at, Ended: at.Add(90 * time.Millisecond),
		Server: healer.Identity{SystemIdentifier: "7312345678901234567", Version: 180004, Timeline: 1, User: "pgmend_healer"},
	}
}

// Now implements page.Source.
func (s source) Now(context.Context) (report.Now, error) {
	n := report.Now{At: begin.Add(8 * time.Hour), Daemon: &report.Daemon{
		Version: "v1.0.0", Mode: "heal", PID: 7, Started: begin, LastCycle: begin.Add(7 * time.Hour), Databases: []string{"shop", hostile},
	}}
	n.Findings = []healer.Finding{
		finding(1, "index/duplicate", "orders_by_day", healer.Resolved), finding(2, "vacuum/dead-tuples", "orders", healer.Open),
		finding(3, "index/invalid", hostile, healer.Open), finding(4, "sequence/behind", "orders_id_seq", healer.Muted),
	}
	n.Findings[2].BlockedBy = "index/duplicate"
	for i, f := range n.Findings[:3] {
		n.Repairs = append(n.Repairs, attempt(i, f, []healer.AttemptState{healer.Verified, healer.Verified, healer.Failed}[i]))
	}
	n.Repairs[2].Err = hostile
	for i, guard := range []string{healer.GuardApproval, healer.GuardWindow} {
		n.Held = append(n.Held, healer.Planned{Plan: n.Repairs[i+1].Plan, Decision: healer.Decision{Verdict: healer.Wait, Guard: guard, Reason: "because " + hostile}})
	}
	return n, nil
}

// Repair implements page.Source.
func (s source) Repair(ctx context.Context, id string) (report.Repair, error) {
	n, err := s.Now(ctx)
	for _, a := range n.Repairs {
		if a.ID == id {
			return report.Repair{Attempt: a, Earlier: n.Repairs[:1], Version: "v1.0.0", Guidance: "Build **again**. [docs](https://www.postgresql.org/docs/) " + hostile, Source: "built-in text"}, err
		}
	}
	return report.Repair{}, healer.ErrNotFound
}

func row(pairs ...string) rules.Row {
	var r rules.Row
	for i := 0; i < len(pairs); i += 2 {
		r = append(r, rules.Column{Name: pairs[i], Value: rules.Text(pairs[i+1])})
	}
	return r
}

// heard is what the log says of the shop's statements.
func heard() *workload.Report {
	names := func(list ...string) (out []workload.Name) {
		for i, n := range list {
			out = append(out, workload.Name{Name: n, Count: int64(1000 / (i + 1))})
		}
		return out
	}
	r := &workload.Report{From: begin, To: begin.Add(8 * time.Hour), Statements: 123456, Shapes: 3, Times: workload.Times{Count: 123456, TotalMS: 5.4e6}}
	for i, name := range []string{"orders", hostile, "order_lines_of_the_year_before_the_last"} {
		total := 3e6 / float64(i+1)
		r.Queries = append(r.Queries, workload.Query{
			Text: "SELECT o.id, o.total FROM orders AS o JOIN customers AS c ON c.id = o.customer WHERE o.day = '***' AND c.name = '***' -- " + name, Calls: 1234,
			Times:  workload.Times{Count: 1234, TotalMS: total, P50MS: 0.42, P95MS: 17.5, P99MS: 1250},
			Tables: []parser.Table{{Schema: "public", Name: name, Access: parser.Read}, {Name: "customers", Access: parser.Read}},
			Users:  names("web", "reports", "ada", "bob", hostile), Apps: names("checkout-service", name),
		})
		r.Tables = append(r.Tables, workload.Table{Schema: "public", Name: name, Reads: 1234, Writes: 99, TotalMS: total, Shapes: 2})
	}
	return r
}

// Patients implements page.Source.
func (s source) Patients(context.Context) ([]report.Patient, error) {
	if s.down != nil {
		return nil, s.down
	}
	c := healer.Census{
		Database: "shop", At: begin.Add(8 * time.Hour),
		Totals:  row("estimated_bytes", "73000000000", "xid_age", "1650000000", "multixact_age", "12", "freeze_max_age", "200000000", "sessions", "42", "max_sessions", "100"),
		Missing: []string{"statements: the extension pg_stat_statements is not installed in this database"},
	}
	for i, name := range []string{"orders", hostile, "customers"} {
		bytes := fmt.Sprint(9_000_000_000 / (i + 1))
		c.Tables = append(c.Tables, row("schema", "public", "name", name, "bytes", bytes, "index_bytes", "1000000", "rows", "1234567", "scans", "12", "rows_read", "99999", "index_scans", "5000000", "inserted", "10", "updated", "20", "deleted", "30"))
		c.Indexes = append(c.Indexes, row("schema", "public", "name", name+"_idx", "table", name, "bytes", bytes, "scans", "0", "valid", "f"))
		c.Upkeep = append(c.Upkeep, row("schema", "public", "name", name, "rows", "1234567", "dead_rows", "4321", "changed_rows", "99", "xid_age", "1650000000", "vacuumed", "", "analyzed", "2026-11-24 01:00:00+00"))
		c.Sequences = append(c.Sequences, row("schema", "public", "name", name+"_id_seq", "last_value", "2000000000", "max_value", "2147483647", "used", fmt.Sprint(0.93/float64(i+1))))
		c.Statements = append(c.Statements, row("query", "SELECT * FROM orders WHERE id = $1 -- "+name, "calls", "123456", "total_ms", "5400.5", "mean_ms", "0.04", "rows", "77"))
		c.Waits = append(c.Waits, row("pid", fmt.Sprint(101+i), "user", "web", "application", name, "state", "active", "seconds", "12", "blocker", fmt.Sprint(100+i), "blocker_user", "ada", "blocker_application", "psql", "blocker_state", "idle in transaction", "blocker_seconds", "600", "lock", "AccessExclusiveLock on orders"))
	}
	c.Progress = []rules.Row{row("pid", "77", "command", "VACUUM", "schema", "public", "name", "orders", "phase", "scanning heap", "done", "40", "total", "100", "application", "pgmend/vacuum/dead-tuples")}
	p := report.Patient{Census: c, Heard: heard()}
	for i := range 48 {
		p.Past = append(p.Past, report.Sample{At: begin.Add(time.Duration(i-48) * time.Hour), Bytes: int64(6e10 + 3e8*float64(i)), DeadRows: int64(9000 - 100*i%3000), XIDAge: int64(1.6e9 + 1e6*float64(i)), Sessions: int64(20 + i%9)})
	}
	return []report.Patient{p}, nil
}
