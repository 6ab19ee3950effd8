package pg

import (
	"context"
	_ "embed"
	"strconv"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

//go:embed sql/deferred.sql
var deferredSQL string

//go:embed sql/watch.sql
var watchSQL string

//go:embed sql/horizon.sql
var horizonSQL string

// The watchdog's times.
const (
	watchEvery   = 50 * time.Millisecond
	relationWait = 200 * time.Millisecond // of a concurrent statement of ours for a relation lock
)

// watchdog is a second session beside one that repairs. It cancels our own
// statement when that makes anyone wait for longer than the lock budget, and
// when a concurrent one queues for a relation, where it would hold up
// everybody behind it. It signals nobody but us.
type watchdog struct {
	*session
	pid    uint32
	budget time.Duration
}

func (d *Database) newWatchdog(ctx context.Context, pid uint32, budget time.Duration) (*watchdog, error) {
	s, err := d.connect(ctx, d.healer, "pgmend/watchdog", 0)
	if err != nil {
		return nil, err
	}
	return &watchdog{session: s, pid: pid, budget: budget}, nil
}

// sighting is what the watchdog saw during one statement.
type sighting struct {
	uses    map[string]*healer.LockUse
	order   []string
	first   map[string]time.Time
	delayed map[string]time.Time // sessions waiting for us, since when
	yield   string
}

// start watches until the returned function is called, which waits for the
// watching to end.
func (w *watchdog) start(ctx context.Context, class string) (stop func() *sighting) {
	seen := &sighting{
		uses: make(map[string]*healer.LockUse), first: make(map[string]time.Time), delayed: make(map[string]time.Time),
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				w.look(seen, concurrent(class))
			}
		}
	})
	return func() *sighting {
		cancel()
		watching.Wait()
		return seen
	}
}

// look asks once. An error is of the watchdog's own session; the statement
// goes on under its timeouts.
func (w *watchdog) look(seen *sighting, concurrent bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := w.query(ctx, watchSQL, oid(w.pid))
	if err != nil {
		return
	}
	now := time.Now()
	for _, row := range rows {
		switch row.Text("what") {
		case "lock":
			granted := row.Text("granted") == "t"
			use := seen.lock(row, now, granted)
			if !granted && row.Text("kind") == "relation" {
				if concurrent && use.Waited > relationWait {
					seen.yield = "it queued for " + use.Mode + " on " + use.Relation
				}
			}
		case "waiter":
			since, known := seen.delayed[row.Text("who")]
			if !known {
				since = now
				seen.delayed[row.Text("who")] = now
			}
			if now.Sub(since) > w.budget {
				seen.yield = "session " + row.Text("who") + " waited for it longer than " + w.budget.String()
			}
		}
	}
	if seen.yield != "" {
		// Only our own statement, and only while it is this session's.
		_, _ = w.query(ctx, "SELECT pg_catalog.pg_cancel_backend($1)", oid(w.pid))
	}
}

// lock notes a lock that was seen waited for or held.
func (s *sighting) lock(row rules.Row, now time.Time, granted bool) *healer.LockUse {
	key := row.Text("mode") + " " + row.Text("relation")
	use, known := s.uses[key]
	if !known {
		use = &healer.LockUse{Mode: row.Text("mode"), Relation: row.Text("relation")}
		s.uses[key], s.first[key] = use, now
		s.order = append(s.order, key)
	}
	if granted {
		use.Held = now.Sub(s.first[key]) - use.Waited
	} else {
		use.Waited = now.Sub(s.first[key])
	}
	return use
}

func (s *sighting) locks() []healer.LockUse {
	out := make([]healer.LockUse, 0, len(s.order))
	for _, key := range s.order {
		out = append(out, *s.uses[key])
	}
	return out
}

// wal asks for the position of the WAL.
func (w *watchdog) wal(ctx context.Context) int64 {
	rows, err := w.query(ctx, "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::pg_catalog.int8")
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(rows[0][0].Text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
