package rulestest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// lockBudget is how long anybody may wait for a repair.
const lockBudget = time.Second

// BenchmarkQuarantine moves PGMEND_QUARANTINE_ROWS duplicate rows out of a table
// of twice as many while two sessions update rows of it by their key, and
// measures how long their statements take, before and meanwhile. make
// bench-quarantine runs it. It fails where a row is lost or a statement took
// longer than the lock budget.
func BenchmarkQuarantine(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("PGMEND_QUARANTINE_ROWS"))
	if err != nil {
		b.Skip("PGMEND_QUARANTINE_ROWS says how many rows; make bench-quarantine sets it")
	}
	for b.Loop() {
		quarantine(b, rows)
	}
}

func quarantine(b *testing.B, rows int) {
	b.Helper()
	st := staged(b, pgtest.One(b))
	c := asOwner(b, st)
	perform(b, c, "CREATE TABLE app.items (id bigint PRIMARY KEY, key text NOT NULL, body text, n int NOT NULL DEFAULT 0)",
		fmt.Sprintf("INSERT INTO app.items (id, key, body) SELECT g, 'key ' || g %% %d, repeat('x', 100) FROM generate_series(1, %d) AS g", rows, 2*rows),
		"VACUUM ANALYZE app.items")
	if r := c.ExecParams(b.Context(), "CREATE UNIQUE INDEX CONCURRENTLY items_key ON app.items (key)", nil, nil, nil, nil).Read(); r.Err == nil {
		b.Fatal("the index could be built")
	}
	before := sum(b, c, "id, key, body", "items")

	crowd := []*pgconn.PgConn{asOwner(b, st), asOwner(b, st)}
	pause := make(chan struct{})
	time.AfterFunc(10*time.Second, func() { close(pause) })
	say(b, "alone", load(b, crowd, 2*rows, pause))

	only := yes()
	only.Rules = []string{"data/duplicate-rows"}
	done := make(chan struct{})
	begun := time.Now()
	var elapsed time.Duration
	go func() {
		defer close(done)
		r, err := st.Heal(b.Context(), only)
		elapsed = time.Since(begun)
		if err != nil || len(r.Repairs) != 1 || !r.Repairs[0].Verified {
			b.Errorf("%+v, %v", r.Plans, err)
			return
		}
		for _, s := range r.Repairs[0].Steps {
			fmt.Printf("%-8s %6d transactions, %8d rows\n", s.Class, s.Batches, s.Outcome.Changed)
		}
	}()
	longest := say(b, "beside", load(b, crowd, 2*rows, done))
	<-done
	fmt.Printf("%d duplicate rows went in %s, %.0f a second\n", rows, elapsed.Round(time.Millisecond), float64(rows)/elapsed.Seconds())
	b.ReportMetric(elapsed.Seconds(), "s/heal")
	b.ReportMetric(longest.Seconds(), "s/longest")
	if longest > lockBudget {
		b.Errorf("a statement took %s, and the lock budget is %s", longest, lockBudget)
	}
	q := quarantines(b, c)
	if len(q) != 1 || ask(b, c, "SELECT count(*) FROM app."+q[0]) != strconv.Itoa(rows) {
		b.Fatalf("the quarantine is %q", q)
	}
	if after := sum(b, c, "id, key, body", "items", q[0]); after != before {
		b.Errorf("before: %s; after: %s", before, after)
	}
}

// load has each session update one row after the other, and returns what each
// statement took.
func load(b *testing.B, crowd []*pgconn.PgConn, rows int, done <-chan struct{}) []time.Duration {
	b.Helper()
	var all []time.Duration
	var mu sync.Mutex
	var sessions sync.WaitGroup
	for _, c := range crowd {
		sessions.Go(func() {
			var took []time.Duration
			defer func() { mu.Lock(); all = append(all, took...); mu.Unlock() }()
			for {
				select {
				case <-done:
					return
				default:
				}
				sql := fmt.Sprintf("UPDATE app.items SET n = n + 1 WHERE id = %d", rand.IntN(rows)+1) //nolint:gosec // which row does not matter
				begun := time.Now()
				if r := c.ExecParams(b.Context(), sql, nil, nil, nil, nil).Read(); r.Err != nil {
					b.Errorf("%v in: %s", r.Err, sql)
					return
				}
				took = append(took, time.Since(begun))
				time.Sleep(2 * time.Millisecond) // a busy application, not a flood
			}
		})
	}
	sessions.Wait()
	return all
}

// say prints how long statements took, and returns the longest.
func say(b *testing.B, when string, took []time.Duration) time.Duration {
	b.Helper()
	if len(took) == 0 {
		b.Fatal("no statement ran")
	}
	slices.Sort(took)
	at := func(share float64) time.Duration {
		return took[int(share*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	fmt.Printf("%-8s %6d updates: median %s, 99%% %s, 99.9%% %s, longest %s\n", when, len(took), at(0.5), at(0.99), at(0.999), at(1))
	return at(1)
}
