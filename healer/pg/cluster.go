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

// leadApplication is the name of the session that holds it.
const leadApplication = "pgmend/lead"

// claimTime is how long, within claimSpan, a session that only calls itself a
// healer keeps this process from leading.
const (
	claimTime = time.Hour
	claimSpan = 24 * time.Hour
)

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
	s := d.asks
	d.asks = nil
	if s != nil {
		if held, err := s.holdsLead(ctx); err != nil || !held {
			s.close()
			s = nil
		}
	}
	if s == nil {
		if s, err = d.stand(ctx); err != nil {
			return nil, err
		}
	}
	stays, err := d.rival(ctx, s.conn.PID())
	switch {
	case err == nil:
		d.lead = s
		return d.follow, nil
	case stays:
		d.asks = s
	default:
		s.close()
	}
	return nil, err
}

// stand opens a session that holds a lock of the class.
func (d *Database) stand(ctx context.Context) (*session, error) {
	s, err := d.connect(ctx, d.healer, leadApplication, 0)
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
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// rivalSQL asks who else holds such a lock. The observer asks, who sees the
// names of others' sessions; a bigint key is told apart by objsubid
// (documentation, pg_locks).
var rivalSQL = `SELECT a.pid, r.rolname AS "user", a.application_name AS application, t.trusted,
       t.trusted OR r.rolname IN ($2, $3, $4) AS proved,
       (SELECT ` + trusted("s") + ` FROM pg_catalog.pg_roles AS s WHERE s.rolname = $3) AS self
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
  JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
 CROSS JOIN LATERAL (SELECT ` + trusted("r") + ` AS trusted) AS t
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = ` + leadClass + `
   AND a.pid <> $1::pg_catalog.int4
 ORDER BY proved DESC, a.pid`

// trusted says whether a role was given what a healer needs and nobody gives
// himself: to become another role that owns something, or to maintain all.
// pg_shdepend knows the owners of the whole cluster. It is asked of who holds
// the lock alone: a cluster may have many thousands of roles.
func trusted(role string) string {
	return role + `.rolsuper OR EXISTS (
	SELECT FROM pg_catalog.pg_roles AS o
	 WHERE o.oid <> ` + role + `.oid AND pg_catalog.pg_has_role(` + role + `.oid, o.oid, 'MEMBER')
	   AND (o.rolname = 'pg_maintain' OR EXISTS (
	          SELECT FROM pg_catalog.pg_shdepend AS d
	           WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.refobjid = o.oid AND d.deptype = 'o')))`
}

func (d *Database) rivals(ctx context.Context, self uint32) ([]rules.Row, error) {
	return d.catalog(ctx, rivalSQL, oid(self), name(d.observer.User), name(d.healer.User), name(d.signals.User))
}

// rival refuses to lead beside another healer: a session of our own roles, or
// of one that is trusted, for as long as it lasts. Any other session that calls
// itself a healer may be one that repairs its own tables, or anybody who wants
// nothing to be repaired. Who is trusted himself waits for it for a while, and
// stays with his lock in sight, for which a healer gives way (see Leading); who
// is not cannot tell himself from it, and waits until it is gone.
func (d *Database) rival(ctx context.Context, self uint32) (stays bool, err error) {
	rows, err := d.rivals(ctx, self)
	if err != nil {
		return false, err
	}
	d.beside = ""
	for _, r := range rows {
		proved := r.Text("proved") == "t"
		if !proved && r.Text("application") != leadApplication {
			continue
		}
		who := holder(r)
		if proved || r.Text("self") != "t" {
			return false, &healer.Refusal{Guard: GuardOneHealer, Reason: who}
		}
		now := d.now()
		if d.claimed.IsZero() || d.claimed.After(now) || now.Sub(d.claimed) > claimSpan {
			d.claimed = now
		}
		if now.Before(d.claimed.Add(claimTime)) {
			return true, &healer.Refusal{Guard: GuardOneHealer, Reason: who + ", and has not the rights of a healer; " +
				"a daemon waits for such a session for an hour a day, and pg_terminate_backend(" + r.Text("pid") + ") ends it"}
		}
		d.beside = who + ", and has not the rights of a healer"
	}
	return false, nil
}

func holder(r rules.Row) string {
	return "session " + r.Text("pid") + " of " + r.Text("user") + " (" + r.Text("application") + ") holds the healer's lock of this cluster"
}

// Beside says which session that calls itself a healer was not believed when
// the lead was taken: somebody has to look at it.
func (d *Database) Beside() string {
	d.leading.Lock()
	defer d.leading.Unlock()
	return d.beside
}

func (d *Database) now() time.Time {
	if d.cfg.Clock != nil {
		return d.cfg.Clock()
	}
	return time.Now()
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
// because a restart of the server, or a person, can end that session; and who
// is not trusted gives way to a healer that is and came later.
func (d *Database) Leading(ctx context.Context) error {
	d.leading.Lock()
	defer d.leading.Unlock()
	lost := &healer.Refusal{Guard: GuardOneHealer, Reason: "this process does not hold the healer's lock of this cluster"}
	if d.lead == nil {
		return lost
	}
	held, err := d.lead.holdsLead(ctx)
	if err == nil && held {
		var rows []rules.Row
		rows, err = d.rivals(ctx, d.lead.conn.PID())
		i := slices.IndexFunc(rows, func(r rules.Row) bool { return r.Text("self") != "t" && r.Text("trusted") == "t" })
		if err == nil && i < 0 {
			return nil
		}
		if err == nil {
			lost.Reason = holder(rows[i])
		}
	}
	if ctx.Err() != nil {
		return err
	}
	d.lead.close()
	d.lead = nil
	return errors.Join(lost, err)
}

// holdsLead asks whether the session has its lock.
func (s *session) holdsLead(ctx context.Context) (bool, error) {
	rows, err := s.query(ctx, `SELECT FROM pg_catalog.pg_locks AS l WHERE l.pid = pg_catalog.pg_backend_pid()
		AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = `+leadClass)
	return len(rows) == 1, err
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
