package workload_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/parser/workload"
)

// TestHistogram: a quantile is off by 1/64 at the most, and two histograms
// add up to the one that had seen all.
func TestHistogram(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var a, b, all workload.Histogram
		values := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 200), rapid.Int64Range(0, 1<<40)), 1, 300).Draw(r, "µs")
		for i, v := range values {
			all.Add(v)
			if i%3 == 0 {
				a.Add(v)
			} else {
				b.Add(v)
			}
		}
		a.Merge(&b)
		slices.Sort(values)
		for _, q := range []float64{0.01, .5, .95, .99, 1} {
			want := values[max(0, int(math.Ceil(q*float64(len(values))))-1)]
			got := all.Quantile(q)
			if diff := math.Abs(float64(got - want)); diff > float64(want)/64 {
				r.Fatalf("quantile %g of %v is %d, want %d", q, values, got, want)
			}
			if a.Quantile(q) != got {
				r.Fatalf("quantile %g: merged %d, whole %d", q, a.Quantile(q), got)
			}
		}
		if a.Count != all.Count || a.Sum != all.Sum || a.Max != all.Max {
			r.Fatalf("merged %+v, whole %+v", a, all)
		}
	})
}

// config parses in this process: the tests' own statements are harmless.
func config() workload.Config {
	cache := parser.NewCache(1000, parser.Parse)
	return workload.Config{Shapes: workload.NewShapes(), Parse: cache.Statements}
}

func records(text string) []pglog.Framed {
	d := pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: "%m [%p] %q%u@%d "})
	return append(d.Decode([]byte(text)), d.Flush()...)
}

// sample is a log in which sessions tell of statements and, later, of their
// durations.
func sample(lines int) string {
	var b strings.Builder
	at := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	say := func(pid int, format string, args ...any) {
		fmt.Fprintf(&b, "%s UTC [%d] u%d@shop %s\n", at.Format("2006-01-02 15:04:05.000"), pid, pid%3, fmt.Sprintf(format, args...))
		at = at.Add(137 * time.Millisecond)
	}
	for i := range lines {
		pid := 100 + i%5
		switch i % 11 {
		case 0, 1, 2:
			say(pid, "LOG:  statement: SELECT * FROM t%d WHERE id = %d", i%4, i)
		case 3, 4, 5, 6:
			say(pid, "LOG:  duration: %d.250 ms", i)
		case 7:
			say(pid, "LOG:  duration: 0.500 ms  execute s1: UPDATE t SET a = $1")
		case 8:
			say(pid, "ERROR:  value too long for type character varying(%d)", i)
			say(pid, "STATEMENT:  INSERT INTO t VALUES ('%d')", i)
		case 9:
			say(pid, `LOG:  temporary file: path "base/pgsql_tmp/pgsql_tmp%d.0", size %d`, pid, 1000*i)
		case 10:
			say(pid, "LOG:  process %d acquired ShareLock on transaction %d after %d.500 ms", pid, i, i)
		}
	}
	return b.String()
}

func reportOf(t testing.TB, r *workload.Report) string {
	t.Helper()
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBlocksAddUp: records that are handed to several sheets in blocks give
// the report that one sheet gives, also where a duration stands in another
// block than its statement.
func TestBlocksAddUp(t *testing.T) {
	list := records(sample(2000))
	one := workload.NewSheet(config())
	for i := range list {
		one.Add(&list[i].Record)
	}
	want := one.Report(50)
	if want.Statements < 700 || len(want.Errors) != 1 || want.Locks.Waits[0].Times.Count == 0 || want.TempFiles.Count == 0 {
		t.Fatalf("%s", reportOf(t, want))
	}
	for _, block := range []int{1, 7, 100, 5000} {
		cfg := config()
		whole, sheets := workload.NewSheet(cfg), []*workload.Sheet{workload.NewSheet(cfg), workload.NewSheet(cfg), workload.NewSheet(cfg)}
		n := 0
		for part := range slices.Chunk(list, block) {
			s := sheets[n*7%3]
			n++
			for i := range part {
				s.Add(&part[i].Record)
			}
			whole.Join(s.Edge())
		}
		for _, s := range sheets {
			whole.Merge(s)
		}
		if diff := cmp.Diff(reportOf(t, want), reportOf(t, whole.Report(50))); diff != "" {
			t.Errorf("blocks of %d (-one +several):\n%s", block, diff)
		}
	}
}

// TestDurationsFindTheirStatements: each session's bare duration is its last
// statement's.
func TestDurationsFindTheirStatements(t *testing.T) {
	s := workload.NewSheet(config())
	for _, r := range records(`2026-11-24 14:00:00.000 UTC [1] a@d LOG:  statement: SELECT * FROM slow
2026-11-24 14:00:00.000 UTC [2] a@d LOG:  statement: SELECT * FROM fast
2026-11-24 14:00:00.001 UTC [2] a@d LOG:  duration: 1.000 ms
2026-11-24 14:00:09.000 UTC [1] a@d LOG:  duration: 9000.000 ms
2026-11-24 14:00:09.000 UTC [3] a@d LOG:  duration: 5.000 ms
`) {
		s.Add(&r.Record)
	}
	r := s.Report(10)
	if len(r.Queries) != 2 || r.Queries[0].Tables[0].Name != "slow" || r.Queries[0].Times.TotalMS != 9000 || r.Queries[1].Times.TotalMS != 1 {
		t.Errorf("%s", reportOf(t, r))
	}
	if r.Other == nil || r.Other.Calls != 1 || r.Other.Times.TotalMS != 5 || r.Statements != 3 {
		t.Errorf("what nobody told of: %+v, %d statements", r.Other, r.Statements)
	}
}

// TestShapes: literals make no shape, digits in a table's name do.
func TestShapes(t *testing.T) {
	s := workload.NewSheet(config())
	for i, sql := range []string{
		"SELECT * FROM events_2024 WHERE a = 1", "select * from events_2024 where a = 2", "SELECT * FROM events_2025 WHERE a = 1",
		"SELECT WHERE WHERE broken '", "BEGIN; DELETE FROM t",
	} {
		s.Add(&pglog.Record{Severity: "LOG", Message: fmt.Sprintf("duration: %d.000 ms  statement: %s", 10-i, sql), User: "u", App: "psql"})
	}
	r := s.Report(10)
	calls := map[string]int64{}
	for _, q := range r.Queries {
		calls[q.Text] = q.Calls
	}
	want := map[string]int64{
		"SELECT * FROM events_2024 WHERE a = 1": 2, "SELECT * FROM events_2025 WHERE a = 1": 1, "SELECT WHERE WHERE broken '***'": 1,
		"BEGIN; DELETE FROM t": 1,
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(r.Tables) != 3 || r.Apps[0] != (workload.Name{Name: "psql", Count: 5}) {
		t.Errorf("%s", reportOf(t, r))
	}
}

// TestOther: what comes beyond the cap is summed up, and memory stays bounded.
func TestOther(t *testing.T) {
	cfg := workload.Config{Shapes: workload.NewShapes(), Parse: func(sql []byte) []parser.Statement {
		return []parser.Statement{{Kind: "select", Text: string(sql), Parsed: false}}
	}}
	s := workload.NewSheet(cfg)
	const many = 30_000
	for i := range many {
		s.Add(&pglog.Record{Severity: "LOG", Message: fmt.Sprintf("duration: 1.000 ms  statement: q%d", i), User: fmt.Sprintf("u%d", i), Time: time.Unix(int64(i+1)*86400*30, 0)})
	}
	r := s.Report(100_000)
	if r.Shapes != 10_000 || r.Other == nil || r.Other.Calls != many-10_000 || r.Other.Text != workload.Other {
		t.Errorf("%d shapes, other %+v", r.Shapes, r.Other)
	}
	if n := len(r.Users); n != 65 || r.Users[n-1].Name != workload.Other || r.Users[n-1].Count != many-64 {
		t.Errorf("%d users, %+v", n, r.Users[n-1])
	}
	var statements int64
	for _, x := range r.Timeline {
		statements += x.Statements
	}
	if statements != many || len(r.Timeline) > 1440 {
		t.Errorf("the timeline has %d statements in %d pieces", statements, len(r.Timeline))
	}
}

// TestPlans: auto_explain names the query and, with log_analyze, its rows.
func TestPlans(t *testing.T) {
	s := workload.NewSheet(config())
	for _, message := range []string{
		"duration: 12.5 ms  plan:\nQuery Text: SELECT *\n  FROM orders WHERE id > 5\nSeq Scan on orders  (cost=0.00..1.01 rows=1 width=4) (actual time=0.010..0.011 rows=7 loops=1)\n  Filter: (id > 5)",
		"duration: 2.5 ms  plan:\nQuery Text: SELECT * FROM orders WHERE id > 6\nSeq Scan on orders  (cost=0.00..1.01 rows=1 width=4) (actual time=0.010..0.011 rows=3.00 loops=1)",
		"duration: 2.5 ms  plan:\nno plan at all",
	} {
		s.Add(&pglog.Record{Severity: "LOG", Message: message})
	}
	r := s.Report(10)
	if len(r.Queries) != 1 || r.Queries[0].Plans != 2 || r.Queries[0].Rows == nil || *r.Queries[0].Rows != 10 || r.Queries[0].Times.TotalMS != 15 {
		t.Errorf("%s", reportOf(t, r))
	}
}

// TestNothingSecret: what a statement or a message quotes is in no report,
// and what names anything is in no anonymous one.
func TestNothingSecret(t *testing.T) {
	s := workload.NewSheet(config())
	for _, r := range records(`2026-11-24 14:00:00.000 UTC [1] zoe@zoo LOG:  duration: 1.000 ms  statement: SELECT zebra, "Zorro" FROM zulu.zoom z WHERE k = 'canary1' /* canary2 */
2026-11-24 14:00:00.000 UTC [1] zoe@zoo ERROR:  invalid input syntax for type integer: "canary3"
2026-11-24 14:00:00.000 UTC [1] zoe@zoo STATEMENT:  SELECT 'canary4'::int, zebra FROM zoom
2026-11-24 14:00:00.000 UTC [1] zoe@zoo ERROR:  relation "zoologist" does not exist at character 15
2026-11-24 14:00:00.000 UTC [1] zoe@zoo ERROR:  duplicate key value violates unique constraint "zoom_pkey"
2026-11-24 14:00:00.000 UTC [1] zoe@zoo DETAIL:  Key (zebra)=(canary5) already exists.
2026-11-24 14:00:00.000 UTC [1] zoe@zoo ERROR:  deadlock detected
2026-11-24 14:00:00.000 UTC [1] zoe@zoo DETAIL:  Process 1 waits for ShareLock on transaction 5; blocked by process 2.
	Process 2 waits for ShareLock on transaction 4; blocked by process 1.
	Process 1: UPDATE zoom
	  SET zebra = 'canary6'
	Process 2: UPDATE zoom SET zebra = 'canary7'
2026-11-24 14:00:00.000 UTC [1] zoe@zoo LOG:  connection authorized: user=zoe database=zoo application_name=zapp
2026-11-24 14:00:00.000 UTC [1] LOG:  automatic analyze of table "zoo.zulu.zoom"
2026-11-24 14:00:00.000 UTC [1] zoe@zoo ERROR:  canary8 is 'canary9' and unterminated "canary0
`) {
		s.Add(&r.Record)
	}
	r := s.Report(10)
	plain := reportOf(t, r)
	for i := range 8 {
		if canary := fmt.Sprintf("canary%d", i); strings.Contains(plain, canary) {
			t.Errorf("%s is in the report", canary)
		}
	}
	if d := r.Locks.Deadlocks; len(d) != 1 || len(d[0].Processes) != 2 || d[0].Processes[0].Statement != "UPDATE zoom SET zebra = '***'" || d[0].Processes[1].Statement != "UPDATE zoom SET zebra = '***'" {
		t.Errorf("%+v", d)
	}
	logs := []workload.Log{{Path: "/home/zoe/zoo.log", Error: "open /home/zoe"}}
	r.Anonymize(logs)
	hidden := strings.ToLower(reportOf(t, r) + logs[0].Path + logs[0].Error)
	for _, name := range []string{"zoe", "zoo", "zebra", "zorro", "zulu", "zoom", "zapp", "zoologist"} {
		if i := strings.Index(hidden, name); i >= 0 {
			t.Errorf("%s is in the anonymous report: …%s…", name, hidden[max(0, i-60):i+20])
		}
	}
	if !strings.Contains(hidden, "select name_") {
		t.Errorf("the statements have lost their words: %s", hidden)
	}
}

// TestPeriod leaves out what is before or after.
func TestPeriod(t *testing.T) {
	cfg := config()
	at := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	cfg.Since, cfg.Until = at, at.Add(time.Hour)
	s := workload.NewSheet(cfg)
	for _, d := range []time.Duration{-time.Second, 0, time.Minute, time.Hour} {
		s.Add(&pglog.Record{Time: at.Add(d), Severity: "LOG", Message: "statement: SELECT 1"})
	}
	if r := s.Report(1); r.Statements != 2 || r.Outside != 2 || !r.From.Equal(at) {
		t.Errorf("%s", reportOf(t, r))
	}
}
