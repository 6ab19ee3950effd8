package healer_test

import (
	"context"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// Between the check and the act a session ends the transaction that held others
// up, and begins another; or its process is gone, and another session has its
// number. Neither is ended for what was.
// hazard: 14
func TestNoOtherSessionOrTransactionIsEnded(t *testing.T) {
	t.Parallel()
	st := stage(t, builtin(t), "CREATE TABLE app.t (id int PRIMARY KEY, v int); INSERT INTO app.t VALUES (1, 1)")
	s := pgtest.One(t)
	owner := st.Name + "_owner"
	idle, other := s.Conn(t, st.Name, owner), s.Conn(t, st.Name, owner)
	run := func(sql string) {
		t.Helper()
		if _, err := idle.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN; UPDATE app.t SET v = 2")
	play(t, st, "-- @busy waiter\nUPDATE app.t SET v = 3")
	if _, err := other.Exec(t.Context(), "BEGIN; SELECT 1").ReadAll(); err != nil {
		t.Fatal(err)
	}
	o := person("session/idle-in-transaction")
	o.Sets = []string{"session/idle-in-transaction.enabled=true", "session/idle-in-transaction.min_age=0s"}
	found(t, st, o, 1)

	spared := func(r healer.Result, err error) {
		t.Helper()
		if a := only(t, r, err); a.Verified || !strings.Contains(a.Err, "it repaired nothing") {
			t.Errorf("%s: %s", a.State, a.Err)
		}
		if _, err := idle.Exec(t.Context(), "SELECT 1").ReadAll(); err != nil {
			t.Errorf("the session that had idled was ended: %v", err)
		}
		if _, err := other.Exec(t.Context(), "SELECT 1").ReadAll(); err != nil {
			t.Errorf("the session that holds nobody up was ended: %v", err)
		}
	}
	spared(with(st, func(c *healer.Config) {
		c.Reader = renumbered{c.Reader, itoa(other.PID())}
	}).Heal(t.Context(), o))
	spared(with(st, func(c *healer.Config) {
		c.Observer = on(healer.StepStarted, func() { run("ROLLBACK; BEGIN; SELECT 1") })
	}).Heal(t.Context(), o))
}

// renumbered reads of a session as if its process had had another's number,
// which is what the server shows when a number is used again.
type renumbered struct {
	healer.Reader
	pid string
}

func (r renumbered) Read(ctx context.Context, q healer.Read) ([]rules.Row, error) {
	rows, err := r.Reader.Read(ctx, q)
	for _, row := range rows {
		for i := range row {
			if row[i].Name == "pid" {
				row[i].Text = r.pid
			}
		}
	}
	return rows, err
}
