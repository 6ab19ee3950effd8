package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Read runs one query in a READ ONLY transaction of its own, with a short
// lock_timeout, so that a table somebody holds blinds nothing else.
func (d *Database) Read(ctx context.Context, r healer.Read) ([]rules.Row, error) {
	limited(&r)
	if r.Role != "" {
		return d.readAs(ctx, r)
	}
	s, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	defer d.give(s)
	var rows []rules.Row
	err = s.transaction(ctx, "BEGIN READ ONLY", r, func(ctx context.Context) error {
		bound, err := r.Query.Bind(r.Values)
		if err != nil {
			return err
		}
		ask := s.query
		if r.Keep {
			ask = s.prepared
		}
		rows, err = ask(ctx, bound.SQL, bound.Args...)
		return err
	})
	return rows, err
}

// limited fills in the times that were left out.
func limited(r *healer.Read) {
	if r.Timeout == 0 {
		r.Timeout = readTimeout
	}
	if r.LockTimeout == 0 {
		r.LockTimeout = readLockTimeout
	}
}

// readAs reads in the owner's sandbox, rolled back.
func (d *Database) readAs(ctx context.Context, r healer.Read) ([]rules.Row, error) {
	sql, err := r.Query.Inline(r.Values)
	if err != nil {
		return nil, err
	}
	s, err := d.lodged(ctx, &d.reading, r.Role, d.healer, r.Application, 0)
	if err != nil {
		return nil, err
	}
	var rows []rules.Row
	err = s.transaction(ctx, "BEGIN READ WRITE", r, func(ctx context.Context) error {
		rows, err = s.sandboxRead(ctx, r.Role, sql)
		return err
	})
	if err != nil {
		s.close()
		return nil, err
	}
	d.lodge(ctx, &d.reading, r.Role, s)
	return rows, nil
}

// transaction reads something between BEGIN and ROLLBACK.
func (s *session) transaction(ctx context.Context, begin string, r healer.Read, do func(context.Context) error) error {
	if _, err := s.query(ctx, begin); err != nil {
		return err
	}
	err := s.limit(ctx, r.Timeout, r.LockTimeout, r.Application)
	if err == nil {
		err = s.db.yielding(ctx, s.conn.PID(), do)
	}
	// The server is told even when the caller has given up.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, rollback := s.query(end, "ROLLBACK"); rollback != nil {
		s.close()
		err = errors.Join(err, rollback)
	}
	return err
}

// limit sets a transaction's times and name; ROLLBACK takes them back.
func (s *session) limit(ctx context.Context, statement, lock time.Duration, application string) error {
	sql := `SELECT pg_catalog.set_config('statement_timeout', $1, true),
		pg_catalog.set_config('lock_timeout', $2, true), pg_catalog.set_config('application_name', $3, true)`
	if s.version >= 170000 {
		// Its clock runs already, and is only set anew from a standstill.
		sql += fmt.Sprintf(`, pg_catalog.set_config('transaction_timeout', '0', true),
			pg_catalog.set_config('transaction_timeout', '%d', true)`, (statement + time.Minute).Milliseconds())
	}
	_, err := s.query(ctx, sql, rules.Text(fmt.Sprint(statement.Milliseconds())), rules.Text(fmt.Sprint(lock.Milliseconds())),
		rules.Text(applicationName(application)))
	return err
}
