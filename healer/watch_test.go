package healer_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// gauge is pg_stat_statements alone as a meter. That a text has the table's
// name in it is enough here; the daemon asks the parser.
type gauge struct{ *pg.Database }

func (g gauge) Readings(ctx context.Context, of healer.Scope) ([]healer.Reading, []string, error) {
	list, err := g.Database.Readings(ctx, of)
	return list, nil, err
}

// watched is a site whose server counts statements.
func watched(t *testing.T, source healer.RuleSource, script string) (*site, func(healer.Policy, ...func(*healer.Config)) *healer.Healer) {
	t.Helper()
	x := newSite(t, map[string]string{"shared_preload_libraries": "pg_stat_statements", "max_worker_processes": "20"}, source, script)
	x.super("CREATE EXTENSION pg_stat_statements")
	db, err := pg.Open(t.Context(), pg.Config{Observer: x.ConnString(x.Name, x.Name+"_observer")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if c, err := db.Census(t.Context()); err != nil || len(c.Statements) == 0 {
		t.Errorf("the census sees no statements: %q, %v", c.Missing, err)
	}
	return x, func(p healer.Policy, more ...func(*healer.Config)) *healer.Healer {
		return with(x.Stage, func(c *healer.Config) {
			c.Meter, c.Policy = gauge{db}, p
			for _, change := range more {
				change(c)
			}
		})
	}
}

// calls runs a statement once for each argument, in a session of its own.
func (x *site) calls(sql string, args ...string) { x.t.Helper(); x.callsIn(x.Name, sql, args...) }

// callsIn does so in another database.
func (x *site) callsIn(database, sql string, args ...string) {
	x.t.Helper()
	c := x.Conn(x.t, database, x.Name+"_owner")
	for _, arg := range args {
		if r := c.ExecParams(x.t.Context(), sql, [][]byte{[]byte(arg)}, nil, nil, nil).Read(); r.Err != nil {
			x.t.Fatal(r.Err)
		}
	}
	pid := c.PID()
	if err := c.Close(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	x.gone(pid) // and what it counted is written
}

func unused() healer.Options {
	return healer.Options{
		Rules: []string{"index/unused"}, Person: true, Now: true, Yes: true, Ceiling: "high", Actor: "tester",
		Sets: []string{"*.min_size=0", "index/unused.min_age=0s"},
	}
}

// last returns the newest attempt that is no undo, and the newest that is one.
func last(t *testing.T, h *healer.Healer) (repair, undo healer.Attempt) {
	t.Helper()
	list, err := h.Attempts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.UndoOf == "" {
			repair = a
		} else {
			undo = a
		}
	}
	if repair.Watch == nil {
		t.Fatalf("%s is not watched", repair.ID)
	}
	return repair, undo
}

// The counters were reset, so an index that every query needs looks unused. It
// is dropped, the statements become slow, and it comes back: not while the
// daemon observes, nor while everything is paused, and by another process than
// the one that dropped it.
// hazard: 56
func TestAChangeThatMakesStatementsSlowerIsTakenBack(t *testing.T) {
	t.Parallel()
	const sql = "SELECT count(*) FROM app.shelf WHERE a = $1::int"
	x, healing := watched(t, builtin(t), `CREATE TABLE app.shelf (id int PRIMARY KEY, a int, pad text);
		INSERT INTO app.shelf SELECT g, g, repeat('x', 100) FROM generate_series(1, 60000) AS g;
		CREATE INDEX t_a ON app.shelf (a); VACUUM ANALYZE app.shelf`)
	many := slices.Repeat([]string{"7"}, 60)
	x.calls(sql, many...)
	x.super("SELECT pg_stat_reset()")
	r, err := healing(healer.Policy{}).Heal(t.Context(), unused())
	if a := only(t, r, err); !a.Verified || a.Watch == nil || a.Watch.State != healer.Watching {
		t.Fatalf("%s: %s, watch %+v", a.State, a.Err, a.Watch)
	}
	slower := func(h *healer.Healer, guard string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; x.calls(sql, many...) {
			if err := h.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			a, undo := last(t, h)
			switch {
			case guard == "" && a.Watch.State == healer.TakenBack && undo.Verified:
				return
			case guard != "" && a.Watch.State == healer.WatchedWorse && a.Watch.Guard == guard && undo.ID == "":
				return
			case time.Now().After(deadline):
				t.Fatalf("want the guard %q; %s, watch %+v, undo %s %s", guard, a.State, a.Watch, undo.State, undo.Err)
			}
		}
	}
	slower(healing(healer.Policy{}), healer.GuardMode)
	h := healing(healer.Policy{Heal: true})
	if _, err := h.Pause(t.Context(), 0, "tester"); err != nil {
		t.Fatal(err)
	}
	slower(h, healer.GuardPaused)
	if _, err := h.Resume(t.Context(), "tester"); err != nil {
		t.Fatal(err)
	}
	var told []string
	slower(healing(healer.Policy{Heal: true}, func(c *healer.Config) {
		c.Observer = acts(func(t healer.Transition) { told = append(told, string(t.Action)) })
	}), "")
	a, undo := last(t, h)
	if a.State != healer.Undone || a.UndoneBy != undo.ID || undo.Actor == "tester" || !strings.Contains(undo.Why, "FROM app.shelf WHERE a = ") || a.Watch.Reason != undo.Why {
		t.Errorf("%s by %s, because %q; the watch says %q", a.State, undo.Actor, undo.Why, a.Watch.Reason)
	}
	if !slices.Contains(told, string(healer.RepairUndone)) {
		t.Errorf("nobody was told: %v", told)
	}
	if n := x.Ask(t, x.Name, "postgres", "SELECT count(*) FROM pg_index WHERE indexrelid = 'app.t_a'::regclass AND indisvalid"); n != "1" {
		t.Error("the index is not back")
	}
	x.super("SELECT pg_stat_reset()")
	if r, err := h.Heal(t.Context(), unused()); err != nil || len(r.Repairs) > 0 {
		t.Errorf("it is dropped again: %d repairs, %v", len(r.Repairs), err)
	}
}

// parallel is a rule that means well, and whose storage parameter makes a small
// table slow to read: each query starts processes for it.
const parallel = `
-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'app' AND c.relname = 'shelf' AND c.reloptions IS NULL

-- repair: transaction
ALTER TABLE {schema}.{name} SET (parallel_workers = 8);

-- verify: within=5s
SELECT 'it is as it was' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid AND c.reloptions IS NULL

-- undo: transaction
ALTER TABLE {schema}.{name} RESET (parallel_workers);`

// A storage parameter makes statements slow, and is taken back with the reason.
// hazard: 56
func TestAStorageParameterThatMakesStatementsSlowerIsTakenBack(t *testing.T) {
	t.Parallel()
	const sql = "SELECT sum(length(pad)) FROM app.shelf WHERE id <> $1::int"
	x, healing := watched(t, source{rule(t, "test/parallel", parallel)}, `CREATE TABLE app.shelf (id int, pad text);
		INSERT INTO app.shelf SELECT g, repeat('x', 100) FROM generate_series(1, 1000) AS g; VACUUM ANALYZE app.shelf`)
	x.super("ALTER DATABASE " + x.Name + " SET parallel_setup_cost = 0")
	x.super("ALTER DATABASE " + x.Name + " SET parallel_tuple_cost = 0")
	x.super("ALTER DATABASE " + x.Name + " SET max_parallel_workers_per_gather = 8")
	many := slices.Repeat([]string{"7"}, 60)
	x.calls(sql, many...)
	h := healing(healer.Policy{Heal: true})
	o := healer.Options{Rules: []string{"test/parallel"}, Person: true, Now: true, Actor: "tester"}
	r, err := h.Heal(t.Context(), o)
	if a := only(t, r, err); !a.Verified || a.Watch == nil || a.Watch.State != healer.Watching {
		t.Fatalf("%s: %s, watch %+v", a.State, a.Err, a.Watch)
	}
	for deadline := time.Now().Add(time.Minute); ; x.calls(sql, many...) {
		if err := h.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, undo := last(t, h)
		if a.Watch.State == healer.TakenBack && undo.Verified {
			if !strings.Contains(undo.Why, "FROM app.shelf WHERE id") || a.State != healer.Undone {
				t.Errorf("%s, because %q", a.State, undo.Why)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s, watch %+v, undo %s %s", a.State, a.Watch, undo.State, undo.Err)
		}
	}
	if options := x.Ask(t, x.Name, "postgres", "SELECT reloptions::text FROM pg_class WHERE relname = 'shelf'"); options != "" {
		t.Errorf("the table has %s", options)
	}
	if r, err := h.Heal(t.Context(), o); err != nil || len(r.Repairs) > 0 {
		t.Errorf("it is repaired again: %d repairs, %v", len(r.Repairs), err)
	}
}

// seek is a rule that means well, and whose setting keeps all statements from
// finding anything by an index.
const seek = `-- rule: test/seek
-- title: of a test
-- scope: cluster
-- every: 1h
-- severity: info
-- risk: low
-- hazards: alter_system, reload
-- reads: catalog

-- detect
SELECT 0::oid AS oid, '' AS schema, s.name, 'setting' AS kind
  FROM pg_catalog.pg_settings AS s WHERE s.name = 'enable_indexscan' AND s.setting = 'on'

-- repair: session
ALTER SYSTEM SET enable_indexscan = off;
SELECT pg_catalog.pg_reload_conf();

-- verify: within=20s
SELECT 'it is as it was' FROM pg_catalog.pg_settings AS s WHERE s.name = 'enable_indexscan' AND s.setting = 'on'

-- undo: session
ALTER SYSTEM RESET enable_indexscan;
SELECT pg_catalog.pg_reload_conf();

-- guidance
-- None.
`

// A setting that makes the statements of another database slow is taken back,
// by another process than the one that set it: not for one or two of them.
// hazard: 56
func TestASettingThatMakesStatementsSlowerIsTakenBack(t *testing.T) {
	t.Parallel()
	if pgtest.One(t).Major < 15 {
		t.Skip("before 15 only a superuser may run ALTER SYSTEM, and pgmend is none")
	}
	f, err := rules.Parse("test/seek.sql", []byte(seek))
	if err != nil {
		t.Fatal(err)
	}
	x, healing := watched(t, source{f}, "")
	x.super("GRANT ALTER SYSTEM ON PARAMETER enable_indexscan TO " + x.Name + "_healer; GRANT EXECUTE ON FUNCTION pg_reload_conf() TO " + x.Name + "_healer")
	for _, sql := range []string{
		"ALTER ROLE " + x.Name + "_owner SET enable_bitmapscan = off",
		"CREATE TABLE public.shelf (a int PRIMARY KEY, pad text)", "GRANT SELECT ON public.shelf TO PUBLIC",
		"INSERT INTO public.shelf SELECT g, repeat('x', 100) FROM generate_series(1, 60000) AS g", "VACUUM ANALYZE public.shelf",
	} {
		x.Exec(t, "postgres", "postgres", sql)
	}
	busy := func(n, calls int) {
		many := slices.Repeat([]string{"7"}, calls)
		for _, what := range []string{"max(pad)", "min(pad)", "count(pad)"}[:n] {
			x.callsIn("postgres", "SELECT "+what+" FROM public.shelf WHERE a = $1::int", many...)
		}
	}
	busy(3, 300) // so many that a slow one of them does not count
	o := healer.Options{Person: true, Now: true, Actor: "tester"}
	r, err := healing(healer.Policy{}).Heal(t.Context(), o)
	if a := only(t, r, err); !a.Verified || a.Watch == nil || a.Watch.State != healer.Watching {
		t.Fatalf("%s: %s, watch %+v", a.State, a.Err, a.Watch)
	}
	look := func() (a, undo healer.Attempt) {
		t.Helper()
		h := healing(healer.Policy{Heal: true})
		if err := h.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		return last(t, h)
	}
	look()
	busy(2, 60)
	if a, undo := look(); a.Watch.State != healer.Watching || undo.ID != "" {
		t.Errorf("after two statements: %+v, undo %s", a.Watch, undo.State)
	}
	a, undo := look()
	for deadline := time.Now().Add(time.Minute); a.Watch.State != healer.TakenBack || !undo.Verified || a.State != healer.Undone; a, undo = look() {
		if time.Now().After(deadline) {
			t.Fatalf("%s, watch %+v, undo %s %s", a.State, a.Watch, undo.State, undo.Err)
		}
		busy(3, 60)
	}
	for _, what := range []string{"max(pad)", "min(pad)", "count(pad)"} {
		if !strings.Contains(undo.Why, "SELECT "+what+" FROM public.shelf WHERE a = ") {
			t.Errorf("because %q, without %s", undo.Why, what)
		}
	}
	if left := x.Ask(t, "postgres", "postgres", "SELECT setting || ' by ' || source FROM pg_settings WHERE name = 'enable_indexscan'"); left != "on by default" {
		t.Errorf("it is %s", left)
	}
	if r, err := healing(healer.Policy{}).Heal(t.Context(), o); err != nil || len(r.Repairs) > 0 {
		t.Errorf("it is set again: %d repairs, %v", len(r.Repairs), err)
	}
}

// A few slow calls, and a slow hour of the whole database, undo nothing.
func TestNoiseTakesNothingBack(t *testing.T) {
	t.Parallel()
	const mine, others = "SELECT pg_sleep($1::float8) FROM app.shelf WHERE id = 1", "SELECT pg_sleep($1::float8) FROM app.elsewhere"
	x, healing := watched(t, builtin(t), `CREATE TABLE app.shelf (id int PRIMARY KEY, a int); INSERT INTO app.shelf VALUES (1, 1);
		CREATE TABLE app.elsewhere (id int); INSERT INTO app.elsewhere VALUES (1); CREATE INDEX t_a ON app.shelf (a)`)
	quick := slices.Repeat([]string{"0.002"}, 40)
	x.calls(mine, quick...)
	x.calls(others, quick...)
	clock := new(shifting)
	h := healing(healer.Policy{Heal: true, Watch: healer.WatchPolicy{Calls: 30, Length: time.Hour}}, clock.clock)
	r, err := h.Heal(t.Context(), unused())
	if a := only(t, r, err); !a.Verified || a.Watch == nil || a.Watch.State != healer.Watching {
		t.Fatalf("%s: %s, watch %+v", a.State, a.Err, a.Watch)
	}
	look := func(want healer.WatchState) {
		t.Helper()
		if err := h.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, undo := last(t, h); a.Watch.State != want || undo.ID != "" {
			t.Errorf("want %s: %+v, undo %s", want, a.Watch, undo.State)
		}
	}
	look(healer.Watching)
	x.calls(mine, append(slices.Repeat([]string{"0.002"}, 40), "0.2", "0.2")...)
	look(healer.Watching)
	x.calls(mine, slices.Repeat([]string{"0.02"}, 40)...)
	x.calls(others, slices.Repeat([]string{"0.03"}, 40)...)
	look(healer.Watching)
	clock.move(2 * time.Hour)
	look(healer.WatchedFine)
	if a, _ := last(t, h); len(a.Watch.Compared) != 1 || a.Watch.Compared[0].Before.Calls == 0 || a.Watch.Compared[0].After.Calls != 82 {
		t.Errorf("what was compared is not kept: %+v", a.Watch)
	}
	if n := x.Ask(t, x.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 't_a'"); n != "0" {
		t.Error("the index is back")
	}
}
