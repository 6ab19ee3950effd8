package workload

import (
	"cmp"
	"slices"

	"github.com/pgmend/pgmend/parser"
)

// queries lists the shapes and what they did to tables.
func (s *Sheet) queries(r *Report, top int) {
	var all []Query
	tables := map[[2]string]*Table{}
	for _, x := range s.cfg.Shapes.all() {
		if x.id >= len(s.usages) || s.usages[x.id] == nil {
			continue
		}
		q := s.usages[x.id].query(x)
		if x.id == 0 {
			r.Other = &q
			continue
		}
		all = append(all, q)
		count(tables, &q)
	}
	r.Shapes = len(all)
	r.Queries = pick(all, top)
	for _, t := range tables {
		r.Tables = append(r.Tables, *t)
	}
	slices.SortFunc(r.Tables, func(a, b Table) int {
		return cmp.Or(cmp.Compare(b.TotalMS, a.TotalMS), cmp.Compare(b.Reads+b.Writes+b.DDL, a.Reads+a.Writes+a.DDL),
			cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
}

// query is what a shape did.
func (u *usage) query(x *shape) Query {
	q := Query{
		Fingerprint: x.fingerprint, Kind: x.kind, Text: x.text, Parsed: x.parsed, Calls: u.calls, Failed: u.failed, Plans: u.plans.Count,
		Times: timesOf(&u.times), PrepareMS: ms(u.prepare), Tables: x.tables, RowsOf: u.rowsKnown,
		Users: u.users.sorted(), Apps: u.apps.sorted(), Databases: u.databases.sorted(), First: u.span.first(), Last: u.span.last(),
	}
	if u.times.Count == 0 && u.plans.Count > 0 {
		q.Times = timesOf(&u.plans)
	}
	if u.rowsKnown > 0 {
		q.Rows = &u.rows
	}
	if q.Tables == nil {
		q.Tables = []parser.Table{}
	}
	return q
}

// count adds a query to its tables: once for each access.
func count(tables map[[2]string]*Table, q *Query) {
	seen := map[*Table]bool{}
	calls := max(q.Calls, q.Plans)
	for _, x := range q.Tables {
		if x.System || x.Temporary {
			continue
		}
		key := [2]string{x.Schema, x.Name}
		t := tables[key]
		if t == nil {
			t = &Table{Schema: x.Schema, Name: x.Name}
			tables[key] = t
		}
		switch x.Access {
		case parser.Read:
			t.Reads += calls
		case parser.Write:
			t.Writes += calls
		case parser.DDL:
			t.DDL += calls
		}
		if !seen[t] {
			seen[t] = true
			t.TotalMS += q.Times.TotalMS
			t.Shapes++
		}
	}
}

// pick takes the first of each order.
func pick(all []Query, top int) []Query {
	orders := []func(q *Query) float64{ByTotal, ByMean, ByP99, ByCalls}
	taken := map[int]bool{}
	index := make([]int, len(all))
	for i := range index {
		index[i] = i
	}
	for _, by := range orders {
		slices.SortFunc(index, func(a, b int) int { return Compare(&all[a], &all[b], by) })
		for _, i := range index[:min(top, len(index))] {
			taken[i] = true
		}
	}
	var out []Query
	for i := range all {
		if taken[i] {
			out = append(out, all[i])
		}
	}
	slices.SortFunc(out, func(a, b Query) int { return Compare(&a, &b, ByTotal) })
	return out
}

// The orders of queries.
func ByTotal(q *Query) float64 { return q.Times.TotalMS }

// ByMean orders by the mean duration.
func ByMean(q *Query) float64 { return q.Times.MeanMS }

// ByP99 orders by the 99th percentile of durations.
func ByP99(q *Query) float64 { return q.Times.P99MS }

// ByCalls orders by the number of calls.
func ByCalls(q *Query) float64 { return float64(q.Calls) }

// Compare orders queries, the most first.
func Compare(a, b *Query, by func(*Query) float64) int {
	return cmp.Or(cmp.Compare(by(b), by(a)), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Fingerprint, b.Fingerprint))
}

// activities lists what else happened.
func (s *Sheet) activities(r *Report) {
	a := &s.activity
	r.Locks = Locks{Waiting: a.waiting, DeadlockCount: a.deadlockCount, Deadlocks: a.deadlocks}
	slices.SortStableFunc(r.Locks.Deadlocks, func(x, y Deadlock) int { return x.Time.Compare(y.Time) })
	r.Locks.Deadlocks = r.Locks.Deadlocks[:min(len(r.Locks.Deadlocks), deadlockCap)]
	for k, w := range a.waits.of {
		r.Locks.Waits = append(r.Locks.Waits, LockWait{k.mode, k.target, k.statement, timesOf(&w.times), w.span.first(), w.span.last()})
	}
	slices.SortFunc(r.Locks.Waits, func(x, y LockWait) int {
		return cmp.Or(cmp.Compare(y.Times.TotalMS, x.Times.TotalMS), cmp.Compare(x.Mode, y.Mode), cmp.Compare(x.Target, y.Target), cmp.Compare(x.Statement, y.Statement))
	})
	if a.waits.other > 0 {
		r.Locks.Waits = append(r.Locks.Waits, LockWait{Target: Other, Times: Times{Count: a.waits.other}})
	}
	t := &a.tempTotal
	r.TempFiles = TempFiles{Count: t.count, Bytes: t.bytes, Largest: t.largest}
	for text, x := range a.temp.of {
		r.TempFiles.Queries = append(r.TempFiles.Queries, TempQuery{text, x.count, x.bytes, x.largest})
	}
	slices.SortFunc(r.TempFiles.Queries, func(x, y TempQuery) int {
		return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Text, y.Text))
	})
	c := &a.checkpoints
	r.Checkpoint = Checkpoint{
		Complete: c.complete, Restartpoints: c.restartpoints, Causes: c.causes.sorted(), TooFrequent: c.frequent, Buffers: c.buffers, DistanceKB: c.distanceKB,
		WriteSeconds: c.write, SyncSeconds: c.sync, TotalSeconds: c.total, LongestSeconds: c.longest,
	}
	for name, v := range a.vacuums.of {
		r.Vacuums = append(r.Vacuums, Vacuum{name, v.vacuums, v.analyzes, v.wraparound, v.scans, v.removed, v.dead, v.seconds, v.longest})
	}
	slices.SortFunc(r.Vacuums, func(x, y Vacuum) int {
		return cmp.Or(cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(y.Vacuums+y.Analyzes, x.Vacuums+x.Analyzes), cmp.Compare(x.Table, y.Table))
	})
	n := &a.sessions
	r.Sessions = Sessions{
		Received: n.received, Authorized: n.authorized, Ended: n.ended, Lost: n.lost, Refused: n.refused,
		Users: n.users.sorted(), Databases: n.databases.sorted(), Hosts: n.hosts.sorted(), Apps: n.apps.sorted(), Length: timesOf(&n.length),
	}
}
