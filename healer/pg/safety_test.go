package pg_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// A login's own settings, such as a statement_timeout that would end a reindex
// half-way, do not reach a repair; nor does a hostile search_path. It is the same
// where the login is a superuser.
// hazard: 12, 37
func TestALoginsOwnSettingsDoNotHold(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Run("of setup sql", func(t *testing.T) { ownSettings(t, newSite(t, s)) })
		t.Run("of a superuser", func(t *testing.T) {
			x := newSite(t, s)
			x.Exec(t, x.name, "postgres", "ALTER ROLE "+x.healr+" SUPERUSER")
			db, err := pg.Open(t.Context(), pg.Config{Observer: x.ConnString(x.name, x.healr), AllowSuperuser: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			x.db = db
			ownSettings(t, x)
		})
	})
}

func ownSettings(t *testing.T, x *site) {
	t.Helper()
	for _, setting := range []string{
		"statement_timeout = '11s'", "lock_timeout = '11s'", "idle_in_transaction_session_timeout = '11s'",
		"search_path = public, pg_catalog", "row_security = on", "default_transaction_read_only = on", "quote_all_identifiers = on",
		"synchronous_commit = off", "client_min_messages = error", "\"DateStyle\" = 'German'",
	} {
		x.Exec(t, x.name, "postgres", "ALTER ROLE "+x.healr+" SET "+setting)
	}
	// It would stand in for pg_catalog's, if public came first.
	x.Exec(t, x.name, "postgres", `CREATE FUNCTION public.length(text) RETURNS int LANGUAGE sql AS 'SELECT -1'; GRANT CREATE ON SCHEMA public TO PUBLIC`)
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 20000); CREATE INDEX i ON app.t (id)")
	op := begin(t, x.db, rules.Session)
	_, err := op.Exec(t.Context(), healer.Statement{SQL: "REINDEX INDEX CONCURRENTLY app.i", Class: "reindex_index", Role: x.owner})
	if err := errors.Join(err, op.Close(t.Context(), true)); err != nil {
		t.Error(err)
	}
	op = begin(t, x.db, rules.Transaction)
	rows, err := op.Read(t.Context(), read(t, `SELECT length('abc') AS n, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_settings AS s WHERE s.setting = '11000') AS kept`, ""))
	if err := errors.Join(err, op.Close(t.Context(), true)); err != nil {
		t.Fatal(err)
	}
	if rows[0].Text("n") != "3" || rows[0].Text("kept") != "0" {
		t.Errorf("%+v", rows)
	}
	// What cannot be set is read, and with it nothing is repaired.
	for name, value := range map[string]string{"session_replication_role": "replica", "zero_damaged_pages": "on", "ignore_checksum_failure": "on"} {
		x.Exec(t, x.name, "postgres", "ALTER ROLE "+x.healr+" SET "+name+" = "+value)
		var refused *healer.Refusal
		op, err := x.db.Begin(t.Context(), healer.Operation{Application: attempt(), Mode: rules.Transaction})
		if !errors.As(err, &refused) || !strings.Contains(refused.Reason, name) {
			t.Errorf("with %s = %s it repairs: %v", name, value, err)
		}
		if err == nil {
			err = op.Close(t.Context(), false)
			t.Log(err)
		}
		x.Exec(t, x.name, "postgres", "ALTER ROLE "+x.healr+" RESET "+name)
	}
}

// until waits until a query says t.
func (x *site) until(t *testing.T, sql string) {
	t.Helper()
	c := x.Conn(t, x.name, "postgres")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
		if r.Err != nil || time.Now().After(deadline) {
			t.Fatalf("it did not come to this: %s: %v", sql, r.Err)
		}
		if string(r.Rows[0][0]) == "t" {
			return
		}
	}
}

// A session that arrives while our statement is at work, and has to wait for
// it, waits no longer than the lock budget: here a VACUUM that may not skip,
// as one against wraparound.
// hazard: 9, 13
func TestALateVacuumDoesNotWaitForUs(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 100); CREATE INDEX i ON app.t (id)")
	// An old snapshot keeps the rebuild in its wait, with its lock held.
	reader := x.Conn(t, x.name, x.owner)
	if _, err := reader.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM app.t").ReadAll(); err != nil {
		t.Fatal(err)
	}
	op := begin(t, x.db, rules.Session)
	vacuumed := make(chan error, 1)
	go func() {
		x.until(t, "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'REINDEX INDEX CONCURRENTLY%' AND wait_event_type = 'Lock' AND datname = current_database()")
		vacuumed <- x.Try(x.name, x.owner, "VACUUM (FREEZE) app.t")
	}()
	_, err := op.Exec(t.Context(), healer.Statement{SQL: "REINDEX INDEX CONCURRENTLY app.i", Class: "reindex_index", Role: x.owner})
	var y *healer.Yield
	if !errors.As(err, &y) || !strings.Contains(y.Reason, "waited") {
		t.Errorf("err = %v", err)
	}
	if err := op.Close(t.Context(), false); err != nil {
		t.Error(err)
	}
	if err := <-vacuumed; err != nil {
		t.Error(err)
	}
}

// A transaction of ours that keeps a lock while nothing of it runs, because
// the disk of the ledger is slow, is given up as well.
// hazard: 1
func TestNobodyWaitsForATransactionThatDoesNothing(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); INSERT INTO app.t VALUES (1); ALTER TABLE app.t ADD CONSTRAINT c CHECK (id > 0) NOT VALID")
	op := begin(t, x.db, rules.Transaction)
	_, err := op.Exec(t.Context(), healer.Statement{SQL: "ALTER TABLE app.t VALIDATE CONSTRAINT c", Class: "alter_table", Role: x.owner})
	if err != nil {
		t.Fatal(err)
	}
	// It returns only when our lock is gone, and nobody goes on here.
	if err := x.Try(x.name, x.owner, "SET lock_timeout = '30s'; ALTER TABLE app.t SET (fillfactor = 90)"); err != nil {
		t.Errorf("somebody waited for a lock of ours until he gave up: %v", err)
	}
	var y *healer.Yield
	if _, err := op.Read(t.Context(), read(t, "SELECT 1 AS one", "")); !errors.As(err, &y) {
		t.Errorf("the transaction goes on: %v", err)
	}
	if err := op.Close(t.Context(), true); err == nil {
		t.Error("it was committed")
	}
}

// The session that acts looks for itself whether it is where the repair was
// planned for, before every statement.
// hazard: 29, 30
func TestTheActingSessionMakesSureWhereItIs(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int)")
	here, err := x.db.Identify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if here.DataDirectory != x.DataDir() {
		t.Errorf("the observer sees the data directory %q, not %s", here.DataDirectory, x.DataDir())
	}
	acting := x.db
	try := func(change func(*healer.Identity)) error {
		t.Helper()
		there := here
		change(&there)
		op, err := acting.Begin(t.Context(), healer.Operation{Application: attempt(), Mode: rules.Session, Server: there})
		if err != nil {
			return err
		}
		_, err = op.Exec(t.Context(), healer.Statement{SQL: "ANALYZE app.t", Class: "analyze", Role: x.owner})
		return errors.Join(err, op.Close(t.Context(), true))
	}
	elsewhere := func(i *healer.Identity) { i.DataDirectory += "/copy" }
	for what, change := range map[string]func(*healer.Identity){
		"here": func(*healer.Identity) {}, "where the directory may not be known": elsewhere,
	} {
		if err := try(change); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	acting = x.open(t, true)
	for what, change := range map[string]func(*healer.Identity){
		"another server": func(i *healer.Identity) { i.SystemIdentifier = "42" }, "another timeline": func(i *healer.Identity) { i.Timeline++ },
		"another database": func(i *healer.Identity) { i.DatabaseOID++ }, "another data directory": elsewhere,
	} {
		var y *healer.Yield
		if err := try(change); !errors.As(err, &y) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A read holds a lock as well, and whoever alters the table waits for it, with
// everybody behind him. So it gives way, however long it still would take.
// hazard: 1
func TestAReadGivesWay(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 1000)")
	const slow = "SELECT pg_catalog.pg_sleep(t.id / t.id) AS slept FROM app.t AS t"
	for what, read := range map[string]func(context.Context) error{
		"of an owner's rows": func(ctx context.Context) error {
			_, err := x.db.Read(ctx, read(t, slow, x.owner))
			return err
		},
		"of many together": func(ctx context.Context) error {
			_, err := x.db.ReadEach(ctx, read(t, slow, x.owner), make([]rules.Values, 2), 2)
			return err
		},
	} {
		altered := make(chan error, 1)
		go func() {
			x.until(t, "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'app.t'::regclass AND mode = 'AccessShareLock' AND granted")
			// It has to come to its end long before the read would.
			altered <- x.Try(x.name, x.owner, "SET lock_timeout = '15s'; ALTER TABLE app.t ADD COLUMN x int; ALTER TABLE app.t DROP COLUMN x")
		}()
		err := read(t.Context())
		var y *healer.Yield
		if !errors.As(err, &y) || !strings.Contains(y.Reason, "waited") {
			t.Errorf("a read %s: %v", what, err)
		}
		if err := <-altered; err != nil {
			t.Errorf("a read %s kept somebody waiting until he gave up: %v", what, err)
		}
	}
	if _, err := x.db.Read(t.Context(), read(t, "SELECT pg_catalog.pg_sleep(2) FROM app.t AS t WHERE t.id = 1", x.owner)); err != nil {
		t.Errorf("a read that nobody waits for: %v", err)
	}
}
