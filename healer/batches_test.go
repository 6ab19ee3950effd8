package healer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// ending is a ledger that takes nothing from the second step on.
type ending struct {
	healer.Ledger
	begun int
}

func (e *ending) Append(ctx context.Context, entry healer.Entry) (healer.Entry, error) {
	if healer.Action(entry.Action) == healer.StepStarted {
		e.begun++
	}
	if e.begun > 1 {
		return healer.Entry{}, errors.New("no space left on device")
	}
	return e.Ledger.Append(ctx, entry)
}

// A repair that moves rows ends between the COMMIT that makes its quarantine and
// the entry that would count it. The next process leaves no empty table behind.
// hazard: 7, 48
func TestAMoveThatWasCutShortLeavesNothing(t *testing.T) {
	t.Parallel()
	s := pgtest.One(t)
	st := stage(t, builtin(t), twins)
	if _, err := with(st, func(c *healer.Config) { c.Ledger = &ending{Ledger: st.Ledger} }).Heal(t.Context(), moving()); err == nil {
		t.Fatal("the ledger took everything")
	}
	besideTwins(t, s, st.Name, "1")
	if err := st.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	besideTwins(t, s, st.Name, "0")
}

// twins are rows that are the same, and an index that they kept from being built.
const twins = `CREATE TABLE app.t (id int);
	INSERT INTO app.t VALUES (1), (1), (2);
	-- @fails
	CREATE UNIQUE INDEX CONCURRENTLY t_key ON app.t (id)`

// moving lets duplicate rows be moved.
func moving() healer.Options {
	o := person("data/duplicate-rows")
	o.Ceiling, o.Yes, o.Sets = rules.High, true, nil
	return o
}

// besideTwins counts the tables beside theirs, in which all rows have to be.
func besideTwins(t *testing.T, s *pgtest.Server, database, want string) {
	t.Helper()
	got := s.Ask(t, database, "postgres", `SELECT count(*) FROM pg_class
		WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' AND relname <> 't'`)
	if got != want {
		t.Errorf("%s tables are beside the one that is repaired, want %s", got, want)
	}
	if n := s.Ask(t, database, "postgres", "SELECT count(*) FROM app.t"); n != "3" {
		t.Errorf("%s rows are left of 3", n)
	}
}

// crashing is an operator whose server is gone when a session is asked for the
// nth time.
type crashing struct {
	healer.Operator
	left  int
	crash func()
}

func (c *crashing) Begin(ctx context.Context, op healer.Operation) (healer.Session, error) {
	if c.left--; c.left == 0 {
		c.crash()
	}
	return c.Operator.Begin(ctx, op)
}

// The server crashes between two transactions of a repair that moves rows, when
// nothing of it is under way. The attempt is not over then: when the server is
// there again, what the first ones made is cleared up, whichever they were.
// hazard: 8, 48
func TestAMoveWhoseServerCrashedInBetweenLeavesNothing(t *testing.T) {
	t.Parallel()
	x := newSite(t, nil, builtin(t), twins)
	for _, before := range []int{2, 5} { // of its transactions, the one that does not begin
		h := with(x.Stage, func(c *healer.Config) {
			c.Operator = &crashing{Operator: c.Operator, left: before, crash: func() {
				if err := x.Kill9(context.Background()); err != nil {
					t.Error(err)
				}
			}}
		})
		r, err := h.Heal(t.Context(), moving())
		if err != nil || len(r.Repairs) != 1 || r.Repairs[0].State != healer.Interrupted {
			t.Errorf("before transaction %d: %v, %v", before, r.Repairs, err)
		}
		if err := x.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := x.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		besideTwins(t, x.Server, x.Name, "0")
	}
}

// A server whose postmaster is killed while a transaction of a repair is open
// starts again at once. One that had made an unlogged relation does not: the
// session that outlives the postmaster aborts, removes the init fork, and what
// it writes about that is lost; so no repair makes one.
// hazard: 8
func TestAServerThatIsKilledInARepairStartsAgain(t *testing.T) {
	t.Parallel()
	x := newSite(t, map[string]string{"fsync": "on", "synchronous_commit": "on"}, builtin(t), twins)
	for _, behind := range []int{1, 3} { // the statements that make the quarantine and the worklist
		struck := false
		h := with(x.Stage, func(c *healer.Config) {
			c.Operator = &lingering{Operator: c.Operator, left: behind, linger: func() {
				struck = true
				// What the transaction has written is on disk when another one commits.
				x.super("CREATE TABLE app.other (); DROP TABLE app.other")
				if err := x.Kill9(context.Background()); err != nil {
					t.Error(err)
				}
			}}
		})
		if _, err := h.Heal(t.Context(), moving()); err != nil {
			t.Fatal(err)
		}
		if err := x.Restart(t.Context()); err != nil || !struck {
			t.Fatalf("behind statement %d (%t): %v", behind, struck, err)
		}
		if err := x.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// lingering is an operator behind whose nth statement something happens, before
// the statement's transaction ends.
type lingering struct {
	healer.Operator
	left   int
	linger func()
}

func (l *lingering) Begin(ctx context.Context, op healer.Operation) (healer.Session, error) {
	s, err := l.Operator.Begin(ctx, op)
	if err != nil {
		return nil, err
	}
	return lingers{s, l}, nil
}

type lingers struct {
	healer.Session
	of *lingering
}

func (l lingers) Exec(ctx context.Context, s healer.Statement) (healer.Outcome, error) {
	out, err := l.Session.Exec(ctx, s)
	if l.of.left--; err == nil && l.of.left == 0 {
		l.of.linger()
	}
	return out, err
}
