package parser

import (
	"syscall"
	"testing"
	"time"

	pgquery "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// coldStatements are what a cold parse is measured with, from short to long.
var coldStatements = map[string]string{
	"point": `SELECT abalance FROM pgbench_accounts WHERE aid = 1`,
	"join":  `SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE o.total > 100 ORDER BY o.id LIMIT 10`,
	"report": `WITH recent AS (SELECT * FROM orders WHERE created > now() - interval '7 days'), top AS (SELECT customer, sum(total) AS s FROM recent GROUP BY customer HAVING sum(total) > 100)
SELECT c.name, t.s, (SELECT count(*) FROM tickets k WHERE k.customer = c.id) AS tickets, CASE WHEN t.s > 1000 THEN 'gold' ELSE 'tin' END AS tier
FROM top t JOIN customers c ON c.id = t.customer LEFT JOIN regions r USING (region_id) WHERE c.active AND r.code IN ('a', 'b', 'c') AND NOT EXISTS (SELECT 1 FROM blocked b WHERE b.id = c.id) ORDER BY t.s DESC NULLS LAST LIMIT 50`,
}

// spent reports the processor time of an iteration beside its duration: on a
// machine with other work to do it says more.
func spent(b *testing.B) func() {
	before := processor(b)
	return func() {
		b.ReportMetric(float64((processor(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	}
}

func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCold is what this package does for a statement that no cache
// knows: split, guard, parse, extract, mask and fingerprint.
func BenchmarkCold(b *testing.B) {
	for name, sql := range coldStatements {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer spent(b)()
			for b.Loop() {
				Parse(sql)
			}
		})
	}
}

// BenchmarkColdTables is the extraction alone, which BenchmarkLibrary does too.
func BenchmarkColdTables(b *testing.B) {
	for name, sql := range coldStatements {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer spent(b)()
			for b.Loop() {
				Tables(sql)
			}
		})
	}
}

// BenchmarkLibrary is the yardstick: the library's Parse and a walk over its
// tree that collects the relations.
func BenchmarkLibrary(b *testing.B) {
	for name, sql := range coldStatements {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer spent(b)()
			for b.Loop() {
				tree, err := pgquery.Parse(sql)
				if err != nil {
					b.Fatal(err)
				}
				if len(relations(tree.ProtoReflect(), nil)) == 0 {
					b.Fatal("no relation")
				}
			}
		})
	}
}

func relations(m protoreflect.Message, out []*pgquery.RangeVar) []*pgquery.RangeVar {
	if r, ok := m.Interface().(*pgquery.RangeVar); ok {
		return append(out, r)
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i := range v.List().Len() {
				out = relations(v.List().Get(i).Message(), out)
			}
		default:
			out = relations(v.Message(), out)
		}
		return true
	})
	return out
}

// The parts that the library's C code takes.
func BenchmarkLibraryParts(b *testing.B) {
	sql := coldStatements["join"]
	b.Run("json", func(b *testing.B) {
		defer spent(b)()
		for b.Loop() {
			_, _ = pgquery.ParseToJSON(sql)
		}
	})
	b.Run("fingerprint", func(b *testing.B) {
		defer spent(b)()
		for b.Loop() {
			_, _ = pgquery.Fingerprint(sql)
		}
	})
	b.Run("Parse", func(b *testing.B) {
		defer spent(b)()
		for b.Loop() {
			_, _ = pgquery.Parse(sql)
		}
	})
	b.Run("scan", func(b *testing.B) {
		defer spent(b)()
		for b.Loop() {
			_ = safe(sql)
		}
	})
}
