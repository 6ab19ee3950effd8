package healer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// The disk of the ledger fills up at every possible moment of an undo. Once the
// undo was carried out, no later process repairs the fault again that a person
// wanted back.
// hazard: 48
func TestAnUndoThatWasCutShortIsRemembered(t *testing.T) {
	st := stage(t, builtin(t), duplicates)
	s := pgtest.One(t)
	exists := func() bool {
		return s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_class WHERE relname = 'second'") == "1"
	}
	o := person("index/duplicate")
	for n := 0; ; n++ {
		r, err := st.Heal(t.Context(), o)
		dropped := only(t, r, err)
		b := &brittle{st.Ledger, n}
		_, err = with(st, func(c *healer.Config) { c.Ledger = b }).Undo(t.Context(), dropped.ID, o)
		if err := st.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		back := exists()
		if r, err := st.Heal(t.Context(), o); err != nil || len(r.Repairs) != 0 || exists() != back {
			t.Errorf("after %d writes it was back: %v; then %+v, %v", n, back, decisions(r), err)
		}
		attempts, failed := st.Attempts(t.Context())
		if failed != nil || unfinished(attempts) != 0 {
			t.Errorf("with %d writes: %d attempts are not settled, %v", n, unfinished(attempts), failed)
		}
		if err == nil && b.left >= 0 {
			if n < 5 || !back {
				t.Errorf("the undo came to its end after %d writes; it is back: %v", n, back)
			}
			return
		}
		if !back {
			play(t, st, "CREATE INDEX second ON app.t (v)")
		} else if err := st.Unmute(t.Context(), dropped.Plan.Finding.ID, "tester"); err != nil {
			t.Fatal(err)
		}
		if n > 50 {
			t.Fatal("it never came to an end")
		}
	}
}

// unwritable is a ledger that cannot write one action.
type unwritable struct {
	healer.Ledger
	action healer.Action
}

func (l unwritable) Append(ctx context.Context, e healer.Entry) (healer.Entry, error) {
	if e.Action == string(l.action) {
		return healer.Entry{}, errors.New("no space left on device")
	}
	return l.Ledger.Append(ctx, e)
}

// What a repair left worse stops all repairs, also where its process ends before
// it has written how the repair ended.
// hazard: 6
func TestTheBreakerOutlivesTheProcess(t *testing.T) {
	st := stage(t, source{rule(t, "test/never", never)}, "CREATE TABLE app.t (id int); CREATE INDEX i ON app.t (id)")
	s := pgtest.One(t)
	o := healer.Options{Person: true, Now: true}
	_, err := with(st, func(c *healer.Config) {
		c.Ledger = unwritable{st.Ledger, healer.RepairFailed}
		c.Observer = on(healer.StepFinished, func() {
			s.Exec(t, st.Name, "postgres", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.i'::regclass")
		})
	}).Heal(t.Context(), o)
	if err == nil {
		t.Fatal("the ledger did not fail")
	}
	r, err := st.Heal(t.Context(), o)
	guarded(t, r, err, healer.GuardBreaker)
}

// Somebody builds an index of the same name on the same table in the moment in
// which a repair begins. It is not valid yet, as what a repair leaves behind is
// not; but it is not the repair's, and in the end it is the repair.
// hazard: 3
func TestSomebodysBuildOfTheSameNameIsLeftAlone(t *testing.T) {
	st := stage(t, builtin(t), `
		CREATE TABLE app.p (id int PRIMARY KEY); INSERT INTO app.p SELECT g FROM generate_series(0, 100) AS g;
		CREATE TABLE app.c (id int PRIMARY KEY, p int REFERENCES app.p); INSERT INTO app.c SELECT g, 1 FROM generate_series(1, 2000) AS g;
		DELETE FROM app.p WHERE id > 50; ANALYZE app.c`)
	s := pgtest.One(t)
	o := person("index/missing-foreign-key")
	o.Sets = append(o.Sets, "*.min_parent_changes=1")
	found(t, st, o, 1)
	r, err := st.Plan(t.Context(), o)
	if err != nil || len(r.Plans) != 1 || r.Plans[0].Decision.Verdict != healer.Proceed {
		t.Fatalf("%+v, %v", decisions(r), err)
	}
	build := r.Plans[0].Plan.Steps[0].SQL
	done := make(chan error, 1)
	begin := on(healer.RepairIntended, func() {
		play(t, st, "-- @hold\nINSERT INTO app.c VALUES (0, 1)")
		go func() { done <- s.Try(st.Name, st.Name+"_owner", build) }()
		for deadline := time.Now().Add(time.Minute); s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM pg_index WHERE NOT indisvalid") != "1"; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the build did not begin")
			}
		}
	})
	r, err = with(st, func(c *healer.Config) { c.Observer = begin }).Heal(t.Context(), o)
	if a := only(t, r, err); a.State != healer.Interrupted || a.Err == "" {
		t.Errorf("%s: %s", a.State, a.Err)
	}
	// As long as it is built nobody touches it, and nothing else is repaired.
	r, err = st.Heal(t.Context(), o)
	if err != nil || len(r.Repairs) != 0 || len(done) != 0 {
		t.Errorf("%d repairs, the build has ended: %v, %v", len(r.Repairs), len(done) != 0, err)
	}
	play(t, st, "-- @release\n")
	if err := <-done; err != nil {
		t.Errorf("the build was disturbed: %v", err)
	}
	if r, err = st.Heal(t.Context(), o); err != nil || len(r.Repairs) != 0 || len(r.Findings) != 0 {
		t.Errorf("%d repairs, %d findings, %v", len(r.Repairs), len(r.Findings), err)
	}
	attempts, err := st.Attempts(t.Context())
	if err != nil || len(attempts) != 1 || !attempts[0].Verified {
		t.Errorf("%+v, %v", attempts, err)
	}
	if now, err := st.Ledger.Current(t.Context(), healer.KindControl, time.Time{}); err != nil || len(now) != 0 {
		t.Errorf("all repairs were stopped: %s, %v", strings.TrimSpace(string(now[0].Body)), err)
	}
}

// An undo that moves rows back ends between two of its transactions. The rows that
// are back are not moved again behind the person's back, and the undo is gone on
// with when the person asks for it again.
// hazard: 7, 48
func TestAnUndoThatGotHalfwayIsGoneOnWith(t *testing.T) {
	t.Parallel()
	s := pgtest.One(t)
	st := stage(t, builtin(t), twins)
	r, err := st.Heal(t.Context(), moving())
	moved := only(t, r, err)
	if !moved.Verified {
		t.Fatalf("%s: %s", moved.State, moved.Err)
	}
	if _, err := with(st, func(c *healer.Config) { c.Ledger = &ending{Ledger: st.Ledger} }).Undo(t.Context(), moved.ID, moving()); err == nil {
		t.Fatal("the ledger took everything")
	}
	if r, err := st.Heal(t.Context(), moving()); err != nil || len(r.Repairs) != 0 || len(r.Findings) != 1 {
		t.Errorf("half-way %d findings, %d repairs, %v", len(r.Findings), len(r.Repairs), err)
	}
	besideTwins(t, s, st.Name, "1")
	if back, err := st.Undo(t.Context(), moved.ID, moving()); err != nil || !back.Verified {
		t.Errorf("%s: %s, %v", back.State, back.Err, err)
	}
	besideTwins(t, s, st.Name, "0")
	if r, err := st.Heal(t.Context(), moving()); err != nil || len(r.Repairs) != 0 {
		t.Errorf("%d repairs after it, %v", len(r.Repairs), err)
	}
}
