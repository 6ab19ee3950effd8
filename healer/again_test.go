package healer_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
)

// acts is an observer that does something on an action.
type acts func(healer.Transition)

func (a acts) Observe(_ context.Context, t healer.Transition) { a(t) }

// on makes an observer that acts once, the first time it is told an action.
func on(action healer.Action, do func()) healer.Observer {
	var done atomic.Bool
	return acts(func(t healer.Transition) {
		if t.Action == action && done.CompareAndSwap(false, true) {
			do()
		}
	})
}

// again is a rule that finds every table, always, and analyzes it.
const again = tables + `
-- repair: session
ANALYZE {schema}.{name};

-- verify: within=1ms
SELECT 'never' WHERE false

-- undo: none, because it is a test`

// never is the same, but its verification never passes.
const never = tables + `
-- repair: session
ANALYZE {schema}.{name};

-- verify: within=1ms
SELECT 'never' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid

-- undo: none, because it is a test`

// What was decided before the first repair of a pass does not hold for the
// last: every guard is asked again right before each of them.
func TestEveryRepairIsDecidedAgain(t *testing.T) {
	t.Run("a pause between two repairs", func(t *testing.T) {
		st := stage(t, source{rule(t, "test/again", again)}, "CREATE TABLE app.t (id int); CREATE TABLE app.u (id int)")
		h := with(st, func(c *healer.Config) {
			c.Observer = on(healer.RepairVerified, func() {
				if _, err := st.Pause(context.WithoutCancel(t.Context()), 0, "tester"); err != nil {
					t.Error(err)
				}
			})
		})
		r, err := h.Heal(t.Context(), healer.Options{Person: true, Now: true})
		if a := only(t, r, err); !a.Verified {
			t.Errorf("%s: %s", a.State, a.Err)
		}
		if d := decisions(r); !slices.ContainsFunc(d, func(d healer.Decision) bool { return d.Guard == healer.GuardPaused }) {
			t.Errorf("nothing was held up by the pause: %+v", d)
		}
	})
	// hazard: 6
	t.Run("the breaker", func(t *testing.T) {
		st := stage(t, source{rule(t, "test/never", never)},
			"CREATE TABLE app.a (id int); CREATE TABLE app.b (id int); CREATE TABLE app.c (id int); CREATE TABLE app.d (id int)")
		r, err := st.Heal(t.Context(), healer.Options{Person: true, Now: true})
		if err != nil || len(r.Repairs) != 3 {
			t.Errorf("%d repairs failed in one pass before the breaker, %v", len(r.Repairs), err)
		}
	})
}

// shifting is a clock that a test moves.
type shifting struct{ by atomic.Int64 }

func (s *shifting) now() time.Time         { return time.Now().Add(time.Duration(s.by.Load())) }
func (s *shifting) move(d time.Duration)   { s.by.Add(int64(d)) }
func (s *shifting) clock(c *healer.Config) { c.Clock = s.now }
func (s *shifting) open() *healer.Window   { return window(s.now(), time.Hour) }

// window is open from just before a moment for a length.
func window(now time.Time, length time.Duration) *healer.Window {
	now = now.UTC().Add(-time.Minute)
	return &healer.Window{
		Start: time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute, Length: length + time.Minute, Location: time.UTC,
	}
}

// A window that closes, at whatever moment, ends what needed it.
func TestTheWindowCloses(t *testing.T) {
	for name, at := range map[string]healer.Action{
		"after the decision": healer.PlanProposed, "after the intent": healer.RepairIntended,
	} {
		t.Run(name, func(t *testing.T) {
			st := stage(t, builtin(t), duplicates)
			clock := new(shifting)
			r, err := with(st, func(c *healer.Config) {
				clock.clock(c)
				c.Policy = healer.Policy{Heal: true, Window: clock.open()}
				c.Observer = on(at, func() { clock.move(2 * time.Hour) })
			}).Heal(t.Context(), healer.Options{Rules: []string{"index/duplicate"}, Sets: []string{"*.min_size=0"}})
			if at == healer.PlanProposed {
				guarded(t, r, err, healer.GuardWindow)
			} else if a := only(t, r, err); a.State != healer.Deferred || len(a.Steps) > 0 {
				t.Errorf("%s after %d steps: %s", a.State, len(a.Steps), a.Err)
			}
		})
	}
}

// An approval is used up by the repair it was given for; and one that comes
// from the future, because the clock was put back, does not count.
// hazard: 46, 49
func TestAnApprovalIsUsedUp(t *testing.T) {
	st := stage(t, source{rule(t, "test/again", again)}, "CREATE TABLE app.t (id int)")
	clock := new(shifting)
	h := with(st, func(c *healer.Config) {
		clock.clock(c)
		c.Policy = healer.Policy{Heal: true, Rules: []healer.PerRule{{Glob: "*", Will: healer.WillApprove}}}
	})
	r, err := h.Heal(t.Context(), healer.Options{})
	guarded(t, r, err, healer.GuardApproval)
	plan := r.Plans[0].Plan.ID
	approve := func() {
		t.Helper()
		if _, err := h.Approve(t.Context(), plan, "tester"); err != nil {
			t.Fatal(err)
		}
	}
	clock.move(10 * time.Hour)
	approve()
	clock.move(-10 * time.Hour)
	r, err = h.Heal(t.Context(), healer.Options{})
	guarded(t, r, err, healer.GuardApproval)
	approve()
	clock.move(10 * time.Hour)
	r, err = h.Heal(t.Context(), healer.Options{})
	if a := only(t, r, err); !a.Verified || a.Plan.ID != plan {
		t.Fatalf("%s of %s: %s", a.State, a.Plan.ID, a.Err)
	}
	r, err = h.Heal(t.Context(), healer.Options{})
	guarded(t, r, err, healer.GuardApproval)

	// The clock is put back a little between the approval and its repair.
	approve()
	clock.move(-30 * time.Second)
	r, err = h.Heal(t.Context(), healer.Options{})
	if a := only(t, r, err); !a.Verified || a.Approval == nil || a.Approval.Actor != "tester" {
		t.Fatalf("%s under %+v: %s", a.State, a.Approval, a.Err)
	}
	r, err = h.Heal(t.Context(), healer.Options{})
	guarded(t, r, err, healer.GuardApproval)

	// Of another plan whose id is the same: an id is the head of a hash.
	approve()
	forge(t, st, func(p *healer.Proposal) { p.Plan.Basis = strings.Repeat("0", 64) })
	r, err = h.Heal(t.Context(), healer.Options{})
	guarded(t, r, err, healer.GuardApproval)

	approve()
	clock.move(25 * time.Hour)
	r, err = h.Heal(t.Context(), healer.Options{})
	guarded(t, r, err, healer.GuardApproval)
}

// forge writes the one plan of a ledger as another.
func forge(t *testing.T, st *rulestest.Stage, change func(*healer.Proposal)) {
	t.Helper()
	list, err := st.Ledger.Current(t.Context(), healer.KindPlan, time.Time{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d plans, %v", len(list), err)
	}
	e := list[0]
	var p healer.Proposal
	if err := json.Unmarshal(e.Body, &p); err != nil {
		t.Fatal(err)
	}
	change(&p)
	if e.Body, err = json.Marshal(p); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Ledger.Append(t.Context(), healer.Entry{Time: e.Time, Kind: e.Kind, Subject: e.Subject, Action: e.Action, Actor: e.Actor, Body: e.Body}); err != nil {
		t.Fatal(err)
	}
}

// interrupt leaves an attempt behind as a process does that ends with its
// intent written and nothing done.
func interrupt(t *testing.T, h *healer.Healer) {
	t.Helper()
	if _, err := h.Heal(t.Context(), healer.Options{Person: true, Now: true}); err == nil {
		t.Fatal("the ledger did not fail")
	}
}

// A repair that ends the process or the server each time counts as one that
// fails: it is not tried for ever.
// hazard: 6
func TestInterruptionsLeadToQuarantine(t *testing.T) {
	st := stage(t, source{rule(t, "test/never", never)}, "CREATE TABLE app.t (id int)")
	for range 2 {
		b := &brittle{st.Ledger, 0}
		dying := with(st, func(c *healer.Config) {
			c.Ledger = b
			c.Observer = on(healer.RepairIntended, func() { b.left = 0 })
		})
		b.left = 9
		interrupt(t, dying)
		if err := st.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // also by another process
		r, err := with(st, func(*healer.Config) {}).Heal(t.Context(), healer.Options{Person: true, Now: true})
		guarded(t, r, err, healer.GuardQuarantine)
	}
}

// What is unfinished on one server holds nothing up on another, as after a
// restore or pg_upgrade; on this one it holds up everything.
func TestAnUnfinishedRepairIsOfItsServer(t *testing.T) {
	st := stage(t, source{rule(t, "test/never", never)}, "CREATE TABLE app.t (id int)")
	b := &brittle{st.Ledger, 9}
	interrupt(t, with(st, func(c *healer.Config) {
		c.Ledger, c.Observer = b, on(healer.RepairIntended, func() { b.left = 0 })
	}))
	r, err := st.Plan(t.Context(), healer.Options{Person: true, Now: true})
	guarded(t, r, err, healer.GuardUnfinished)
	other := with(st, func(c *healer.Config) {
		c.Reader = changed{c.Reader, func(id *healer.Identity) { id.SystemIdentifier = "42" }}
	})
	r, err = other.Plan(t.Context(), healer.Options{Person: true, Now: true})
	if err != nil || len(r.Plans) != 1 || r.Plans[0].Decision.Verdict != healer.Proceed {
		t.Errorf("on another server: %+v, %v", decisions(r), err)
	}
}

// A daemon that is stopped in the middle of a repair has not failed.
func TestBeingStoppedIsNoFailure(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	for range 3 { // more often than failures are forgiven
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := with(st, func(c *healer.Config) { c.Observer = on(healer.StepStarted, cancel) }).Heal(ctx, person("index/duplicate"))
		if len(r.Repairs) != 1 || r.Repairs[0].State != healer.Deferred {
			t.Fatalf("%+v", r.Repairs)
		}
	}
	r, err := st.Heal(t.Context(), person("index/duplicate"))
	if a := only(t, r, err); !a.Verified {
		t.Errorf("%s: %s", a.State, a.Err)
	}
}

// A repair that leaves something invalid behind stops all repairs until a
// person has looked; neither another process nor a pause that runs out ends
// that.
// hazard: 6
func TestARepairThatMadeItWorseStopsEverything(t *testing.T) {
	st := stage(t, source{rule(t, "test/never", never)}, "CREATE TABLE app.t (id int); CREATE INDEX i ON app.t (id)")
	s := pgtest.One(t)
	spoil := on(healer.StepFinished, func() {
		s.Exec(t, st.Name, "postgres", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.i'::regclass")
	})
	o := healer.Options{Person: true, Now: true}
	r, err := with(st, func(c *healer.Config) { c.Observer = spoil }).Heal(t.Context(), o)
	if a := only(t, r, err); a.State != healer.Failed {
		t.Fatalf("%s: %s", a.State, a.Err)
	}
	clock := new(shifting)
	other := with(st, clock.clock)
	r, err = other.Heal(t.Context(), o)
	guarded(t, r, err, healer.GuardBreaker)
	if _, err := other.Pause(t.Context(), time.Second, "tester"); err != nil {
		t.Fatal(err)
	}
	clock.move(time.Hour)
	r, err = other.Heal(t.Context(), o)
	guarded(t, r, err, healer.GuardBreaker)
	if _, err := other.Resume(t.Context(), "tester"); err != nil {
		t.Fatal(err)
	}
	r, err = other.Heal(t.Context(), o)
	only(t, r, err)
}

// The first run after an interruption settles it and goes on with the rest.
// hazard: 7
func TestWhatIsSettledHoldsUpNothing(t *testing.T) {
	st := stage(t, source{rule(t, "test/again", again)}, "CREATE TABLE app.t (id int); CREATE TABLE app.u (id int)")
	b := &brittle{st.Ledger, 9}
	interrupt(t, with(st, func(c *healer.Config) {
		c.Ledger, c.Observer = b, on(healer.RepairIntended, func() { b.left = 0 })
	}))
	r, err := st.Heal(t.Context(), healer.Options{Person: true, Now: true})
	if err != nil || len(r.Repairs) != 2 {
		t.Errorf("%d repairs, %+v, %v", len(r.Repairs), decisions(r), err)
	}
}

// A build that fails leaves an index behind each time. It is tried twice,
// however many cycles there are, and what it left is taken away; what somebody
// else's build left is not.
// hazard: 6
func TestAFailingBuildDoesNotPileUpIndexes(t *testing.T) {
	x := stage(t, source{rule(t, "test/rebuilt", strings.Replace(named, "REPAIR", "REINDEX TABLE CONCURRENTLY", 1))}, `
		CREATE TABLE app.own (id int); INSERT INTO app.own VALUES (1);
		CREATE FUNCTION app.f(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN v; END $$;
		CREATE INDEX built ON app.own (app.f(id));
		CREATE OR REPLACE FUNCTION app.f(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'it never works'; END $$`)
	server := pgtest.One(t)
	left := func() string {
		return server.Ask(t, x.Name, "postgres", "SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relname LIKE 'built%'")
	}
	if err := server.Try(x.Name, x.Name+"_owner", "REINDEX TABLE CONCURRENTLY app.own"); err == nil || left() != "1" {
		t.Fatalf("somebody's own build leaves %s indexes behind: %v", left(), err)
	}
	builds := 0
	for cycle := range 30 {
		r, err := x.Heal(t.Context(), healer.Options{Person: true, Now: true})
		if err != nil {
			t.Fatal(err)
		}
		builds += len(r.Repairs)
		for _, a := range r.Repairs {
			if !strings.Contains(a.Err, "it never works") {
				t.Errorf("cycle %d: %s: %s", cycle, a.State, a.Err)
			}
		}
	}
	if builds != 2 || left() != "1" {
		t.Errorf("after %d builds %s indexes are left, and one was somebody's own", builds, left())
	}
}
