package pg

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/pgmend/pgmend/healer"
)

// Running returns the applications of sessions on this server that an
// earlier process of ours left at work.
func (d *Database) Running(ctx context.Context) ([]string, error) {
	s, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	defer d.give(s)
	rows, err := s.query(ctx, `SELECT a.application_name AS application, a.pid
		  FROM pg_catalog.pg_stat_activity AS a
		 WHERE a.application_name LIKE 'pgmend/%' AND a.state <> 'idle'`)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, row := range rows {
		pid, err := strconv.ParseUint(row.Text("pid"), 10, 32)
		if err == nil && !d.pids[uint32(pid)] {
			out = append(out, row.Text("application"))
		}
	}
	return out, nil
}

// leadKey is the advisory lock's key: "pgmend" in ASCII.
const leadKey = "123636229730916"

// Lead makes this process the one healer of the cluster, until release is
// called or the session ends. A lock that a session of another program holds
// is told apart, because any user can take an advisory lock.
func (d *Database) Lead(ctx context.Context) (release func(), err error) {
	s, err := d.connect(ctx, d.healer, "pgmend/lead", 0)
	if err != nil {
		return nil, err
	}
	rows, err := s.query(ctx, "SELECT pg_catalog.pg_try_advisory_lock("+leadKey+")")
	if err == nil && rows[0][0].Text != "t" {
		err = s.holder(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s.close, nil
}

// holder says who holds the lock.
func (s *session) holder(ctx context.Context) error {
	rows, err := s.query(ctx, `SELECT a.pid, a.usename AS "user", a.application_name AS application
		  FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
		 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
		   AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8) = `+leadKey)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return errors.New("the healer's lock was held a moment ago; try again")
	}
	r := rows[0]
	return &healer.Refusal{Guard: "one healer", Reason: "session " + r.Text("pid") + " of " + r.Text("user") +
		" (" + r.Text("application") + ") holds the healer's lock of this cluster"}
}

// Databases lists the databases that take connections, but for templates.
func (d *Database) Databases(ctx context.Context) ([]string, error) {
	s, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	defer d.give(s)
	rows, err := s.query(ctx, `SELECT d.datname FROM pg_catalog.pg_database AS d WHERE d.datallowconn AND NOT d.datistemplate`)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, row := range rows {
		out = append(out, row[0].Text)
	}
	slices.Sort(out)
	return out, nil
}
