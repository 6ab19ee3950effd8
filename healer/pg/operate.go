package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// The defaults of an operation.
const (
	defaultDeadline = time.Hour
	maxLockTimeout  = 500 * time.Millisecond
	defaultBudget   = time.Second
)

// operation is a session that repairs, and the one that watches it.
type operation struct {
	*session
	op    healer.Operation
	watch *watchdog
	steps int // of a transaction: names the sandbox functions apart
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
	s, err := d.connect(ctx, d.healer, applicationName(op.Application), op.Deadline)
	if err != nil {
		return nil, err
	}
	o := &operation{session: s, op: op}
	if o.watch, err = d.newWatchdog(ctx, s.conn.PID(), op.LockBudget); err != nil {
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

// Close commits or rolls back a transaction and ends both sessions.
func (o *operation) Close(ctx context.Context, commit bool) error {
	defer o.session.close()
	defer o.watch.close()
	if o.op.Mode != rules.Transaction || o.conn.IsClosed() {
		return nil
	}
	if !commit {
		_, err := o.query(ctx, "ROLLBACK")
		return err
	}
	if err := o.nothingDeferred(ctx); err != nil {
		_, rollback := o.query(ctx, "ROLLBACK")
		return errors.Join(err, rollback)
	}
	_, tag, err := o.exec(ctx, "COMMIT")
	if err == nil && tag != "COMMIT" {
		err = fmt.Errorf("the server rolled back instead of committing: %s", tag)
	}
	return err
}

// Read runs a query under the locks the operation holds.
func (o *operation) Read(ctx context.Context, r healer.Read) ([]rules.Row, error) {
	if o.op.Mode != rules.Transaction {
		return nil, errors.New("only a transaction holds locks to read under")
	}
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
	fields, err := o.describe(ctx, r.Role, sql)
	if err != nil {
		return nil, err
	}
	return o.sandbox(ctx, r.Role, readBody, wrap(fields, sql), fields)
}

// Exec runs one statement, watched.
func (o *operation) Exec(ctx context.Context, st healer.Statement) (healer.Outcome, error) {
	out := healer.Outcome{Started: time.Now().UTC()}
	o.notices = nil
	before := o.wal(ctx)
	stop := o.watch.start(ctx, st.Class)
	var err error
	if o.op.Mode == rules.Transaction {
		out.Tag, err = o.execInTransaction(ctx, st)
	} else {
		out.Rows, out.Tag, err = o.execInSession(ctx, st)
	}
	seen := stop()
	out.Elapsed = time.Since(out.Started)
	out.Notices, out.Locks, out.Delayed = o.notices, seen.locks(), len(seen.delayed)
	if err == nil {
		if after := o.wal(ctx); before > 0 && after > before {
			out.WALBytes = after - before
		}
	}
	if seen.yield != "" && err != nil {
		return out, &healer.Yield{Reason: seen.yield}
	}
	return out, err
}

// execInSession runs a statement by itself, as CONCURRENTLY and VACUUM need.
// The server sandboxes these commands itself: they switch to the table's
// owner and lock down what its functions may do (documentation, release notes
// of 14.3, CVE-2022-1552).
func (o *operation) execInSession(ctx context.Context, st healer.Statement) ([]rules.Row, string, error) {
	// lock_timeout kills a concurrent statement in its wait phases: an
	// invalid index is left, and a good one that is dropped becomes invalid.
	// The watchdog stands in for it.
	timeout := "0"
	if !concurrent(st.Class) {
		timeout = ms(o.op.LockTimeout)
	}
	if _, err := o.query(ctx, "SELECT pg_catalog.set_config('lock_timeout', $1, false)", rules.Text(timeout)); err != nil {
		return nil, "", err
	}
	if concurrent(st.Class) {
		if err := o.horizon(ctx); err != nil {
			return nil, "", err
		}
	}
	if st.Role != "" {
		name, err := identifier(st.Role)
		if err != nil {
			return nil, "", err
		}
		if _, err := o.query(ctx, "SET ROLE "+name); err != nil {
			return nil, "", membership(err, st.Role)
		}
	}
	rows, tag, err := o.exec(ctx, st.SQL)
	if st.Role != "" && !o.conn.IsClosed() {
		_, reset := o.query(context.WithoutCancel(ctx), "RESET ROLE")
		err = errors.Join(err, reset)
	}
	return rows, tag, err
}

// concurrent reports whether statements of a class wait for other
// transactions in phases of their own.
func concurrent(class string) bool {
	switch class {
	case "create_index", "drop_index", "reindex_index", "reindex_table":
		return true
	}
	return false
}

// oldest is how old another transaction may be before a concurrent statement
// is not begun: it would wait for its end.
const oldest = time.Minute

// horizon refuses to begin a concurrent statement behind an old transaction
// or a prepared one.
func (o *operation) horizon(ctx context.Context) error {
	rows, err := o.db.catalog(ctx, horizonSQL, rules.Text(oldest.String()))
	if err != nil || len(rows) == 0 {
		return err
	}
	return &healer.Yield{Reason: rows[0][0].Text + ", and a concurrent statement would wait for it"}
}

// execInTransaction runs a statement in the owner's sandbox.
func (o *operation) execInTransaction(ctx context.Context, st healer.Statement) (string, error) {
	if st.Role == "" {
		_, tag, err := o.exec(ctx, st.SQL)
		return tag, err
	}
	_, err := o.sandbox(ctx, st.Role, actBody, st.SQL, nil)
	return st.Class, err
}

// sandbox makes a function, calls it and drops it, and then puts the
// session's settings back, which the owner's code may have changed.
func (o *operation) sandbox(ctx context.Context, role, body, sql string, fields []rules.Column) ([]rules.Row, error) {
	o.steps++
	name := fmt.Sprintf("pgmend_step_%d", o.steps)
	if err := o.function(ctx, role, name, body); err != nil {
		return nil, err
	}
	rows, err := o.call(ctx, name, sql, fields)
	if err != nil {
		return nil, err
	}
	if err := o.settle(ctx, o.op.Deadline); err != nil {
		return nil, err
	}
	if err := o.limit(ctx, o.op.Deadline, o.op.LockTimeout, o.op.Application); err != nil {
		return nil, err
	}
	return rows, o.as(ctx, role, func() error {
		_, err := o.query(ctx, "DROP FUNCTION pg_temp."+name+"(pg_catalog.text)")
		return err
	})
}

// nothingDeferred refuses to COMMIT where code of an owner could run in it,
// outside of the sandbox: a trigger that such code deferred again, a cursor
// WITH HOLD, something in pg_temp.
func (o *operation) nothingDeferred(ctx context.Context) error {
	rows, err := o.query(ctx, deferredSQL)
	if err != nil || len(rows) == 0 {
		return err
	}
	return &healer.Refusal{Guard: "sandbox", Reason: rows[0][0].Text + " would run its owner's code at COMMIT with the healer's rights; run the statement as the owner"}
}

// wal is the server's WAL position in bytes, 0 where it may not be asked.
func (o *operation) wal(ctx context.Context) int64 {
	if o.conn.TxStatus() == 'E' || o.conn.IsClosed() {
		return 0
	}
	return o.watch.wal(ctx)
}
