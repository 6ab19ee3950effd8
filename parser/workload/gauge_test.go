package workload_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/parser/workload"
)

// A gauge counts what a record says of both a statement and its time, once for
// each text without its literals, and counts all anew where there are too many.
func TestGauge(t *testing.T) {
	var g workload.Gauge
	begun := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	add := func(database, message string) {
		g.Add(&pglog.Record{Severity: "LOG", Database: database, Message: message}, begun)
	}
	add("shop", "duration: 2.000 ms  statement: SELECT 1 FROM t WHERE a = 'x'")
	add("shop", "duration: 4.000 ms  execute <unnamed>: SELECT 1 FROM t WHERE a = 'y'")
	add("other", "duration: 9.000 ms  statement: SELECT 1 FROM t WHERE a = 'x'")
	add("shop", "duration: 1.000 ms  parse <unnamed>: SELECT 1 FROM t WHERE a = 'x'")
	add("shop", "duration: 1.000 ms")
	add("shop", "statement: SELECT 1 FROM t WHERE a = 'x'")
	add("shop", "checkpoint starting: time")
	list := g.Of("shop")
	if len(list) != 1 || list[0].Calls != 2 || list[0].TotalMS != 6 || list[0].Squares != 20 || !list[0].Began.Equal(begun) {
		t.Fatalf("%+v", list)
	}
	begun = begun.Add(time.Hour)
	for i := range 4000 {
		add("shop", fmt.Sprintf("duration: 1.000 ms  statement: SELECT 1 FROM t%d", i))
	}
	list = g.Of("shop")
	if len(list) == 0 || len(list) > 10 || !list[0].Began.Equal(begun) {
		t.Errorf("%d texts are kept, since %v", len(list), list[0].Began)
	}
}

// The report of a gauge is the one a sheet makes of the same records: of one
// database, its shapes with the quantiles of their times, its tables, and who
// sent them. It keeps no literal.
func TestGaugeReport(t *testing.T) {
	var g workload.Gauge
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	const plan = "Query Text: SELECT * FROM items\nSeq Scan on items  (cost=0.00..22.70 rows=1270 width=36)"
	for i := range 100 {
		for database, message := range map[string]string{
			"shop":  fmt.Sprintf("duration: %d.000 ms  statement: UPDATE app.orders SET v = 'canary' WHERE id IN (1, %d)", i+1, i),
			"other": "duration: 1.000 ms  statement: SELECT 1 FROM elsewhere",
		} {
			g.Add(&pglog.Record{Time: at.Add(time.Duration(i) * time.Second), Severity: "LOG", Database: database, User: "ada", App: strings.Repeat("x", 100), Message: message}, at)
		}
	}
	g.Add(&pglog.Record{Severity: "LOG", Database: "shop", User: "bob", Message: "duration: 3.000 ms  statement: UPDATE app.orders SET v = 'canary' WHERE id IN (1, 2, 3)"}, at)
	g.Add(&pglog.Record{Severity: "LOG", Database: "shop", User: "bob", Message: "duration: 2.000 ms  plan:\n" + plan}, at)
	cache := parser.NewCache(10, parser.Parse)
	parse := func(texts []string) (out [][]parser.Statement, err error) {
		for _, text := range texts {
			if strings.Contains(text, "canary") {
				t.Errorf("a literal is kept: %s", text)
			}
			out = append(out, cache.Statements([]byte(text)))
		}
		return out, nil
	}
	r, err := g.Report("shop", 10, parse)
	if err != nil || r == nil || r.Statements != 101 || r.Shapes != 2 || !r.From.Equal(at) || !r.To.Equal(at.Add(99*time.Second)) {
		t.Fatalf("%+v, %v", r, err)
	}
	q := r.Queries[0]
	if q.Calls != 101 || q.Times.P50MS < 48 || q.Times.P50MS > 52 || q.Times.P99MS < 96 || q.Times.MaxMS != 100 {
		t.Errorf("%+v", q)
	}
	if len(q.Users) != 2 || q.Users[0].Name != "ada" || q.Users[0].Count != 100 || len(q.Apps[0].Name) > 70 {
		t.Errorf("%+v %+v", q.Users, q.Apps)
	}
	if p := r.Queries[1]; p.Calls != 0 || p.Plans != 1 || p.Times.TotalMS != 2 {
		t.Errorf("what auto_explain wrote: %+v", p)
	}
	if x := r.Tables; len(x) != 2 || x[0].Schema != "app" || x[0].Name != "orders" || x[0].Writes != 101 || x[1].Name != "items" || x[1].Reads != 1 {
		t.Errorf("%+v", x)
	}
	if again, err := g.Report("shop", 10, parse); err != nil || again.Statements != 101 {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	if none, err := g.Report("nowhere", 10, parse); err != nil || none != nil {
		t.Errorf("of a database that nobody used: %+v, %v", none, err)
	}
}

// Long texts, many names and times of every length take no more than a few
// megabytes, and what is counted is counted from a time that is told.
func TestGaugeIsBounded(t *testing.T) {
	var g workload.Gauge
	begun := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	long := strings.Repeat("a", 15<<10)
	for i := range 1500 {
		g.Add(&pglog.Record{Severity: "LOG", Database: "shop", User: fmt.Sprint(i), Message: fmt.Sprintf("duration: 1.000 ms  statement: SELECT %s%d", long, i)},
			begun.Add(time.Duration(i)*time.Second))
	}
	list := g.Of("shop")
	if len(list) == 0 || len(list)*len(long) > 9<<20 || list[0].Began.Equal(begun) {
		t.Errorf("%d texts of 15 kB are kept, since %v", len(list), list[0].Began)
	}
}
