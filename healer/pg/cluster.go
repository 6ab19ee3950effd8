package pg

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Sessions are the server processes that work for this process, whatever
// database they are in. The zero value is ready.
type Sessions struct {
	mu   sync.Mutex
	pids map[uint32]bool
}

func (s *Sessions) add(pid uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pids == nil {
		s.pids = make(map[uint32]bool)
	}
	s.pids[pid] = true
}

func (s *Sessions) remove(pid uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pids, pid)
}

func (s *Sessions) has(pid uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pids[pid]
}

// Running returns the applications of sessions on this server that an
// earlier process of ours left at work. Only sessions of our own roles count:
// anybody can give himself such a name. One whose state may not be seen is
// taken to be at work.
func (d *Database) Running(ctx context.Context) ([]string, error) {
	rows, err := d.catalog(ctx, `SELECT a.application_name AS application, a.pid
		  FROM pg_catalog.pg_stat_activity AS a
		 WHERE a.application_name LIKE 'pgmend/%/%' AND a.state IS DISTINCT FROM 'idle' AND a.usename IN ($1, $2, $3)
		 ORDER BY 1`, name(d.observer.User), name(d.healer.User), name(d.signals.User))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, row := range rows {
		pid, err := parseOID(row.Text("pid"))
		if err != nil {
			return nil, err
		}
		if !d.sessions.has(pid) {
			out = append(out, row.Text("application"))
		}
	}
	return out, nil
}

// GuardOneHealer refuses a second healer of a cluster.
const GuardOneHealer = "one healer"

// leadKey is the advisory lock's key: "pgmend" in ASCII.
const leadKey = "123636229730916"

// Lead makes this process the one healer of the cluster, until release is
// called or the session ends. A lock that a session of another program holds
// is told apart, because any user can take an advisory lock. The key's lock
// is of one database, so this is asked of the control database.
func (d *Database) Lead(ctx context.Context) (release func(), err error) {
	d.leading.Lock()
	defer d.leading.Unlock()
	if d.lead != nil {
		return nil, errors.New("this process leads already")
	}
	s, err := d.connect(ctx, d.healer, "pgmend/lead", 0)
	if err != nil {
		return nil, err
	}
	if s.version >= 140000 {
		// It is idle for as long as the daemon runs.
		_, err = s.query(ctx, "SELECT pg_catalog.set_config('idle_session_timeout', '0', false)")
	}
	if err == nil {
		var rows []rules.Row
		rows, err = s.query(ctx, "SELECT pg_catalog.pg_try_advisory_lock("+leadKey+")")
		if err == nil && rows[0][0].Text != "t" {
			err = s.holder(ctx)
		}
	}
	if err != nil {
		s.close()
		return nil, err
	}
	d.lead = s
	return d.follow, nil
}

// follow gives the lead up.
func (d *Database) follow() {
	d.leading.Lock()
	defer d.leading.Unlock()
	if d.lead != nil {
		d.lead.close()
		d.lead = nil
	}
}

// Leading returns nil while this process is the one healer: the lock's session
// lives and holds the lock. It is asked again before anything is repaired,
// because a restart of the server, or a person, can end that session.
func (d *Database) Leading(ctx context.Context) error {
	d.leading.Lock()
	defer d.leading.Unlock()
	lost := &healer.Refusal{Guard: GuardOneHealer, Reason: "this process does not hold the healer's lock of this cluster"}
	if d.lead == nil {
		return lost
	}
	rows, err := d.lead.query(ctx, holderSQL)
	if err == nil && len(rows) == 1 && rows[0].Text("pid") == strconv.FormatUint(uint64(d.lead.conn.PID()), 10) {
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	d.lead.close()
	d.lead = nil
	return errors.Join(lost, err)
}

// holderSQL asks who holds the lock. A bigint key is shown in two halves
// (documentation, pg_locks).
const holderSQL = `SELECT a.pid, a.usename AS "user", a.application_name AS application
	  FROM pg_catalog.pg_locks AS l
	  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
	  JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
	 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
	   AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8) = ` + leadKey

// holder says who holds the lock.
func (s *session) holder(ctx context.Context) error {
	rows, err := s.query(ctx, holderSQL)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return &healer.Refusal{Guard: GuardOneHealer, Reason: "the healer's lock of this cluster was held a moment ago; try again"}
	}
	r := rows[0]
	return &healer.Refusal{Guard: GuardOneHealer, Reason: "session " + r.Text("pid") + " of " + r.Text("user") +
		" (" + r.Text("application") + ") holds the healer's lock of this cluster"}
}

// Databases lists the databases that take connections, but for templates.
func (d *Database) Databases(ctx context.Context) ([]string, error) {
	return d.names(ctx, `SELECT d.datname FROM pg_catalog.pg_database AS d WHERE d.datallowconn AND NOT d.datistemplate`)
}

// Owners lists the roles that own tables of users in the database, but for
// superusers, whose objects are never repaired on their behalf.
func (d *Database) Owners(ctx context.Context) ([]string, error) {
	return d.names(ctx, `SELECT DISTINCT r.rolname
		  FROM pg_catalog.pg_class AS c
		  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		  JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
		 WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND NOT r.rolsuper
		   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`)
}

func (d *Database) names(ctx context.Context, sql string) ([]string, error) {
	rows, err := d.catalog(ctx, sql)
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
