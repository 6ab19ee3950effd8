package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// healed waits until a rule's repair is verified, and says how long after the
// fault was logged that was.
func (h *host) healed(t *testing.T, rule string, since time.Time) {
	t.Helper()
	eventually(t, rule+" is healed", patience, func() bool { return h.verified(t, rule) })
	for _, a := range h.attempts(t) {
		if a.Plan.Finding.Rule == rule && a.Verified {
			t.Logf("%s: %.1f s from the failing statement to the verified repair", rule, a.Ended.Sub(since).Seconds())
		}
	}
}

// approved waits for a rule's plan and approves it.
func (h *host) approved(t *testing.T, rule string) {
	t.Helper()
	eventually(t, rule+" is planned", patience, func() bool {
		for _, p := range h.history(t).Proposals {
			if p.Plan.Finding.Rule == rule {
				h.command(t, "approve", p.Plan.ID)
				return true
			}
		}
		return false
	})
}

// Faults that the log tells of are healed long before their rules come due: a
// sequence that is behind, a partition that is missing, and a unique index that
// could not be built, after an approval of what becomes of the duplicates.
func TestWhatTheLogTellsOfIsHealedAtOnce(t *testing.T) {
	h := newHost(t, `CREATE TABLE app.orders (id serial PRIMARY KEY, v text);
		INSERT INTO app.orders (v) SELECT g FROM generate_series(1, 10) AS g;
		CREATE TABLE app.users (id int PRIMARY KEY, email text);
		INSERT INTO app.users SELECT g, g || '@x' FROM generate_series(1, 100) AS g;
		CREATE TABLE app.events (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES FROM (0) TO (1000);
		CREATE TABLE app.events_2 PARTITION OF app.events FOR VALUES FROM (1000) TO (2000);
		CREATE TABLE app.events_3 PARTITION OF app.events FOR VALUES FROM (2000) TO (3000);
		CREATE TABLE app.events_4 PARTITION OF app.events FOR VALUES FROM (3000) TO (4000);
		CREATE TABLE app.events_5 PARTITION OF app.events FOR VALUES FROM (4000) TO (5000);
		CREATE TABLE app.events_6 PARTITION OF app.events FOR VALUES FROM (5000) TO (6000);
		INSERT INTO app.events VALUES (1)`)
	log, end := h.run(t)
	eventually(t, "a cycle is completed", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
	for _, f := range []struct{ script, approve, rules, again string }{
		{`INSERT INTO app.orders (id, v) SELECT g, 'copied' FROM generate_series(11, 100) AS g;
		-- @fails
		INSERT INTO app.orders (v) VALUES ('by default')`, "", "sequence/behind", "INSERT INTO app.orders (v) VALUES ('by default')"},
		{`INSERT INTO app.events VALUES (5999);
		-- @fails
		INSERT INTO app.events VALUES (6000)`, "", "partition/missing-next", "INSERT INTO app.events VALUES (6000)"},
		{`INSERT INTO app.users VALUES (101, '1@x');
		-- @fails
		CREATE UNIQUE INDEX CONCURRENTLY users_email ON app.users (email)`, "data/duplicate-rows", "data/duplicate-rows index/invalid-unique", `-- @fails
		INSERT INTO app.users VALUES (102, '1@x')`},
	} {
		h.play(t, f.script)
		since := time.Now()
		if f.approve != "" {
			h.approved(t, f.approve)
		}
		for _, rule := range strings.Fields(f.rules) {
			h.healed(t, rule, since)
		}
		h.play(t, f.again)
	}
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// What only the log knows, the daemon counts: a deadlock as the server prints
// it becomes a finding, with the statements of both sides and without what is
// in them.
func TestTheDaemonCountsDeadlocks(t *testing.T) {
	h := newHost(t, `CREATE TABLE app.a (id int PRIMARY KEY, v text); CREATE TABLE app.b (id int PRIMARY KEY, v text);
		INSERT INTO app.a VALUES (1); INSERT INTO app.b VALUES (1)`)
	server := &pgtest.Server{Server: h.server}
	server.Exec(t, "postgres", "postgres", "ALTER SYSTEM SET deadlock_timeout = '50ms'")
	server.Exec(t, "postgres", "postgres", "SELECT pg_reload_conf()")
	h.edit(t, "rules:\n", "rules:\n  log/deadlocks: {min_events: 2, every: 1s}\n")
	log, end := h.run(t)
	eventually(t, "a cycle is completed", patience, func() bool { return !h.status(t).LastCycle.IsZero() })
	one, two := server.Conn(t, h.stage.Name, h.stage.Name+"_owner"), server.Conn(t, h.stage.Name, h.stage.Name+"_owner")
	run := func(first bool, sql string) error {
		c := one
		if !first {
			c = two
		}
		_, err := c.Exec(t.Context(), sql).ReadAll()
		return err
	}
	for n := range 2 {
		held := fmt.Sprintf("SET v = 'secret%d' WHERE id = 1", n)
		for _, err := range []error{run(true, "BEGIN"), run(true, "UPDATE app.a "+held), run(false, "BEGIN"), run(false, "UPDATE app.b "+held)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		ended := make(chan error, 1)
		go func() { ended <- run(true, "UPDATE app.b SET v = 'secret' WHERE id = 1") }()
		err := run(false, "UPDATE app.a SET v = 'secret' WHERE id = 1")
		if other := <-ended; (err == nil) == (other == nil) {
			t.Fatalf("one of them has to be ended: %v, %v", err, other)
		}
		for _, first := range []bool{true, false} {
			if err := run(first, "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
		}
	}
	var facts string
	eventually(t, "the deadlocks are found", patience, func() bool {
		for _, f := range h.findings(t) {
			if f.Rule == "log/deadlocks" && f.Facts["events"].Text == "2" {
				facts = fmt.Sprint(f.Facts)
				return true
			}
		}
		return false
	})
	for _, want := range []string{"app.a", "app.b", "UPDATE app.a SET v = '***'", h.stage.Name + "_owner"} {
		if !strings.Contains(facts, want) {
			t.Errorf("the finding does not name %s: %s", want, facts)
		}
	}
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
	if strings.Contains(facts, "secret") || strings.Contains(log.String(), "secret") {
		t.Errorf("it quotes a literal: %s", facts)
	}
}
