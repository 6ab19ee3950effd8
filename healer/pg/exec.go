package pg

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Exec runs one statement, watched.
func (o *operation) Exec(ctx context.Context, st healer.Statement) (healer.Outcome, error) {
	if err := o.wake(); err != nil {
		return healer.Outcome{}, err
	}
	if err := o.here(ctx); err != nil {
		return healer.Outcome{}, err
	}
	o.notices = nil
	// Last of all: the watchdog's session takes one question at a time.
	defer o.rest(ctx)
	before := o.wal(ctx)
	out := healer.Outcome{Started: time.Now().UTC()}
	var seen *sighting
	var err error
	if o.op.Mode == rules.Transaction {
		seen, err = o.watched(ctx, working, func(ctx context.Context) error {
			return o.execInTransaction(ctx, st, &out)
		})
	} else {
		out.Rows, out.Tag, seen, err = o.execInSession(ctx, st)
	}
	if o.op.Signals {
		err = o.maySignal(err)
		if err == nil && len(out.Rows) == 0 {
			err = o.maySee(ctx)
		}
	}
	out.Elapsed = time.Since(out.Started)
	out.Notices = o.notices
	if seen != nil {
		out.Locks, out.Delayed = seen.locks(), len(seen.delayed)
	}
	after := o.wal(ctx)
	if before > 0 && after > before {
		out.WALBytes = after - before
	}
	if err == nil && st.Class == "vacuum" {
		o.endure(ctx, after)
	}
	return out, err
}

// maySignal adds the GRANT without which no session of another may be signalled.
func (o *operation) maySignal(err error) error {
	var db *healer.DatabaseError
	if !errors.As(err, &db) || db.SQLState != "42501" {
		return err
	}
	if to, bad := identifier(o.db.signals.User); bad == nil {
		db.Hint = "GRANT pg_signal_backend TO " + to
	}
	return err
}

// maySee says which GRANT is missing where no session was found to be signalled
// because the state of others is not to be seen.
func (o *operation) maySee(ctx context.Context) error {
	rows, err := o.query(ctx, "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')")
	if err != nil || rows[0][0].Text == "t" {
		return err
	}
	to, err := identifier(o.db.signals.User)
	if err != nil {
		return err
	}
	return &healer.DatabaseError{SQLState: "42501", Message: "the state of others' sessions is not to be seen", Hint: "GRANT pg_read_all_stats TO " + to}
}

// watched runs something under the eyes of the watchdog. An error that the
// watchdog caused is a *healer.Yield.
func (o *operation) watched(ctx context.Context, how watching, do func(context.Context) error) (*sighting, error) {
	watched, stop := o.watch.start(ctx, how)
	err := do(watched)
	seen := stop()
	if err != nil && seen.yield != "" {
		return seen, &healer.Yield{Reason: seen.yield}
	}
	return seen, err
}

// rest has a transaction watched while nothing of it runs: what it holds, it
// holds also while its next statement is written to the ledger.
func (o *operation) rest(ctx context.Context) {
	if o.op.Mode == rules.Transaction && !o.conn.IsClosed() && o.conn.TxStatus() == 'T' {
		_, o.resting = o.watch.start(context.WithoutCancel(ctx), idling)
	}
}

// wake ends the watching of rest. A transaction that was ended meanwhile has
// yielded.
func (o *operation) wake() error {
	if o.resting == nil {
		return nil
	}
	seen := o.resting()
	o.resting = nil
	if seen.yield == "" {
		return nil
	}
	o.close()
	return &healer.Yield{Reason: seen.yield}
}

// sandboxed are the classes of statement that may run under SET ROLE. Either
// the server sandboxes them itself, by switching to the table's owner and
// locking down what its functions may do (documentation, release notes of
// 14.3, CVE-2022-1552), or they run no code of an owner at all.
var sandboxed = []string{
	"alter_collation", "alter_database", "alter_index", "alter_sequence", "alter_statistics", "analyze", "comment", "create_index", "create_index_only",
	"create_statistics", "drop_index",
	"refresh_materialized_view", "reindex_index", "reindex_table", "rollback_prepared", "vacuum",
}

// maintaining are the classes for which pg_maintain is as good as to be the owner
// (documentation, Privileges, MAINTAIN).
var maintaining = []string{"analyze", "refresh_materialized_view", "reindex_index", "reindex_table", "vacuum"}

// maintains reports whether a statement may run as the healer itself, who may not
// become the owner. The server runs what the owner wrote as that owner all the
// same.
func (o *operation) maintains(ctx context.Context, class string, refused error) bool {
	var db *healer.DatabaseError
	if o.version < 170000 || !slices.Contains(maintaining, class) || !errors.As(refused, &db) || db.SQLState != "42501" {
		return false
	}
	rows, err := o.query(ctx, "SELECT pg_catalog.pg_has_role('pg_maintain', 'USAGE')")
	return err == nil && rows[0][0].Text == "t"
}

// execInSession runs a statement by itself, as CONCURRENTLY and VACUUM need.
func (o *operation) execInSession(ctx context.Context, st healer.Statement) (rows []rules.Row, tag string, seen *sighting, err error) {
	if st.Role != "" && st.Alone {
		return o.execAlone(ctx, st)
	}
	if st.Role != "" && !slices.Contains(sandboxed, st.Class) {
		return nil, "", nil, &healer.Refusal{Guard: "sandbox", Reason: strings.ReplaceAll(st.Class, "_", " ") +
			" can run its owner's code with the healer's rights; its repair needs the mode transaction"}
	}
	if err = o.prepare(ctx, st); err != nil {
		return nil, "", nil, err
	}
	if st.Role != "" {
		if err = o.become(ctx, "SET ROLE", st.Role); err != nil && !o.maintains(ctx, st.Class, err) {
			return nil, "", nil, err
		}
	}
	// Only the statement is watched: a cancel must not hit what follows it.
	how := working
	if concurrent(st.Class) {
		how = concurrently
	}
	seen, err = o.watched(ctx, how, func(ctx context.Context) error {
		var err error
		rows, tag, err = o.exec(ctx, st.SQL)
		return err
	})
	if st.Role != "" && !o.conn.IsClosed() {
		if _, reset := o.query(context.WithoutCancel(ctx), "RESET ROLE"); reset != nil {
			o.close() // what the statement did stands; nothing more runs here
		}
	}
	return rows, tag, seen, err
}

// execAlone runs one statement of a session in a transaction of its own, in the
// owner's sandbox.
func (o *operation) execAlone(ctx context.Context, st healer.Statement) (rows []rules.Row, tag string, seen *sighting, err error) {
	if _, err = o.query(ctx, "BEGIN READ WRITE"); err != nil {
		return nil, "", nil, err
	}
	seen, err = o.watched(ctx, working, func(ctx context.Context) error {
		err := o.limit(ctx, o.op.Deadline, o.op.LockTimeout, o.op.Application)
		if err == nil {
			var out healer.Outcome
			err = o.execInTransaction(ctx, st, &out)
			rows, tag = out.Rows, out.Tag
		}
		if err == nil {
			err = o.nothingDeferred(ctx)
		}
		return err
	})
	if o.conn.IsClosed() {
		return rows, tag, seen, err
	}
	if err != nil {
		return rows, tag, seen, errors.Join(err, o.rollback(ctx))
	}
	_, done, err := o.exec(ctx, "COMMIT")
	if err == nil && done != "COMMIT" {
		err = fmt.Errorf("the server rolled back instead of committing: %s", done)
	}
	return rows, tag, seen, err
}

// prepare sets what one statement of a session needs.
func (o *operation) prepare(ctx context.Context, st healer.Statement) error {
	// lock_timeout kills a concurrent statement in its wait phases: an
	// invalid index is left, and a good one that is dropped becomes invalid.
	// The watchdog stands in for it.
	timeout := "0"
	if !concurrent(st.Class) {
		timeout = ms(o.op.LockTimeout)
	}
	if _, err := o.query(ctx, "SELECT pg_catalog.set_config('lock_timeout', $1, false)", rules.Text(timeout)); err != nil {
		return err
	}
	if err := o.allowViews(ctx, st.Role != "", false); err != nil {
		return err
	}
	if concurrent(st.Class) {
		return o.horizon(ctx)
	}
	return nil
}

// allowViews lets an owner's own code read the owner's views and foreign
// tables: a materialized view stands on them, and in the sandbox there are no
// rights to borrow.
func (o *operation) allowViews(ctx context.Context, allow, local bool) error {
	if !o.restricts {
		return nil
	}
	kinds := noViews
	if allow {
		kinds = ""
	}
	_, err := o.query(ctx, fmt.Sprintf("SELECT pg_catalog.set_config('%s', '%s', %t)", restrictKinds, kinds, local))
	return err
}

// concurrent reports whether statements of a class wait for other
// transactions in phases of their own. Their other forms are not permitted to
// any rule.
func concurrent(class string) bool {
	switch class {
	case "create_index", "drop_index", "reindex_index", "reindex_table":
		return true
	}
	return false
}

// horizon refuses to begin a concurrent statement behind an old transaction
// or a prepared one.
func (o *operation) horizon(ctx context.Context) error {
	rows, err := o.db.catalog(ctx, horizonSQL, rules.Text(ms(o.op.Oldest)))
	if err != nil || len(rows) == 0 {
		return err
	}
	return &healer.Yield{Reason: rows[0][0].Text + ", and a concurrent statement would wait for it"}
}

// execInTransaction runs a statement in the owner's sandbox.
func (o *operation) execInTransaction(ctx context.Context, st healer.Statement, out *healer.Outcome) (err error) {
	if st.Role == "" {
		out.Rows, out.Tag, err = o.exec(ctx, st.SQL)
		return err
	}
	out.Tag = tag(st.Class)
	if st.Class == "select" {
		out.Rows, err = o.rowsAs(ctx, st.Role, selectBody, st.SQL)
		return err
	}
	rows, err := o.sandbox(ctx, st.Role, actBody, st.SQL, changedFields)
	if err == nil && len(rows) == 1 {
		out.Changed, err = strconv.ParseInt(rows[0][0].Text, 10, 64)
	}
	return err
}

// changedFields is what actBody returns.
var changedFields = []rules.Column{{Name: "changed"}}

// tag is a command tag for a statement whose own was lost in the sandbox.
func tag(class string) string { return strings.ToUpper(strings.ReplaceAll(class, "_", " ")) }

// sandbox makes a function, calls it and drops it, and then puts the
// session's settings back, which the owner's code may have changed.
func (o *operation) sandbox(ctx context.Context, role, body, sql string, fields []rules.Column) ([]rules.Row, error) {
	function, err := o.function(ctx, role, body)
	if err != nil {
		return nil, err
	}
	if err := o.allowViews(ctx, body != readBody, true); err != nil {
		return nil, err
	}
	rows, err := o.call(ctx, function, sql, fields)
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
		_, err := o.query(ctx, "DROP FUNCTION pg_temp."+function+"(pg_catalog.text)")
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
