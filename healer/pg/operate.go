package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// The defaults of an operation.
const (
	defaultDeadline = time.Hour
	maxLockTimeout  = 500 * time.Millisecond
	defaultBudget   = time.Second
	defaultOldest   = time.Minute
)

// operation is a session that repairs, and the one that watches it.
type operation struct {
	*session
	use   string // of the session, for the lodge
	op    healer.Operation
	watch *watchdog
	// resting ends the watching between two statements; nil: there is none.
	resting func() *sighting
}

// Begin opens a session for an operation, and a second one that watches it.
func (d *Database) Begin(ctx context.Context, op healer.Operation) (healer.Session, error) {
	if op.Deadline <= 0 {
		op.Deadline = defaultDeadline
	}
	op.Deadline = op.Deadline.Truncate(time.Second) + time.Second
	if op.LockTimeout <= 0 || op.LockTimeout > maxLockTimeout {
		op.LockTimeout = maxLockTimeout
	}
	if op.LockBudget <= 0 {
		op.LockBudget = defaultBudget
	}
	if op.Oldest <= 0 {
		op.Oldest = defaultOldest
	}
	login := d.login(op)
	use := login.User + " " + login.Database + " " + op.Application
	s, err := d.lodged(ctx, &d.mending, use, login, op.Application, op.Deadline)
	if err != nil {
		return nil, err
	}
	o := &operation{session: s, use: use, op: op}
	if err = o.here(ctx); err == nil {
		o.watch, err = d.newWatchdog(ctx, login, s.conn.PID(), op)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	if op.Mode == rules.Transaction {
		if _, err = o.query(ctx, "BEGIN READ WRITE"); err == nil {
			err = o.limit(ctx, op.Deadline, op.LockTimeout, op.Application)
		}
		if err != nil {
			return nil, errors.Join(err, o.Close(ctx, false))
		}
	}
	return o, nil
}

// login says as whom an operation runs, and in which database.
func (d *Database) login(op healer.Operation) *pgconn.Config {
	c := d.healer
	if op.Signals {
		c = d.signals
	}
	if op.Database != "" && op.Database != c.Database {
		c = c.Copy()
		c.Database = op.Database
	}
	return c
}

// here makes sure that the session acts where the repair belongs. Its
// connection may lead elsewhere than the observer's, or do so since a failover.
func (o *operation) here(ctx context.Context) error {
	want := o.op.Server
	if want.SystemIdentifier == "" {
		return nil
	}
	now, err := o.identify(ctx)
	if err != nil {
		return err
	}
	if o.op.Database != "" && o.op.Database != want.Database {
		want.DatabaseOID = now.DatabaseOID // it was sent to another one
	}
	if why := want.Differs(now); why != "" {
		return &healer.Yield{Reason: why}
	}
	return nil
}

// Close commits or rolls back a transaction and ends both sessions. After what
// went well they are kept for the next step of the same attempt.
func (o *operation) Close(ctx context.Context, commit bool) (err error) {
	defer func() {
		if err != nil || !commit {
			o.close()
			o.watch.close()
			return
		}
		o.db.lodge(ctx, &o.db.mending, o.use, o.session)
		o.watch.rest()
	}()
	if err := o.wake(); err != nil {
		if commit {
			return err
		}
		return nil
	}
	if o.op.Mode != rules.Transaction {
		return nil
	}
	if o.conn.IsClosed() {
		if commit {
			return &healer.DatabaseError{Message: "the session was lost before its COMMIT"}
		}
		return nil
	}
	if !commit {
		return o.rollback(ctx)
	}
	if err := o.nothingDeferred(ctx); err != nil {
		return errors.Join(err, o.rollback(ctx))
	}
	_, tag, err := o.exec(ctx, "COMMIT")
	if err == nil && tag != "COMMIT" {
		err = fmt.Errorf("the server rolled back instead of committing: %s", tag)
	}
	return err
}

// rollback tells the server even when the caller has given up.
func (o *operation) rollback(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := o.query(ctx, "ROLLBACK")
	return err
}

// Read runs a query under the locks the operation holds, watched as well,
// because somebody may be waiting for those locks.
func (o *operation) Read(ctx context.Context, r healer.Read) (rows []rules.Row, err error) {
	if o.op.Mode != rules.Transaction {
		return nil, errors.New("only a transaction holds locks to read under")
	}
	if err := o.wake(); err != nil {
		return nil, err
	}
	defer o.rest(ctx)
	_, err = o.watched(ctx, working, func(ctx context.Context) error {
		rows, err = o.read(ctx, r)
		return err
	})
	return rows, err
}

func (o *operation) read(ctx context.Context, r healer.Read) ([]rules.Row, error) {
	if r.Role == "" {
		bound, err := r.Query.Bind(r.Values)
		if err != nil {
			return nil, err
		}
		return o.query(ctx, bound.SQL, bound.Args...)
	}
	sql, err := r.Query.Inline(r.Values)
	if err != nil {
		return nil, err
	}
	return o.rowsAs(ctx, r.Role, readBody, sql)
}

// rowsAs runs a query in the owner's sandbox and returns its rows.
func (o *operation) rowsAs(ctx context.Context, role, body, sql string) ([]rules.Row, error) {
	fields, err := o.describe(ctx, role, sql)
	if err != nil {
		return nil, err
	}
	return o.sandbox(ctx, role, body, wrap(fields, sql), fields)
}
