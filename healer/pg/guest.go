package pg

import (
	"context"
	"time"
)

// The session that a read in an owner's sandbox had is kept for a moment: rules
// read table after table, and a new session costs the server far more than such
// a read. It is kept for the same owner alone, and as good as new: DISCARD ALL
// takes from it what the owner's code may have left beyond the transaction,
// such as a lock, a prepared statement or a setting (documentation, DISCARD).

// guest is a session that is kept for an owner.
type guest struct {
	owner string
	*session
	leave *time.Timer
}

// guestTime is how long it is kept.
const guestTime = 5 * time.Second

// host returns the session that is kept for an owner, or a new one.
func (d *Database) host(ctx context.Context, owner, application string) (*session, error) {
	if g := d.welcome(nil); g != nil {
		if g.owner == owner && g.settle(ctx, 0) == nil {
			return g.session, nil
		}
		g.close()
	}
	return d.connect(ctx, d.healer, applicationName(application), 0)
}

// keep keeps a session for its owner's next read.
func (d *Database) keep(ctx context.Context, owner string, s *session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if d.cfg.Brief || s.conn.IsClosed() || s.conn.TxStatus() != 'I' {
		s.close()
		return
	}
	if _, err := s.query(ctx, "DISCARD ALL"); err != nil {
		s.close()
		return
	}
	s.kept = nil
	g := &guest{owner: owner, session: s}
	if old := d.welcome(g); old != nil {
		old.close()
	}
}

// welcome takes a guest in, or none, and returns the one before.
func (d *Database) welcome(g *guest) (old *guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g != nil {
		g.leave = time.AfterFunc(guestTime, func() { d.dismiss(g) })
	}
	if old, d.guest = d.guest, g; old != nil {
		old.leave.Stop()
	}
	return old
}

// dismiss ends a guest's session, if it is still the one that is kept.
func (d *Database) dismiss(g *guest) {
	d.mu.Lock()
	here := d.guest == g
	if here {
		d.guest = nil
	}
	d.mu.Unlock()
	if here {
		g.close()
	}
}
