package pg

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

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

// leadClass is the first half of the advisory lock's key, "pgmd" in ASCII. The
// second is chosen by chance: any user can take any advisory lock, but not one
// that he cannot guess.
const leadClass = "1885826404"

// claimTime is how long a session that only calls itself a healer keeps this
// process from leading.
const claimTime = time.Hour

// Lead makes this process the one healer of the cluster, until release is
// called or the session ends. It takes a lock first and then looks who else has
// one of that class, in whatever database, so of two at least one sees the
// other.
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
	for locked := false; err == nil && !locked; {
		var rows []rules.Row
		rows, err = s.query(ctx, "SELECT pg_catalog.pg_try_advisory_lock("+leadClass+", "+strconv.Itoa(int(rand.Int32()))+")")
		locked = err == nil && rows[0][0].Text == "t"
	}
	if err == nil {
		err = d.rival(ctx, s.conn.PID())
	}
	if err != nil {
		s.close()
		return nil, err
	}
	d.lead = s
	return d.follow, nil
}

// rivalSQL asks who else holds such a lock. The observer asks, who sees the
// names of others' sessions; a bigint key is told apart by objsubid
// (documentation, pg_locks).
const rivalSQL = `SELECT a.pid, a.usename AS "user", a.application_name AS application,
	       a.usename IN ($2, $3, $4) OR r.rolsuper AS proved
	  FROM pg_catalog.pg_locks AS l
	  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
	  JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
	 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = ` + leadClass + `
	   AND a.pid <> $1::pg_catalog.int4
	 ORDER BY proved DESC, a.pid`

// rival refuses to lead beside another healer: a session of our own roles or of
// a superuser. Of others anybody may have opened the session; one that calls
// itself a healer is believed for a while.
func (d *Database) rival(ctx context.Context, self uint32) error {
	rows, err := d.catalog(ctx, rivalSQL, oid(self), name(d.observer.User), name(d.healer.User), name(d.signals.User))
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Text("proved") != "t" {
			if r.Text("application") != "pgmend/lead" {
				continue
			}
			if d.claimed.IsZero() {
				d.claimed = time.Now()
			}
			if time.Since(d.claimed) > claimTime {
				continue
			}
		}
		return &healer.Refusal{Guard: GuardOneHealer, Reason: "session " + r.Text("pid") + " of " + r.Text("user") +
			" (" + r.Text("application") + ") holds the healer's lock of this cluster"}
	}
	return nil
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
	rows, err := d.lead.query(ctx, `SELECT FROM pg_catalog.pg_locks AS l WHERE l.pid = pg_catalog.pg_backend_pid()
		AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = `+leadClass)
	if err == nil && len(rows) == 1 {
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	d.lead.close()
	d.lead = nil
	return errors.Join(lost, err)
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
