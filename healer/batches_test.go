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
	st := stage(t, builtin(t), `CREATE TABLE app.t (id int);
		INSERT INTO app.t VALUES (1), (1), (2);
		-- @fails
		CREATE UNIQUE INDEX CONCURRENTLY t_key ON app.t (id)`)
	tables := func(want string) {
		t.Helper()
		got := s.Ask(t, st.Name, "postgres", `SELECT count(*) FROM pg_class
			WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' AND relname <> 't'`)
		if got != want {
			t.Errorf("%s tables are beside the one that is repaired, want %s", got, want)
		}
	}
	o := person("data/duplicate-rows")
	o.Ceiling, o.Yes, o.Sets = rules.High, true, nil
	if _, err := with(st, func(c *healer.Config) { c.Ledger = &ending{Ledger: st.Ledger} }).Heal(t.Context(), o); err == nil {
		t.Fatal("the ledger took everything")
	}
	tables("1")
	if err := st.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	tables("0")
	if n := s.Ask(t, st.Name, "postgres", "SELECT count(*) FROM app.t"); n != "3" {
		t.Errorf("%s rows are left of 3", n)
	}
}
