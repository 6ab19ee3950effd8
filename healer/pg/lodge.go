package pg

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A new session costs the server far more than a short statement in it: a
// process, and a catalog that it has not read yet. So a session is kept for a
// moment after its use, for the same use alone: an owner's reads one after the
// other, the steps of one attempt, the watching of those. Where an owner's code
// ran in it, it is made as good as new first: DISCARD ALL takes what that code
// may have left beyond the transaction, such as a lock, a prepared statement or
// a setting (documentation, DISCARD).

// lodge keeps one session. The zero value is ready.
type lodge struct {
	mu    sync.Mutex
	guest *guest
}

// guest is a session that is kept.
type guest struct {
	use string // whose session it was, and for what
	*session
	leave *time.Timer
}

// guestTime is how long it is kept.
const guestTime = 5 * time.Second

// lodged returns the session that is kept for a use, or a new one.
func (d *Database) lodged(ctx context.Context, l *lodge, use string, login *pgconn.Config, application string, deadline time.Duration) (*session, error) {
	if g := l.swap(nil); g != nil {
		if g.use == use && g.settle(ctx, deadline) == nil {
			return g.session, nil
		}
		g.close()
	}
	return d.connect(ctx, login, applicationName(application), deadline)
}

// lodge keeps a session for its next use.
func (d *Database) lodge(ctx context.Context, l *lodge, use string, s *session) {
	if !s.lasts() {
		s.close()
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := s.query(ctx, "DISCARD ALL"); err != nil {
		s.close()
		return
	}
	s.kept, s.notices = nil, nil
	l.keep(use, s)
}

// lasts reports whether a session may be kept between two uses.
func (s *session) lasts() bool {
	return !s.db.cfg.Brief && !s.conn.IsClosed() && s.conn.TxStatus() == 'I'
}

// keep keeps a session as it is.
func (l *lodge) keep(use string, s *session) {
	if old := l.swap(&guest{use: use, session: s}); old != nil {
		old.close()
	}
}

// swap takes a guest in, or none, and returns the one before.
func (l *lodge) swap(g *guest) (old *guest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g != nil {
		g.leave = time.AfterFunc(guestTime, func() { l.dismiss(g) })
	}
	if old, l.guest = l.guest, g; old != nil {
		old.leave.Stop()
	}
	return old
}

// dismiss ends a guest's session, if it is still the one that is kept.
func (l *lodge) dismiss(g *guest) {
	l.mu.Lock()
	here := l.guest == g
	if here {
		l.guest = nil
	}
	l.mu.Unlock()
	if here {
		g.close()
	}
}

// close ends the session that is kept.
func (l *lodge) close() {
	if g := l.swap(nil); g != nil {
		g.close()
	}
}
