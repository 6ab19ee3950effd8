package healer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// pair is a primary and its standby, which change places.
type pair struct {
	*site
	standby *pgtest.Server
}

func newPair(t *testing.T, script string) *pair {
	t.Helper()
	// The primary begins to repair two tables, one after the other.
	two := rule(t, "test/two", tables+`   AND c.relname = 'one'
-- repair: session
ANALYZE {schema}.{name};
ANALYZE {schema}.two;

-- verify: within=1ms
SELECT 'never' WHERE false

-- undo: none, because it is a test`)
	x := newSite(t, nil, append(source{two}, builtin(t).Files()...), script)
	x.Player.Forget()
	b, err := disposable.Start(t.Context(), disposable.Options{Binaries: x.Binaries, Primary: x.Server.Server, Settings: map[string]string{"autovacuum": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	p := &pair{x, &pgtest.Server{Server: b}}
	p.follows(p.Server)
	return p
}

// follows waits until the standby of a primary has replayed all that there is.
func (p *pair) follows(primary *pgtest.Server) {
	p.t.Helper()
	on := &site{p.Stage, primary, p.t}
	on.until("SELECT count(*) = 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()")
}

// between heals by a rule of two steps, makes another server the primary behind
// the first, and makes sure that there was no second, and that it says why.
func (p *pair) between(h *healer.Healer, next *pgtest.Server, why string, do func()) {
	p.t.Helper()
	r, err := h.With(on(healer.StepFinished, do)).Heal(p.t.Context(), person("test/two"))
	if a := only(p.t, r, err); a.Verified || len(a.Steps) != 1 || !strings.Contains(a.Err, why) {
		p.t.Errorf("after %d steps it is %s: %s", len(a.Steps), a.State, a.Err)
	}
	if n := next.Ask(p.t, p.Name, "postgres", "SELECT count(*) FROM pg_stats WHERE tablename = 'two'"); n != "0" {
		p.t.Error("the second step ran")
	}
}

// failOver ends a primary, and has its standby be the primary.
func (p *pair) failOver(from, to *pgtest.Server) {
	p.t.Helper()
	p.follows(from)
	if err := from.Kill9(context.WithoutCancel(p.t.Context())); err != nil {
		p.t.Error(err)
	}
	to.Exec(p.t, "postgres", "postgres", "SELECT pg_promote(true, 60)")
}

// demote has a server that was the primary follow another.
func (p *pair) demote(s, primary *pgtest.Server) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.DataDir(), "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(f, "primary_conninfo = '%s'\n", strings.ReplaceAll(primary.ConnString("postgres", "postgres"), "'", "''"))
		err = errors.Join(err, f.Close(), os.WriteFile(filepath.Join(s.DataDir(), "standby.signal"), nil, 0o644), //nolint:gosec // the server's account reads it
			s.Restart(context.WithoutCancel(p.t.Context())))
	}
	if err != nil {
		p.t.Error(err)
	}
}

// reaching is the healer of the stage, which reaches whichever of two servers
// is there, the first one first.
func (p *pair) reaching(first, second *pgtest.Server) *healer.Healer {
	p.t.Helper()
	conn := func(role string) string {
		a, b := first.ConnString(p.Name, p.Name+role), second.ConnString(p.Name, p.Name+role)
		host := func(s string) string { return strings.Split(s, "'")[1] }
		return strings.Replace(strings.Replace(a, host(a), host(a)+","+host(b), 1), "port=5432", "port=5432,5432", 1)
	}
	d, err := pg.Open(p.t.Context(), pg.Config{Observer: conn("_observer"), Healer: conn("_healer"), Signaller: conn("_signaller")})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(d.Close)
	return with(p.Stage, func(c *healer.Config) { c.Reader, c.Snapshotter, c.Operator = d, d, d })
}

// A real standby that replays nothing holds up what writes much, and one that is
// there at all the drop of an index that only this server counts as unused.
// Then the two change places, twice, between the steps of a repair: it does not
// go on where it is a standby by now, nor on the other timeline.
// hazard: 23, 29, 33
func TestTwoServersThatChangePlaces(t *testing.T) {
	t.Parallel()
	p := newPair(t, duplicates+"CREATE TABLE app.one (id int); CREATE TABLE app.two AS SELECT 1 AS id;")
	a, b := p.Server, p.standby
	guard := func(h *healer.Healer, rule, want string, sets ...string) {
		t.Helper()
		o := person(rule)
		o.Yes, o.Ceiling, o.Sets = true, rules.High, append(o.Sets, sets...)
		r, err := h.Plan(t.Context(), o)
		if err != nil || len(r.Plans) == 0 || r.Plans[0].Decision.Guard != want {
			t.Errorf("%s: want the guard %q: %+v, %v", rule, want, decisions(r), err)
		}
	}
	guard(p.Healer, "index/unused", "no standby may use it", "index/unused.min_age=0s")
	guard(p.Healer, "index/unused", "", "index/unused.min_age=0s", "index/unused.standbys_looked_at=true")

	p.super("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.first'::regclass")
	heavy := with(p.Stage, func(c *healer.Config) { c.Policy.Limits = healer.Limits{ReplicaLag: 1 << 20} })
	b.Exec(t, "postgres", "postgres", "SELECT pg_wal_replay_pause()")
	p.super("CREATE TABLE app.wal AS SELECT repeat('x', 1000) FROM generate_series(1, 3000); DROP TABLE app.wal")
	guard(heavy, "index/invalid", healer.GuardReplicas)
	b.Exec(t, "postgres", "postgres", "SELECT pg_wal_replay_resume()")
	p.follows(a)
	guard(heavy, "index/invalid", "")

	p.between(p.reaching(a, b), b, "in recovery", func() {
		p.failOver(a, b)
		p.demote(a, b)
	})
	r, err := p.Heal(t.Context(), person("test/two"))
	guarded(t, r, err, healer.GuardPrimary)
	p.between(p.reaching(b, a), a, "timeline", func() { p.failOver(b, a) })
	// What is the primary now is repaired as ever.
	r, err = p.Heal(t.Context(), person("test/two"))
	if done := only(t, r, err); !done.Verified || len(done.Steps) != 2 {
		t.Errorf("after %d steps it is %s: %s", len(done.Steps), done.State, done.Err)
	}
}
