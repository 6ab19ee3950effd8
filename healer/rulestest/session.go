package rulestest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// named is a session that a script keeps: idle, in a transaction, or busy with
// a statement. The rule under test may end it.
type named struct {
	conn *pgconn.PgConn
	busy chan struct{} // closed when its statement ended; nil: it has none
	stop context.CancelFunc
}

// patience is how long a session may take to be seen at work.
const patience = 30 * time.Second

// open returns the session of that name.
func (p *Player) open(ctx context.Context, name string, super bool) (*named, error) {
	if s, ok := p.named[name]; ok {
		return s, nil
	}
	conn := p.Owner
	if super {
		conn = p.Superuser
	}
	c, err := pgconn.Connect(ctx, conn)
	if err != nil {
		return nil, err
	}
	return p.keep(name, c), nil
}

// keep gives a session its name.
func (p *Player) keep(name string, c *pgconn.PgConn) *named {
	if p.named == nil {
		p.named = make(map[string]*named)
	}
	p.named[name] = &named{conn: c, stop: func() {}}
	return p.named[name]
}

// begin sends a statement that does not end by itself, and waits until the
// server shows the session at work on it.
func (p *Player) begin(ctx context.Context, s *named, sql string) error {
	if s.busy != nil {
		return errors.New("the session is busy already")
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.busy, s.stop = make(chan struct{}), stop
	go func() {
		defer close(s.busy)
		// It is cancelled, by the rule or at the end: there is no other outcome.
		_ = run(working, s.conn, sql)
	}()
	look, err := pgconn.Connect(ctx, p.Superuser)
	if err != nil {
		return err
	}
	defer look.Close(ctx) //nolint:errcheck // it only read
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		r := look.ExecParams(ctx, "SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND state = 'active' AND query = $2",
			[][]byte{[]byte(strconv.FormatUint(uint64(s.conn.PID()), 10)), []byte(sql)}, nil, nil, nil).Read()
		if r.Err != nil || len(r.Rows) > 0 {
			return r.Err
		}
		select {
		case <-s.busy:
			return fmt.Errorf("the statement has to stay busy and ended: %s", sql)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("the statement was not seen at work: %s", sql)
}

// end gives a session up, whatever became of it.
func (s *named) end(ctx context.Context) {
	s.stop()
	if s.busy != nil {
		<-s.busy
	}
	// The rule may have ended it, which is what Close then says.
	_ = s.conn.Close(ctx)
}
