package rulestest_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
	"github.com/pgmend/pgmend/rules"
)

// BenchmarkScan measures a pass of all default rules over a database of
// PGMEND_SCAN_TABLES tables with three indexes each, as the roles of setup sql:
// each rule's detect, and its whole, with captures. make bench-scan runs it.
func BenchmarkScan(b *testing.B) {
	tables, err := strconv.Atoi(os.Getenv("PGMEND_SCAN_TABLES"))
	if err != nil {
		b.Skip("PGMEND_SCAN_TABLES says how many tables; make bench-scan sets it")
	}
	server := pgtest.One(b)
	stage, set := staged(b, server), builtin(b)
	crowd(b, server, stage, tables)
	for b.Loop() {
		scan(b, stage, set.For(server.Major))
	}
}

// crowd fills the database: no table is empty, half of the keys are integers.
func crowd(b *testing.B, server *pgtest.Server, stage *rulestest.Stage, tables int) {
	b.Helper()
	const batch = 250 // what max_locks_per_transaction allows
	for from := 1; from <= tables; from += batch {
		server.Exec(b, stage.Name, stage.Name+"_owner", fmt.Sprintf(`DO $$ BEGIN FOR i IN %d..%d LOOP
			EXECUTE format('CREATE TABLE app.t%%s (id %%s PRIMARY KEY, a int, b text, c date)', i, CASE i %% 2 WHEN 0 THEN 'serial' ELSE 'bigserial' END);
			EXECUTE format('INSERT INTO app.t%%s (a) VALUES (1), (2), (3)', i);
			EXECUTE format('CREATE INDEX ON app.t%%s (a)', i);
			EXECUTE format('CREATE INDEX ON app.t%%s (b, c)', i);
		END LOOP; END $$`, from, min(tables, from+batch-1)))
	}
	server.Exec(b, stage.Name, "postgres", "ANALYZE")
	if err := stage.Declare(b.Context()); err != nil { // schema/drift compares all of it
		b.Fatal(err)
	}
}

// scan runs each rule once and prints what it took.
func scan(b *testing.B, stage *rulestest.Stage, list []*rules.Rule) {
	b.Helper()
	fmt.Printf("%-32s %10s %12s %12s\n", "rule", "candidates", "detect", "whole")
	var detect, whole time.Duration
	for _, rule := range list {
		if len(rule.Counts) > 0 {
			continue // it asks the log, not the server
		}
		begun := time.Now()
		rows, err := stage.Config.Reader.Read(b.Context(), healer.Read{
			Application: "pgmend/bench", Query: rule.Detect.Template, Values: unnarrowed(b, rule), Timeout: 10 * time.Minute,
		})
		if err != nil {
			b.Errorf("%s: %v", rule.ID, err)
		}
		looked := time.Since(begun)
		begun = time.Now()
		if _, err := stage.Find(b.Context(), healer.Options{Rules: []string{rule.ID}}); err != nil {
			b.Errorf("%s: %v", rule.ID, err)
		}
		all := time.Since(begun)
		detect, whole = detect+looked, whole+all
		fmt.Printf("%-32s %10d %12s %12s\n", rule.ID, len(rows), looked.Round(time.Millisecond), all.Round(time.Millisecond))
	}
	fmt.Printf("%-32s %10s %12s %12s\n", "all", "", detect.Round(time.Millisecond), whole.Round(time.Millisecond))
	b.ReportMetric(detect.Seconds(), "detect-s")
	b.ReportMetric(whole.Seconds(), "whole-s")
}

// unnarrowed are a rule's values as the schedule runs it.
func unnarrowed(b *testing.B, rule *rules.Rule) rules.Values {
	b.Helper()
	v, _, err := rule.Settings(nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, field := range []string{"schema", "table", "constraint", "column", "function", "arguments", "sqlstate", "user", "database", "inserted"} {
		v["event."+field] = rules.Value{Null: true, Type: rules.Text("").Type}
	}
	v[rules.HealerName], v[rules.DriftName] = rules.Text(""), rules.Text("[]")
	return v
}
