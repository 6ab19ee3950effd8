package baseline_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// BenchmarkCaptureAndDiff reads a schema and compares it with itself, changed;
// PGMEND_BASELINE_TABLES says of how many tables.
func BenchmarkCaptureAndDiff(b *testing.B) {
	n := 100
	if text := os.Getenv("PGMEND_BASELINE_TABLES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	s := pgtest.One(b)
	database := s.Database(b)
	const chunk = 50
	for from := 0; from < n; from += chunk {
		var sql strings.Builder
		for i := from; i < min(n, from+chunk); i++ {
			fmt.Fprintf(&sql, `CREATE TABLE t%[1]d (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL, b text DEFAULT 'x', c numeric CHECK (c > 0),
				d timestamptz DEFAULT now(), e text UNIQUE, f int REFERENCES t%[2]d (id), g jsonb);
				CREATE INDEX ON t%[1]d (f); CREATE INDEX ON t%[1]d (a, d); CREATE VIEW v%[1]d AS SELECT id, a FROM t%[1]d;
`, i, max(0, i-1))
		}
		s.Exec(b, database, "postgres", sql.String())
	}
	d := open(b, s, database)
	want := read(b, d)
	s.Exec(b, database, "postgres", "ALTER TABLE t5 DROP COLUMN g; DROP VIEW v6")
	for b.Loop() {
		have := read(b, d)
		if got := len(baseline.Compare(want, have)); got != 2 {
			b.Fatalf("%d differences", got)
		}
	}
	b.ReportMetric(float64(len(want.Objects)), "objects")
}
