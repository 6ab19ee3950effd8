package pg

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Whoever reads a table holds a lock on it until the transaction ends. An ALTER
// TABLE waits for that, and everybody else waits behind the ALTER. So reads that
// take long are watched as repairs are, and give way. It takes no right to end
// one's own statement: the connection that runs it is told so.

// briefRead is how long a read goes unwatched: most end long before.
const briefRead = defaultBudget / 4

// yielding runs a read of a session, which is given up before somebody has waited
// for it for longer than the lock budget. Its error is a *healer.Yield then.
func (d *Database) yielding(ctx context.Context, pid uint32, read func(context.Context) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	begun, done := time.Now(), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-done:
		case <-time.After(briefRead):
			if why := d.delaying(ctx, pid, begun, done); why != "" {
				giveUp(&healer.Yield{Reason: why})
			}
		}
	})
	err := read(ctx)
	close(done)
	watching.Wait()
	var y *healer.Yield
	if err != nil && errors.As(context.Cause(ctx), &y) {
		return y
	}
	return err
}

// delaying waits until done, or until somebody has waited too long for a session
// of ours, and says who. Where that cannot be seen, that is the reason.
func (d *Database) delaying(ctx context.Context, pid uint32, begun time.Time, done <-chan struct{}) string {
	s, err := d.take(ctx)
	if err != nil {
		return "it cannot be seen whether anybody waits for it: " + err.Error()
	}
	defer func() { d.give(s) }()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var waiting queue
	// Whoever is there at the first look may have waited since it began.
	for now := begun; ; now = time.Now() {
		rows, err := s.query(ctx, watchSQL, oid(pid))
		if err != nil && s.conn.IsClosed() {
			return "the session that watches it was lost"
		}
		if err == nil {
			waiting = waiting.next(waiters(rows), now)
		}
		if why := waiting.over(defaultBudget); why != "" {
			return why
		}
		select {
		case <-done:
			return ""
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}
