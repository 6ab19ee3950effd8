package pg

import (
	"context"
	_ "embed"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

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
	alarmEvery   = time.Second
	relationWait = 200 * time.Millisecond // of a concurrent statement of ours for a relation lock
)

// watchdog is a second session beside one that repairs. It cancels our own
// statement before that makes anyone wait for longer than the lock budget, and
// when a concurrent one queues for a relation, where it would hold up
// everybody behind it. It signals nobody but us.
type watchdog struct {
	*session
	use     string // of the session, for the lodge
	pid     uint32
	started string // backend_start of that process, as the server prints it
	budget  time.Duration
	alarm   func(context.Context) string
	// waiting are the sessions seen waiting for us the last time, since when.
	// It outlives one statement, because a transaction keeps its locks.
	waiting queue
}

// newWatchdog opens it with the login of the session that it watches, which may
// always be seen by it.
func (d *Database) newWatchdog(ctx context.Context, login *pgconn.Config, pid uint32, op healer.Operation) (*watchdog, error) {
	use := login.User + " " + login.Database
	s, err := d.lodged(ctx, &d.watching, use, login, "pgmend/watchdog", 0)
	if err != nil {
		return nil, err
	}
	// By its name too: a session that was kept may have been left with another
	// server, where that number is another's.
	rows, err := s.prepared(ctx, `SELECT a.backend_start FROM pg_catalog.pg_stat_activity AS a
		WHERE a.pid = $1 AND a.application_name = $2`, oid(pid), name(applicationName(op.Application)))
	if err == nil && (len(rows) != 1 || rows[0][0].Null) {
		err = &healer.DatabaseError{Message: "the session that is to be watched is not to be seen"}
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return &watchdog{session: s, use: use, pid: pid, started: rows[0][0].Text, budget: op.LockBudget, alarm: op.Alarm}, nil
}

// rest keeps its session for the next step. No code runs in it but ours.
func (w *watchdog) rest() {
	if !w.lasts() {
		w.close()
		return
	}
	w.db.watching.keep(w.use, w.session)
}

// sighting is what the watchdog saw during one statement.
type sighting struct {
	uses    map[string]*lockSeen
	order   []string
	delayed map[string]bool // sessions that were seen waiting for us
	yield   string
}

// lockSeen is a lock while it is watched.
type lockSeen struct {
	healer.LockUse
	relation     bool      // of a relation, not of a transaction or the like
	waits, holds time.Time // since when, this time; zero: it does not
	waited, held time.Duration
}

// start watches until stop is called, which waits for the watching to end. The
// context it returns ends when nobody watches any more.
func (w *watchdog) start(ctx context.Context, how watching) (watched context.Context, stop func() *sighting) {
	seen := &sighting{uses: make(map[string]*lockSeen), delayed: make(map[string]bool)}
	watched, abandon := context.WithCancel(ctx)
	end := make(chan struct{})
	var both sync.WaitGroup
	alarmed := make(chan string, 1)
	if w.alarm != nil && how != idling {
		both.Go(func() { w.listen(watched, end, alarmed) })
	}
	both.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case seen.yield = <-alarmed:
				w.end(how)
			case <-tick.C:
				if w.look(seen, how); w.conn.IsClosed() {
					seen.yield = "the session that watches it was lost"
					abandon()
					return
				}
			}
		}
	})
	return watched, func() *sighting {
		close(end)
		both.Wait()
		abandon()
		return seen
	}
}

// look asks once. Where only this one question failed, the next is 50 ms away.
func (w *watchdog) look(seen *sighting, how watching) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := w.prepared(ctx, watchSQL, oid(w.pid))
	if err != nil {
		return
	}
	now := time.Now()
	noted := make(map[string]bool)
	for _, row := range rows {
		if row.Text("what") == "lock" {
			noted[seen.note(row, now)] = true
		}
	}
	w.waiting = w.waiting.next(waiters(rows), now)
	for who := range w.waiting {
		seen.delayed[who] = true
	}
	if why := w.waiting.over(w.budget); why != "" {
		seen.yield = why
	}
	for key, use := range seen.uses {
		if !noted[key] {
			use.rest()
		} else if how == concurrently && use.relation && !use.waits.IsZero() && now.Sub(use.waits) > relationWait {
			seen.yield = "it queued for " + use.Mode + " on " + use.Relation
		}
	}
	if seen.yield != "" {
		w.end(how) // again, where the last time did not help
	}
}

// queue are the sessions that wait for one of ours, since when.
type queue map[string]time.Time

// waiters are the sessions that a look saw waiting.
func waiters(rows []rules.Row) (who []string) {
	for _, row := range rows {
		if row.Text("what") == "waiter" {
			who = append(who, row.Text("who"))
		}
	}
	return who
}

// next is the queue of a later look. Who waited already has waited since then.
func (q queue) next(who []string, now time.Time) queue {
	out := make(queue)
	for _, w := range who {
		if out[w] = now; !q[w].IsZero() {
			out[w] = q[w]
		}
	}
	return out
}

// over names a session that has waited for so long that what it waits for has
// to end now, if nobody is to wait for longer than the budget. A quarter of it
// is for what came before the first look that saw it, and for the ending.
func (q queue) over(budget time.Duration) string {
	for who, since := range q {
		if time.Since(since) > budget-budget/4 {
			return "session " + who + " waited for it, and nobody may for longer than " + budget.String()
		}
	}
	return ""
}

// listen asks for the alarm, on its own: what it asks may take longer than a
// look at the locks may wait.
func (w *watchdog) listen(ctx context.Context, end <-chan struct{}, alarmed chan<- string) {
	tick := time.NewTicker(alarmEvery)
	defer tick.Stop()
	for {
		select {
		case <-end:
			return
		case <-tick.C:
			if why := w.alarm(ctx); why != "" {
				alarmed <- why
				return
			}
		}
	}
}

// watching is how a session of ours is watched.
type watching int

const (
	working      watching = iota
	concurrently          // it must not queue for a relation
	idling                // in a transaction, between two statements
)

// end ends our own statement, or where there is none, our transaction with its
// session, and only while the process is still this session's.
func (w *watchdog) end(how watching) {
	signal := "pg_cancel_backend"
	if how == idling {
		signal = "pg_terminate_backend"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = w.query(ctx, `SELECT pg_catalog.`+signal+`(a.pid) FROM pg_catalog.pg_stat_activity AS a
		WHERE a.pid = $1 AND a.backend_start = $2`, oid(w.pid), name(w.started))
}

// note writes a lock down that was seen waited for or held.
func (s *sighting) note(row rules.Row, now time.Time) (key string) {
	key = row.Text("kind") + " " + row.Text("mode") + " " + row.Text("relation")
	use, known := s.uses[key]
	if !known {
		use = &lockSeen{
			LockUse: healer.LockUse{Mode: row.Text("mode"), Relation: row.Text("relation")}, relation: row.Text("kind") == "relation",
		}
		s.uses[key] = use
		s.order = append(s.order, key)
	}
	if row.Text("granted") == "t" {
		if use.holds.IsZero() {
			use.rest()
			use.holds = now
		}
		use.Held = use.held + now.Sub(use.holds)
	} else {
		if use.waits.IsZero() {
			use.rest()
			use.waits = now
		}
		use.Waited = use.waited + now.Sub(use.waits)
	}
	return key
}

// rest ends a wait or a hold; what comes later is counted on top.
func (u *lockSeen) rest() {
	u.waits, u.holds = time.Time{}, time.Time{}
	u.waited, u.held = u.Waited, u.Held
}

func (s *sighting) locks() []healer.LockUse {
	out := make([]healer.LockUse, 0, len(s.order))
	for _, key := range s.order {
		out = append(out, s.uses[key].LockUse)
	}
	return out
}

// wal asks for a position of the WAL, up to which it was made (insert) or is on
// disk (flush); 0 where it may not be asked.
func (w *watchdog) wal(ctx context.Context, position string) int64 {
	rows, err := w.prepared(ctx, "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_"+position+"_lsn(), '0/0')::pg_catalog.int8")
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(rows[0][0].Text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
