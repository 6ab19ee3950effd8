package healer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

const duplicates = `
	CREATE TABLE app.t (id int, v text);
	INSERT INTO app.t SELECT g, g::text FROM generate_series(1, 1000) AS g;
	CREATE INDEX first ON app.t (v); CREATE INDEX second ON app.t (v);`

// Each guard refuses by itself, and says who it is and why.
// hazard: 29
func TestGuards(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	daemon := healer.Options{Rules: []string{"index/duplicate"}, Sets: []string{"*.min_size=0"}}
	heals := healer.Policy{Heal: true}

	t.Run("mode", func(t *testing.T) {
		r, err := st.Heal(t.Context(), daemon)
		guarded(t, r, err, healer.GuardMode)
	})
	t.Run("window", func(t *testing.T) {
		r, err := with(st, func(c *healer.Config) { c.Policy = heals }).Heal(t.Context(), daemon)
		guarded(t, r, err, healer.GuardWindow)
		shut := healer.Policy{Heal: true, Window: &healer.Window{
			Days: []time.Weekday{(time.Now().UTC().Weekday() + 3) % 7}, Length: time.Hour, Location: time.UTC,
		}}
		r, err = with(st, func(c *healer.Config) { c.Policy = shut }).Heal(t.Context(), daemon)
		if d := guarded(t, r, err, healer.GuardWindow); d.Until.Before(time.Now()) {
			t.Errorf("it does not say when the window opens: %+v", d)
		}
	})
	t.Run("rule setting", func(t *testing.T) {
		p := healer.Policy{Heal: true, Rules: []healer.PerRule{{Glob: "index/*", Will: healer.WillObserve}}}
		r, err := with(st, func(c *healer.Config) { c.Policy = p }).Heal(t.Context(), person("index/duplicate"))
		guarded(t, r, err, healer.GuardRule)
	})
	t.Run("ceiling", func(t *testing.T) {
		o := person("index/duplicate")
		o.Ceiling = rules.Low
		r, err := st.Heal(t.Context(), o)
		guarded(t, r, err, healer.GuardApproval)
	})
	t.Run("paused", func(t *testing.T) {
		if _, err := st.Pause(t.Context(), time.Hour, "tester"); err != nil {
			t.Fatal(err)
		}
		r, err := st.Heal(t.Context(), person("index/duplicate"))
		guarded(t, r, err, healer.GuardPaused)
		if _, err := st.Resume(t.Context(), "tester"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("standby", func(t *testing.T) {
		h := with(st, func(c *healer.Config) {
			c.Reader = changed{c.Reader, func(id *healer.Identity) { id.InRecovery = true }}
		})
		r, err := h.Heal(t.Context(), person("index/duplicate"))
		guarded(t, r, err, healer.GuardPrimary)
	})
	t.Run("rejected", func(t *testing.T) {
		r, err := st.Plan(t.Context(), person("index/duplicate"))
		if err != nil || len(r.Plans) != 1 {
			t.Fatal(err)
		}
		if _, err := st.Reject(t.Context(), r.Plans[0].Plan.ID, "tester"); err != nil {
			t.Fatal(err)
		}
		r, err = st.Heal(t.Context(), person("index/duplicate"))
		guarded(t, r, err, healer.GuardMuted)
		if err := st.Unmute(t.Context(), r.Findings[0].ID, "tester"); err != nil {
			t.Fatal(err)
		}
		r, err = st.Heal(t.Context(), person("index/duplicate"))
		guarded(t, r, err, healer.GuardRejected)
	})
}

// changed lies about the server.
type changed struct {
	healer.Reader
	lie func(*healer.Identity)
}

func (c changed) Identify(ctx context.Context) (healer.Identity, error) {
	id, err := c.Reader.Identify(ctx)
	c.lie(&id)
	return id, err
}

// An approval is of one plan: it lets that one through, and no other.
// hazard: 46
func TestAnApprovalIsBoundToThePlan(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	approves := func(c *healer.Config) {
		c.Policy = healer.Policy{Heal: true, Rules: []healer.PerRule{{Glob: "*", Will: healer.WillApprove}},
			Window: &healer.Window{Length: 24 * time.Hour, Location: time.UTC}}
	}
	daemon := healer.Options{Rules: []string{"index/duplicate"}, Sets: []string{"*.min_size=0"}}
	r, err := with(st, approves).Heal(t.Context(), daemon)
	guarded(t, r, err, healer.GuardApproval)
	first := r.Plans[0].Plan.ID
	if _, err := st.Approve(t.Context(), first, "tester"); err != nil {
		t.Fatal(err)
	}
	// The object is another now, so its plan is another, and not approved.
	play(t, st, "DROP INDEX app.second; CREATE INDEX second ON app.t (v) WITH (fillfactor = 60)")
	r, err = with(st, approves).Heal(t.Context(), daemon)
	guarded(t, r, err, healer.GuardApproval)
	second := r.Plans[0].Plan.ID
	if first == second {
		t.Fatal("another definition has the same plan")
	}
	if _, err := st.Approve(t.Context(), second, "tester"); err != nil {
		t.Fatal(err)
	}
	r, err = with(st, approves).Heal(t.Context(), daemon)
	if a := only(t, r, err); !a.Verified {
		t.Errorf("the approved plan is %s: %s", a.State, a.Err)
	}
	if _, err := st.Approve(t.Context(), "Pnone", "tester"); !errors.Is(err, healer.ErrNotFound) {
		t.Errorf("a plan that is not there: %v", err)
	}
	late := with(st, func(c *healer.Config) { c.Clock = func() time.Time { return time.Now().Add(30 * time.Hour) } })
	var refusal *healer.Refusal
	if _, err := late.Approve(t.Context(), second, "tester"); !errors.As(err, &refusal) || refusal.Guard != healer.GuardExpired {
		t.Errorf("an expired plan: %v", err)
	}
}

// What was undone is not repaired again behind the person's back, and what
// was changed after a repair is not undone.
func TestUndo(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	r, err := st.Heal(t.Context(), person("index/duplicate"))
	done := only(t, r, err)
	if !done.Verified {
		t.Fatalf("%s: %s", done.State, done.Err)
	}
	play(t, st, "CREATE INDEX second ON app.t (id)")
	var refusal *healer.Refusal
	if _, err := st.Undo(t.Context(), done.ID, person("*")); !errors.As(err, &refusal) {
		t.Errorf("the undo ran over somebody's change: %v", err)
	}
	play(t, st, "DROP INDEX app.second")
	back, err := st.Undo(t.Context(), done.ID, person("*"))
	if err != nil || !back.Verified {
		t.Fatalf("%s: %s, %v", back.State, back.Err, err)
	}
	r, err = st.Heal(t.Context(), person("index/duplicate"))
	guarded(t, r, err, healer.GuardMuted)
	if _, err := st.Undo(t.Context(), done.ID, person("*")); !errors.As(err, &refusal) {
		t.Errorf("it was undone twice: %v", err)
	}
	if _, err := st.Undo(t.Context(), "none", person("*")); !errors.Is(err, healer.ErrNotFound) {
		t.Errorf("a repair that is not there: %v", err)
	}
}

// A repair that fails is tried once more, then left alone; failures of several
// objects stop everything.
// hazard: 6
func TestQuarantineAndBreaker(t *testing.T) {
	// VACUUM-like maintenance of a table that fails: the verification never passes.
	fails := rule(t, "test/fails", tables+`
-- repair: session
ANALYZE {schema}.{name};

-- verify: within=1ms
SELECT 'never' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid

-- undo: none, because it is a test`)
	st := stage(t, source{fails}, "CREATE TABLE app.t (id int)")
	for range 2 {
		r, err := st.Heal(t.Context(), healer.Options{Person: true, Now: true})
		if a := only(t, r, err); a.State != healer.Failed || a.Err == "" {
			t.Fatalf("%s: %s", a.State, a.Err)
		}
	}
	r, err := st.Heal(t.Context(), healer.Options{Person: true, Now: true})
	guarded(t, r, err, healer.GuardQuarantine)

	play(t, st, "CREATE TABLE app.u (id int); CREATE TABLE app.v (id int)")
	if _, err := st.Heal(t.Context(), healer.Options{Person: true, Now: true}); err != nil {
		t.Fatal(err)
	}
	r, err = st.Heal(t.Context(), healer.Options{Person: true, Now: true})
	if err != nil || len(r.Repairs) != 0 {
		t.Fatalf("%d repairs after the breaker, %v", len(r.Repairs), err)
	}
	for _, d := range decisions(r) {
		if d.Guard != healer.GuardBreaker {
			t.Errorf("decision %+v", d)
		}
	}

	// A clock that was ahead, and is put back, said that somebody has looked.
	clock := new(shifting)
	later := with(st, clock.clock)
	clock.move(10 * time.Hour)
	if _, err := later.Resume(t.Context(), "tester"); err != nil {
		t.Fatal(err)
	}
	clock.move(-10 * time.Hour)
	if r, err = later.Heal(t.Context(), healer.Options{Person: true, Now: true}); err != nil || len(r.Repairs) != 0 {
		t.Errorf("%d repairs after a resume that is to come, %v", len(r.Repairs), err)
	}
}

// A repair that meets somebody's lock gives way and tries again; it makes
// nobody wait, and giving way costs it nothing.
// hazard: 1
func TestARepairGivesWayToALock(t *testing.T) {
	st := stage(t, builtin(t), `
		CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 100);
		ALTER TABLE app.t ADD CONSTRAINT n CHECK (id > 0) NOT VALID;
		-- @hold
		LOCK TABLE app.t IN SHARE UPDATE EXCLUSIVE MODE`)
	for range 2 { // a second failure would be the last
		r, err := st.Heal(t.Context(), person("constraint/not-valid"))
		if a := only(t, r, err); a.State != healer.Deferred || a.Err == "" {
			t.Fatalf("%s: %s", a.State, a.Err)
		}
	}
	released := make(chan struct{})
	time.AfterFunc(800*time.Millisecond, func() {
		defer close(released)
		if err := st.Player.Release(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r, err := st.Heal(t.Context(), person("constraint/not-valid"))
	if a := only(t, r, err); !a.Verified {
		t.Errorf("after the lock was gone: %s: %s", a.State, a.Err)
	}
	<-released
}

func TestCooldown(t *testing.T) {
	st := stage(t, builtin(t), "CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 3000)")
	o := person("statistics/stale")
	found(t, st, o, 1)
	r, err := st.Heal(t.Context(), o)
	if a := only(t, r, err); !a.Verified {
		t.Fatalf("%s: %s", a.State, a.Err)
	}
	play(t, st, "UPDATE app.t SET id = id + 1; UPDATE app.t SET id = id + 1")
	o.Now, o.Sets = false, append(o.Sets, "*.factor=1")
	found(t, st, o, 1)
	r, err = st.Heal(t.Context(), o)
	if d := guarded(t, r, err, healer.GuardCooldown); d.Until.IsZero() {
		t.Errorf("it does not say until when: %+v", d)
	}
}

// Objects of superusers are not touched; the finding says what to run.
func TestASuperusersObjectIsReportedOnly(t *testing.T) {
	st := stage(t, builtin(t), "")
	s := pgtest.One(t)
	s.Exec(t, st.Name, "postgres", "CREATE TABLE app.t (v text); INSERT INTO app.t SELECT g FROM generate_series(1, 100) AS g; CREATE INDEX a ON app.t (v); CREATE INDEX b ON app.t (v)")
	r, err := st.Heal(t.Context(), person("index/duplicate"))
	if d := guarded(t, r, err, healer.GuardOwner); !strings.Contains(d.Reason, `DROP INDEX CONCURRENTLY "app"."b"`) {
		t.Errorf("it does not say what to run: %s", d.Reason)
	}
}

// brittle is a ledger whose writes begin to fail.
type brittle struct {
	healer.Ledger
	left int
}

func (b *brittle) Append(ctx context.Context, e healer.Entry) (healer.Entry, error) {
	if b.left--; b.left < 0 {
		return healer.Entry{}, errors.New("no space left on device")
	}
	return b.Ledger.Append(ctx, e)
}

// The disk of the ledger fills up at every possible moment. Before the intent
// is durable nothing runs; after it, whatever was done is reconciled by the
// next process, and the fault ends up healed with nothing left behind.
// hazard: 48
func TestTheLedgerFailsAtEveryWrite(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	s := pgtest.One(t)
	exists := func() bool {
		return s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 'second'") == "1"
	}
	for n := 0; ; n++ {
		if !exists() {
			play(t, st, "CREATE INDEX second ON app.t (v)")
		}
		b := &brittle{st.Ledger, n}
		r, err := with(st, func(c *healer.Config) { c.Ledger = b }).Heal(t.Context(), person("index/duplicate"))
		if err == nil && b.left >= 0 {
			if n < 5 || len(r.Repairs) != 1 || !r.Repairs[0].Verified {
				t.Errorf("after %d writes: %+v", n, r.Repairs)
			}
			break
		}
		intended, err := st.Attempts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if open := unfinished(intended); open == 0 && !exists() && n < 4 {
			t.Errorf("with %d writes the index was dropped without a durable intent", n)
		}
		// The next process.
		if err := st.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, err := st.Attempts(t.Context())
		if err != nil || unfinished(after) != 0 {
			t.Errorf("with %d writes: %d attempts are not settled, %v", n, unfinished(after), err)
		}
		r, err = st.Heal(t.Context(), person("index/duplicate"))
		if err != nil || exists() {
			t.Errorf("with %d writes the fault is not healed afterwards: %+v, %v", n, decisions(r), err)
		}
		if n > 50 {
			t.Fatal("it never came to an end")
		}
	}
	if left := s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); left != "0" {
		t.Errorf("%s invalid indexes are left", left)
	}
	if _, err := st.Ledger.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func unfinished(list []healer.Attempt) int {
	n := 0
	for _, a := range list {
		if !a.State.Final() {
			n++
		}
	}
	return n
}

// Somebody changes the object between the decision and the act: the plan is
// void, and nothing runs.
func TestAPlanIsVoidWhenItsBasisChanges(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	once := &meddler{t: t, act: func() {
		play(t, st, "DROP INDEX app.first; CREATE INDEX first ON app.t (v) WHERE id > 3")
	}}
	h := with(st, func(c *healer.Config) { c.Observer = once })
	r, err := h.Heal(t.Context(), person("index/duplicate"))
	if err != nil || len(r.Repairs) != 0 {
		t.Fatalf("%d repairs, %v", len(r.Repairs), err)
	}
	if !once.void {
		t.Error("nobody was told that the plan is void")
	}
}

// meddler acts when a plan was proposed.
type meddler struct {
	t    *testing.T
	act  func()
	void bool
}

func (m *meddler) Observe(_ context.Context, tr healer.Transition) {
	switch tr.Action {
	case healer.PlanProposed:
		if m.act != nil {
			m.act()
			m.act = nil
		}
	case healer.PlanVoid:
		m.void = true
	}
}

// Causes are healed before symptoms, in one run.
func TestBlockedFindingsAreHealedInOrder(t *testing.T) {
	st := stage(t, builtin(t), duplicates+`
		CREATE INDEX longer ON app.t (v, id);`)
	r, err := st.Heal(t.Context(), person("index/*"))
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, a := range r.Repairs {
		order = append(order, fmt.Sprint(a.Plan.Finding.Rule, " ", a.Plan.Finding.Object.Name, " ", a.State))
	}
	want := "index/duplicate second verified, index/redundant-prefix first verified"
	if got := strings.Join(order, ", "); got != want {
		t.Errorf("repairs were %s, want %s", got, want)
	}
}

// A drop of ours that somebody cancels half-way has made its index invalid: it
// is finished, not rebuilt and not left.
// hazard: 3
func TestAnInterruptedDropIsFinished(t *testing.T) {
	st := stage(t, builtin(t), duplicates+`
		-- @hold
		SELECT count(*) FROM app.t`)
	s := pgtest.One(t)
	done := make(chan healer.Attempt, 1)
	go func() {
		r, err := st.Heal(context.WithoutCancel(t.Context()), person("index/duplicate"))
		if err != nil || len(r.Repairs) != 1 {
			t.Errorf("%d repairs, %v", len(r.Repairs), err)
			close(done)
			return
		}
		done <- r.Repairs[0]
	}()
	// The drop has marked the index and waits for the reader.
	cancel := `SELECT count(pg_cancel_backend(a.pid)) FROM pg_stat_activity AS a
		WHERE a.datname = current_database() AND a.query LIKE 'DROP INDEX CONCURRENTLY "app"%' AND a.wait_event_type = 'Lock'
		  AND EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = 'app.second'::regclass AND NOT i.indisvalid)`
	finishing := `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP INDEX CONCURRENTLY IF EXISTS%' AND state = 'active' AND pid <> pg_backend_pid()`
	for _, step := range []string{cancel, finishing} {
		for deadline := time.Now().Add(20 * time.Second); s.Ask(t, st.Name, "postgres", step) != "1"; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it did not come to this: %s", step)
			}
		}
	}
	if err := st.Player.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, ok := <-done
	if !ok || !a.Verified {
		t.Errorf("%s: %s", a.State, a.Err)
	}
	if n := s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 'second'"); n != "0" {
		t.Error("the half-dropped index is left")
	}
}
