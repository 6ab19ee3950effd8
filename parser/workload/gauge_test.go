package workload_test

import (
	"fmt"
	"testing"
	"time"

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
