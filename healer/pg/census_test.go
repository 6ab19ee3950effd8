package pg_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// A census is taken also while somebody holds a table and others wait for it,
// and says so.
func TestCensus(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		s.Exec(t, x.name, x.owner, `CREATE TABLE app."od d" (id serial PRIMARY KEY, v text);
			INSERT INTO app."od d" (v) SELECT repeat('x', 50) FROM generate_series(1, 5000);
			DELETE FROM app."od d" WHERE id <= 1000`)
		s.Exec(t, x.name, x.owner, `ANALYZE app."od d"`)
		holder, waiter := s.Conn(t, x.name, x.owner), s.Conn(t, x.name, x.owner)
		for _, sql := range []string{"BEGIN", `LOCK TABLE app."od d" IN ACCESS EXCLUSIVE MODE`} {
			if r := holder.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read(); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		waited := make(chan error, 1)
		go func() {
			waited <- waiter.ExecParams(context.Background(), `SELECT count(*) FROM app."od d"`, nil, nil, nil, nil).Read().Err
		}()
		var c healer.Census
		for deadline := time.Now().Add(time.Minute); len(c.Waits) == 0; time.Sleep(20 * time.Millisecond) {
			var err error
			if c, err = x.db.Census(t.Context()); err != nil {
				t.Fatal(err)
			}
			if time.Now().After(deadline) {
				t.Fatalf("nobody is seen to wait: %+v", c)
			}
		}
		if r := holder.ExecParams(t.Context(), "ROLLBACK", nil, nil, nil, nil).Read(); r.Err != nil {
			t.Fatal(r.Err)
		}
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
		lock := `AccessShareLock on app."od d"`
		if w := c.Waits[0]; w.Text("lock") != lock || w.Text("blocker_state") != "idle in transaction" || w.Text("user") != x.owner {
			t.Errorf("the wait is %v", w)
		}
		sized(t, c, "tables", c.Tables)
		sized(t, c, "indexes", c.Indexes)
		if i := slices.IndexFunc(c.Upkeep, isOdd); i < 0 || len(c.Upkeep[i].Text("dead_rows")) != 4 || c.Upkeep[i].Text("analyzed") == "" || c.Upkeep[i].Text("vacuumed") != "" {
			t.Errorf("upkeep: %v", c.Upkeep)
		}
		if c.Database != x.name || c.Totals.Text("max_sessions") == "" || c.Totals.Text("xid_age") == "" {
			t.Errorf("totals: %v", c.Totals)
		}
		if missing := strings.Join(c.Missing, "; "); len(c.Missing) != 2 || !strings.Contains(missing, "pg_stat_statements is not installed") ||
			!strings.Contains(missing, "1 of 1 sequences cannot be read: GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO "+x.observer) {
			t.Errorf("missing: %v", c.Missing)
		}
		s.Exec(t, x.name, x.owner, "GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO "+x.observer)
		if c, err := x.db.Census(t.Context()); err != nil || len(c.Missing) != 1 || len(c.Sequences) != 1 || c.Sequences[0].Text("last_value") != "5000" {
			t.Errorf("sequences: %v, %v; missing: %v", c.Sequences, err, c.Missing)
		}
	})
}

func isOdd(r rules.Row) bool { return strings.HasPrefix(r.Text("name"), "od d") }

func sized(t *testing.T, c healer.Census, what string, rows []rules.Row) {
	t.Helper()
	if i := slices.IndexFunc(rows, isOdd); i < 0 || len(rows[i].Text("bytes")) < 5 || rows[i].Text("schema") != "app" {
		t.Errorf("%s: %v; missing: %v", what, rows, c.Missing)
	}
}
