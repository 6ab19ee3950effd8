package pg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// leadClass is the class of the healer's lock, as the code has it.
const leadClass = 1885826404

// leader is a healer with logins of its own and a clock that a test turns.
type leader struct {
	*pg.Database
	now time.Time
}

func (x *site) leader(t *testing.T, database, observer, healr string) *leader {
	t.Helper()
	l := &leader{now: time.Now()}
	var err error
	l.Database, err = pg.Open(t.Context(), pg.Config{
		Observer: x.ConnString(database, observer), Healer: x.ConnString(database, healr), Clock: func() time.Time { return l.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// takes makes it lead, and gives that up at the test's end. A session that was
// closed is there for a moment longer.
func (l *leader) takes(t *testing.T) (release func()) {
	t.Helper()
	release, err := l.Lead(t.Context())
	for deadline := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		release, err = l.Lead(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	if err := l.Leading(t.Context()); err != nil {
		t.Fatal(err)
	}
	return release
}

// refused says that it does not lead, and because of whom.
func (l *leader) refused(t *testing.T, because string) {
	t.Helper()
	release, err := l.Lead(t.Context())
	if err == nil {
		release()
	}
	var refusal *healer.Refusal
	if !errors.As(err, &refusal) || refusal.Guard != pg.GuardOneHealer || !strings.Contains(refusal.Reason, because) {
		t.Errorf("it is not refused because of %s: %v", because, err)
	}
	if l.Leading(t.Context()) == nil {
		t.Error("it leads")
	}
}

// holds takes the healer's lock as somebody, by such a name.
func (x *site) holds(t *testing.T, role, application, lock string) *pgconn.PgConn {
	t.Helper()
	c := x.Conn(t, x.name, role)
	for _, sql := range []string{"SET application_name = '" + application + "'", "SELECT pg_advisory_lock(" + lock + ")"} {
		if _, err := c.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Any user can take any advisory lock, also the healer's, and give his session
// any name: that delays for an hour a day, and is said. Who gives himself no
// such name, or takes another lock, delays nobody.
// hazard: 10
func TestAHostileHolderOfTheLockStopsNobodyForGood(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int)")
		two, one := fmt.Sprintf("%d, 7", leadClass), fmt.Sprint(int64(leadClass)<<32|7)
		for who, role := range map[string]string{"a stranger": x.Role(t, ""), "an owner": x.owner} {
			for _, c := range []struct{ application, lock string }{{"psql", two}, {"psql", one}, {"pgmend/lead", one}} {
				hostile := x.holds(t, role, c.application, c.lock)
				l := x.leader(t, x.name, x.observer, x.healr)
				l.takes(t)()
				if l.Beside() != "" {
					t.Errorf("%s is taken for a healer: %s", who, l.Beside())
				}
				_ = hostile.Close(t.Context())
			}
			hostile := x.holds(t, role, "pgmend/lead", two)
			l := x.leader(t, x.name, x.observer, x.healr)
			pid := fmt.Sprintf("session %d of %s ", hostile.PID(), role)
			l.refused(t, pid)
			l.now = l.now.Add(59 * time.Minute)
			l.refused(t, pid)
			l.now = l.now.Add(2 * time.Minute)
			release := l.takes(t)
			if !strings.Contains(l.Beside(), pid) {
				t.Errorf("it leads beside %s and says %q", who, l.Beside())
			}
			release()
			l.takes(t)() // not an hour more on the same day
			l.now = l.now.Add(25 * time.Hour)
			l.refused(t, pid)
			_ = hostile.Close(t.Context())
			l.takes(t)()
			if l.Beside() != "" {
				t.Errorf("nobody is there any more, and it says %q", l.Beside())
			}
		}
	})
}

// Healers as setup sql makes them, with other logins each and in other
// databases, never lead at the same time, however long one waits; nor does one
// that a stranger's lock would hide another from.
// hazard: 10
func TestTwoHealersNeverLeadTogether(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int)")
		elsewhere := s.Database(t)
		observer, healr := x.owner+"_observer2", x.owner+"_healer2"
		grants, err := pg.SetupSQL(pg.SetupRequest{
			Version: s.Major * 10000, Observer: observer, Healer: healr, Owners: []string{x.owner}, Databases: []string{elsewhere},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Exec(t, "postgres", "postgres", grants)
		first, second := x.leader(t, x.name, x.observer, x.healr), x.leader(t, elsewhere, observer, healr)
		release := first.takes(t)
		for range 3 {
			second.refused(t, " of "+x.healr+" ")
			second.now = second.now.Add(25 * time.Hour)
		}
		release()
		release = second.takes(t)
		first.refused(t, " of "+healr+" ")
		release()
		// Both wait for a stranger: one of them waits for the other, too.
		hostile := x.holds(t, x.Role(t, ""), "pgmend/lead", fmt.Sprintf("%d, 7", leadClass))
		stranger := fmt.Sprintf("session %d of ", hostile.PID())
		first.refused(t, stranger)
		second.refused(t, " of "+x.healr+" ")
		first.now, second.now = first.now.Add(2*time.Hour), second.now.Add(2*time.Hour)
		second.refused(t, " of "+x.healr+" ")
		first.takes(t)
	})
}

// Who repairs with no more than an owner's login, so that nobody can tell him
// from a stranger, gives way to a healer with its rights, and to any other that
// came before.
// hazard: 10
func TestAnOwnersOwnHealerGivesWay(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int)")
	other := x.Role(t, "")
	x.Exec(t, x.name, "postgres", "CREATE SCHEMA other AUTHORIZATION "+other)
	own, others := x.leader(t, x.name, x.owner, x.owner), x.leader(t, x.name, other, other)
	own.takes(t)
	for range 3 {
		others.refused(t, " of "+x.owner+" ")
		others.now = others.now.Add(2 * time.Hour)
	}
	if err := own.Leading(context.Background()); err != nil {
		t.Errorf("another one that cannot prove more has stopped it: %v", err)
	}
	trusted := x.leader(t, x.name, x.observer, x.healr)
	trusted.refused(t, " of "+x.owner+" ")
	if err := own.Leading(t.Context()); err == nil || !strings.Contains(err.Error(), x.healr) {
		t.Errorf("it goes on beside one with a healer's rights: %v", err)
	}
	own.now = own.now.Add(2 * time.Hour)
	own.refused(t, " of "+x.healr+" ")
	trusted.takes(t)
	own.refused(t, " of "+x.healr+" ")
}
