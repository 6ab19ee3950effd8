package healer_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
)

// 64 sessions, each with ids of the sequence in its cache, take more of them in
// the very moment in which the sequence is moved: under its lock, so that none
// is given twice.
// hazard: 19
func TestNoIDIsGivenTwice(t *testing.T) {
	t.Parallel()
	const inserters, cache = 64, 20
	x := newSite(t, map[string]string{"max_connections": "120"}, builtin(t), `
		CREATE SEQUENCE app.ids CACHE 20;
		CREATE TABLE app.t (id bigint DEFAULT nextval('app.ids'));
		CREATE INDEX t_id ON app.t (id);`)
	list := make([]*pgconn.PgConn, inserters)
	for i := range list {
		list[i] = x.Conn(t, x.Name, x.Name+"_owner")
	}
	insert := func(n int) {
		var all sync.WaitGroup
		for _, c := range list {
			all.Go(func() {
				for range n {
					if r := c.ExecParams(context.Background(), "INSERT INTO app.t DEFAULT VALUES", nil, nil, nil, nil).Read(); r.Err != nil {
						t.Error(r.Err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	insert(cache - 2)
	// The sequence is behind by so little that those who are not stopped get past it.
	x.super("INSERT INTO app.t SELECT last_value + 50 FROM app.ids; ANALYZE app.t")
	passed := "SELECT last_value > " + x.Ask(t, x.Name, "postgres", "SELECT max(id) FROM app.t") + " FROM app.ids"
	started := make(chan struct{})
	var inserting sync.WaitGroup
	inserting.Go(func() {
		<-started
		insert(3 * cache)
	})
	steps := 0
	h := with(x.Stage, func(c *healer.Config) {
		c.Observer = acts(func(tr healer.Transition) {
			// Behind the first step the new value has been read, and nothing been changed.
			if tr.Action != healer.StepStarted {
				return
			}
			if steps++; steps == 2 {
				close(started)
				for deadline := time.Now().Add(100 * time.Millisecond); time.Now().Before(deadline) && x.Ask(t, x.Name, "postgres", passed) != "t"; {
				}
			}
		})
	})
	r, err := h.Heal(t.Context(), person("sequence/behind"))
	a := only(t, r, err)
	if steps < 2 {
		t.Fatalf("%s: %s", a.State, a.Err)
	}
	inserting.Wait()
	// On a machine that stood still meanwhile it gives way, and then finds nothing to do.
	if !a.Verified && a.State != healer.Deferred && !strings.Contains(a.Err, "would go back") {
		t.Errorf("%s: %s", a.State, a.Err)
	}
	if twice := x.Ask(t, x.Name, "postgres", "SELECT count(*) - count(DISTINCT id) FROM app.t"); twice != "0" {
		t.Errorf("%s ids were given twice", twice)
	}
}
