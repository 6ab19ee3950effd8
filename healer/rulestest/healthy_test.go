package rulestest_test

import (
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// healthy are databases in which nothing is to be repaired, with the default
// settings of all rules.
var healthy = map[string]string{
	"empty": "",
	"what pgbench makes": `
		CREATE TABLE app.pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
		CREATE TABLE app.pgbench_tellers (tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor = 100);
		CREATE TABLE app.pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
		CREATE TABLE app.pgbench_branches (bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor = 100);
		INSERT INTO app.pgbench_branches SELECT g, 0 FROM generate_series(1, 1) AS g;
		INSERT INTO app.pgbench_tellers SELECT g, 1, 0 FROM generate_series(1, 10) AS g;
		INSERT INTO app.pgbench_accounts SELECT g, 1, 0, '' FROM generate_series(1, 100000) AS g;
		ALTER TABLE app.pgbench_branches ADD PRIMARY KEY (bid);
		ALTER TABLE app.pgbench_tellers ADD PRIMARY KEY (tid);
		ALTER TABLE app.pgbench_accounts ADD PRIMARY KEY (aid);
		ALTER TABLE app.pgbench_tellers ADD FOREIGN KEY (bid) REFERENCES app.pgbench_branches;
		ALTER TABLE app.pgbench_accounts ADD FOREIGN KEY (bid) REFERENCES app.pgbench_branches;
		ALTER TABLE app.pgbench_history ADD FOREIGN KEY (aid) REFERENCES app.pgbench_accounts;
		UPDATE app.pgbench_accounts SET abalance = abalance + 1 WHERE aid <= 5000;
		INSERT INTO app.pgbench_history SELECT 1, 1, g, 1, now() FROM generate_series(1, 5000) AS g;
		VACUUM ANALYZE app.pgbench_branches, app.pgbench_tellers, app.pgbench_accounts, app.pgbench_history`,
	"names as pg_partman makes them": `
		CREATE TABLE app.events (at timestamptz NOT NULL, v int) PARTITION BY RANGE (at);
		DO $$ DECLARE d timestamptz; BEGIN
			FOR i IN -5..6 LOOP
				d := date_trunc('day', now()) + i * interval '1 day';
				EXECUTE format('CREATE TABLE app.events_p%s PARTITION OF app.events FOR VALUES FROM (%L) TO (%L)', to_char(d, 'YYYYMMDD'), d, d + interval '1 day');
			END LOOP;
		END $$;
		CREATE TABLE app.events_default PARTITION OF app.events DEFAULT;
		CREATE TABLE app.template_app_events (LIKE app.events);
		CREATE INDEX events_p_at_idx ON app.events (at);
		CREATE INDEX x_ccnew ON app.events_default (v)`,
}

// Nothing of a healthy database is repaired.
func TestNothingIsRepairedInHealthyDatabases(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		for name, script := range healthy {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				untouched(t, s, func(database string) { s.Exec(t, database, database+"_owner", script) })
			})
		}
		t.Run("every extension that is here", func(t *testing.T) {
			t.Parallel()
			untouched(t, s, func(database string) { extensions(t, s, database) })
		})
	})
}

// extensions installs all that can be installed without a restart.
func extensions(t *testing.T, s *pgtest.Server, database string) {
	t.Helper()
	c := s.Conn(t, database, "postgres")
	list := c.ExecParams(t.Context(), "SELECT name FROM pg_catalog.pg_available_extensions WHERE installed_version IS NULL ORDER BY name", nil, nil, nil, nil).Read()
	if list.Err != nil {
		t.Fatal(list.Err)
	}
	made := 0
	for _, row := range list.Rows {
		// Some need a language or a library that is not here.
		if s.Try(database, "postgres", `CREATE EXTENSION IF NOT EXISTS "`+string(row[0])+`" CASCADE`) == nil {
			made++
		}
	}
	t.Logf("%d of %d extensions", made, len(list.Rows))
}

// settle analyzes until nothing has changed since: what a session changed is
// counted a moment later, perhaps after its own ANALYZE.
func settle(t *testing.T, s *pgtest.Server, database string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		s.Exec(t, database, "postgres", "VACUUM ANALYZE")
		changed := s.Ask(t, database, "postgres", "SELECT count(*) FROM pg_stat_user_tables WHERE n_mod_since_analyze > 0 OR n_dead_tup > 0")
		if changed == "0" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s tables are still changing", changed)
		}
	}
}

func untouched(t *testing.T, s *pgtest.Server, fill func(database string)) {
	t.Helper()
	stage := staged(t, s)
	fill(stage.Name)
	settle(t, s, stage.Name)
	// The server is shared: what is said of it as a whole is not this database's.
	config := stage.Config
	config.Control = false
	r, err := healer.New(config).Heal(t.Context(), healer.Options{Person: true, Yes: true, Now: true, Ceiling: rules.High})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Plans {
		t.Errorf("it would repair %s, found by %s: %s", p.Plan.Finding.Object, p.Plan.Finding.Rule, p.Decision.Reason)
	}
	for _, skip := range r.Skips {
		t.Errorf("%s skipped %s: %s", skip.Rule, skip.Object, skip.Message)
	}
}
