package pg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

func TestMain(m *testing.M) { pgtest.Exit(m) }

// site is a database with an owner, and pgmend's roles as setup sql makes
// them.
type site struct {
	*pgtest.Server
	name            string
	owner           string
	observer, healr string
	db              *pg.Database
}

func newSite(t *testing.T, s *pgtest.Server) *site {
	t.Helper()
	x := &site{Server: s, name: s.Database(t), owner: s.Role(t, "")}
	x.observer, x.healr = x.owner+"_observer", x.owner+"_healer"
	grants, err := pg.SetupSQL(pg.SetupRequest{
		Version: s.Major * 10000, Observer: x.observer, Healer: x.healr,
		Owners: []string{x.owner}, Databases: []string{x.name},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it can be run again
		s.Exec(t, "postgres", "postgres", grants)
	}
	s.Exec(t, x.name, "postgres", "CREATE SCHEMA app AUTHORIZATION "+x.owner)
	x.db = x.open(t, false)
	return x
}

func (x *site) open(t *testing.T, super bool) *pg.Database {
	t.Helper()
	c := pg.Config{Observer: x.ConnString(x.name, x.observer), Healer: x.ConnString(x.name, x.healr)}
	if super {
		c = pg.Config{Observer: x.ConnString(x.name, "postgres"), AllowSuperuser: true}
	}
	db, err := pg.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func read(t *testing.T, sql, role string) healer.Read {
	t.Helper()
	q, err := rules.ParseTemplate(sql, 1)
	if err != nil {
		t.Fatal(err)
	}
	return healer.Read{Application: "pgmend/test", Query: q, Role: role}
}

func TestIdentify(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		id, err := x.db.Identify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if id.Database != x.name || id.Major() != s.Major || id.InRecovery || id.Superuser ||
			id.User != x.observer || id.Timeline != 1 || id.SystemIdentifier == "" || id.Extensions["plpgsql"] != "pg_catalog" {
			t.Errorf("Identify = %+v", id)
		}
	})
}

// hazard: 36
func TestASuperuserIsRefused(t *testing.T) {
	s := pgtest.One(t)
	_, err := pg.Open(t.Context(), pg.Config{Observer: s.ConnString("postgres", "postgres")})
	var refusal *healer.Refusal
	if !errors.As(err, &refusal) {
		t.Errorf("a superuser was let in: %v", err)
	}
}

func TestConnectionErrorsTellAndDoNotLeak(t *testing.T) {
	_, err := pg.Open(t.Context(), pg.Config{Observer: "host=/nonexistent password=hunter2 dbname=x"})
	if !healer.IsConnection(err) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a server that is not there: %v", err)
	}
	if _, err := pg.Open(t.Context(), pg.Config{Observer: "postgres://u:hunter2@[::bad"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a bad URI: %v", err)
	}
}

// hazard: 16
func TestALockedTableBlindsNothing(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int PRIMARY KEY)")
		c := x.Conn(t, x.name, x.owner)
		if _, err := c.Exec(t.Context(), "BEGIN; LOCK TABLE app.t").ReadAll(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, err := x.db.Read(t.Context(), read(t, "SELECT pg_catalog.pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index AS i WHERE i.indrelid = (SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.relname = 't')", ""))
		var db *healer.DatabaseError
		if !errors.As(err, &db) || db.SQLState != "55P03" || time.Since(begun) > time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		if _, err := x.db.Read(t.Context(), read(t, "SELECT 1", "")); err != nil {
			t.Errorf("the session is not usable after it: %v", err)
		}
	})
}

func TestReadInTheSandboxKeepsTypes(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, "CREATE TABLE app.t AS SELECT 1 AS id, NULL::text AS n, 'x' AS v")
		if _, err := x.db.Read(t.Context(), read(t, "SELECT id FROM app.t", "")); err == nil {
			t.Error("the observer reads rows without the owner")
		}
		rows, err := x.db.Read(t.Context(), read(t, "SELECT pg_catalog.max(t.id) AS top, t.n, t.v FROM app.t AS t GROUP BY 2, 3", x.owner))
		if err != nil || len(rows) != 1 {
			t.Fatalf("%v, %v", rows, err)
		}
		top, _ := rows[0].Get("top")
		n, _ := rows[0].Get("n")
		if top.Text != "1" || !top.Drifts() || !n.Null || rows[0].Text("v") != "x" {
			t.Errorf("rows = %v", rows)
		}
	})
}

func TestMissingMembershipSaysTheGrant(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	stranger := x.Role(t, "")
	_, err := x.db.Read(t.Context(), read(t, "SELECT 1", stranger))
	if err == nil || !strings.Contains(err.Error(), `GRANT "`+stranger+`"`) {
		t.Errorf("err = %v", err)
	}
}

// attempts counts them: each has a name of its own, as repairs have.
var attempts atomic.Int64

func attempt() string { return fmt.Sprintf("pgmend/test/%d", attempts.Add(1)) }

func begin(t *testing.T, db *pg.Database, mode rules.Mode) healer.Session {
	t.Helper()
	s, err := db.Begin(t.Context(), healer.Operation{Application: attempt(), Mode: mode, Deadline: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// evil is what an owner may write who wants the healer's rights: wherever the
// server can be made to run it, it marks that it ran, tries to become somebody
// else, and to make what its owner may not.
const evil = `
CREATE TABLE app.mark (who text);
CREATE FUNCTION app.really() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  BEGIN
    INSERT INTO app.mark VALUES (current_user);
  EXCEPTION WHEN OTHERS THEN NULL; -- where nothing may be written
  END;
  BEGIN
    EXECUTE 'RESET ROLE';
    EXECUTE 'CREATE TABLE canary.t' || (random() * 1e9)::int || ' (x int)';
  EXCEPTION WHEN OTHERS THEN NULL;
  END;
  BEGIN
    EXECUTE 'SET SESSION AUTHORIZATION DEFAULT';
    EXECUTE 'CREATE TABLE canary.t' || (random() * 1e9)::int || ' (x int)';
  EXCEPTION WHEN OTHERS THEN NULL;
  END;
END $$;
CREATE FUNCTION app.evil(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM app.really(); RETURN v; END $$;`

// canary is a schema that the healer's own role may write into and the owner
// may not: what appears there was done with the healer's rights.
func (x *site) canary(t *testing.T) {
	t.Helper()
	x.Exec(t, x.name, "postgres", "CREATE SCHEMA canary; GRANT ALL ON SCHEMA canary TO "+x.healr)
	t.Cleanup(func() {
		if n := x.Ask(t, x.name, "postgres", "SELECT count(*) FROM pg_class WHERE relnamespace = 'canary'::regnamespace"); n != "0" {
			t.Errorf("the owner's code made %s tables with the healer's rights", n)
		}
	})
}

// attacked is a site whose owner is evil, and whose healer may be a superuser.
func attacked(t *testing.T, s *pgtest.Server, super bool) *site {
	t.Helper()
	x := newSite(t, s)
	x.canary(t)
	if super {
		x.db = x.open(t, true)
	}
	return x
}

// hazard: 36
func TestOwnerCodeCannotBorrowTheHealersRights(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Run("of setup sql", func(t *testing.T) { attack(t, s, false) })
		t.Run("of a superuser", func(t *testing.T) { attack(t, s, true) })
	})
}

// attack runs an owner's code in all the ways there are.
func attack(t *testing.T, s *pgtest.Server, super bool) {
	t.Helper()
	t.Run("index predicate in a sandboxed read", func(t *testing.T) {
		x := attacked(t, s, super)
		x.Exec(t, x.name, x.owner, evil+"CREATE TABLE app.t (id int); CREATE INDEX ON app.t (id) WHERE app.evil(1) = 1; INSERT INTO app.t VALUES (1)")
		if _, err := x.db.Read(t.Context(), read(t, "SELECT t.id FROM app.t AS t WHERE t.id = 1", x.owner)); err != nil {
			t.Error(err)
		}
	})
	t.Run("index predicate in sandboxed reads together", func(t *testing.T) {
		x := attacked(t, s, super)
		x.Exec(t, x.name, x.owner, evil+"CREATE TABLE app.t (id int); CREATE INDEX ON app.t (id) WHERE app.evil(1) = 1; INSERT INTO app.t VALUES (1)")
		answers, err := x.db.ReadEach(t.Context(), read(t, "SELECT t.id FROM app.t AS t WHERE t.id = 1", x.owner), make([]rules.Values, 5), 2)
		for i, a := range answers {
			if !a.Given || len(a.Rows) != 1 {
				t.Errorf("answer %d: %+v", i, a)
			}
		}
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("CHECK in VALIDATE", func(t *testing.T) {
		x := attacked(t, s, super)
		x.Exec(t, x.name, x.owner, evil+"CREATE TABLE app.t (id int); INSERT INTO app.t VALUES (1); ALTER TABLE app.t ADD CONSTRAINT c CHECK (app.evil(id) = id) NOT VALID")
		op := begin(t, x.db, rules.Transaction)
		_, err := op.Exec(t.Context(), healer.Statement{SQL: "ALTER TABLE app.t VALIDATE CONSTRAINT c", Class: "alter_table", Role: x.owner})
		if err := errors.Join(err, op.Close(t.Context(), err == nil)); err != nil {
			t.Error(err)
		}
		if v := x.Ask(t, x.name, "postgres", "SELECT convalidated FROM pg_constraint WHERE conname = 'c'"); v != "t" {
			t.Error("the constraint is not validated")
		}
	})
	t.Run("a trigger that defers itself to COMMIT", func(t *testing.T) {
		x := attacked(t, s, super)
		x.Exec(t, x.name, x.owner, evil+`
				CREATE TABLE app.t (id int);
				CREATE FUNCTION app.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					PERFORM app.evil(1);
					IF NEW.id < 3 THEN SET CONSTRAINTS ALL DEFERRED; INSERT INTO app.t VALUES (NEW.id + 1); END IF;
					RETURN NULL; END $$;
				CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.fire();
				CREATE FUNCTION app.launder(v int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.t VALUES (v); RETURN v; END $$;
				CREATE TABLE app.u (id int); INSERT INTO app.u VALUES (1);
				ALTER TABLE app.u ADD CONSTRAINT c CHECK (app.launder(id) = id) NOT VALID`)
		op := begin(t, x.db, rules.Transaction)
		_, err := op.Exec(t.Context(), healer.Statement{SQL: "ALTER TABLE app.u VALIDATE CONSTRAINT c", Class: "alter_table", Role: x.owner})
		if err != nil {
			t.Fatal(err)
		}
		err = op.Close(t.Context(), true)
		var refusal *healer.Refusal
		if s.Major < 18 && !errors.As(err, &refusal) {
			t.Errorf("a deferred trigger of the owner was let through to COMMIT: %v", err)
		}
	})
	t.Run("a cursor WITH HOLD", func(t *testing.T) {
		x := attacked(t, s, super)
		x.Exec(t, x.name, x.owner, evil+`
				CREATE FUNCTION app.hold(v int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
					EXECUTE 'DECLARE late CURSOR WITH HOLD FOR SELECT app.evil(x) FROM generate_series(1, 2) x'; RETURN v; END $$;
				CREATE TABLE app.u (id int); INSERT INTO app.u VALUES (1);
				ALTER TABLE app.u ADD CONSTRAINT c CHECK (app.hold(id) = id) NOT VALID`)
		op := begin(t, x.db, rules.Transaction)
		_, err := op.Exec(t.Context(), healer.Statement{SQL: "ALTER TABLE app.u VALIDATE CONSTRAINT c", Class: "alter_table", Role: x.owner})
		if err := op.Close(t.Context(), err == nil); err != nil {
			t.Logf("refused, as it should be: %v", err)
		}
	})
	t.Run("an index expression in REINDEX and ANALYZE", func(t *testing.T) {
		x := attacked(t, s, super)
		x.Exec(t, x.name, x.owner, evil+"CREATE TABLE app.t (id int); INSERT INTO app.t SELECT generate_series(1, 50); CREATE INDEX i ON app.t (app.evil(id))")
		for class, sql := range map[string]string{
			"reindex_index": "REINDEX INDEX CONCURRENTLY app.i", "analyze": "ANALYZE app.t", "vacuum": "VACUUM app.t",
		} {
			op := begin(t, x.db, rules.Session)
			_, err := op.Exec(t.Context(), healer.Statement{SQL: sql, Class: class, Role: x.owner})
			if err := errors.Join(err, op.Close(t.Context(), true)); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
}

// hazard: 3, 1
func TestWatchdogYieldsToOthers(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); INSERT INTO app.t VALUES (1)")
		// A reader keeps the concurrent drop in its wait; a writer of DDL then
		// queues behind it.
		x.Exec(t, x.name, x.owner, "CREATE INDEX i ON app.t (id)")
		holder := x.Conn(t, x.name, x.owner)
		if _, err := holder.Exec(t.Context(), "BEGIN; LOCK TABLE app.t IN SHARE ROW EXCLUSIVE MODE").ReadAll(); err != nil {
			t.Fatal(err)
		}
		op := begin(t, x.db, rules.Session)
		out, err := op.Exec(t.Context(), healer.Statement{SQL: "DROP INDEX CONCURRENTLY app.i", Class: "drop_index", Role: x.owner})
		var y *healer.Yield
		if !errors.As(err, &y) || out.Elapsed > 3*time.Second {
			t.Errorf("after %s: %v", out.Elapsed, err)
		}
		if err := op.Close(t.Context(), false); err != nil {
			t.Error(err)
		}
		if v := x.Ask(t, x.name, "postgres", "SELECT indisvalid FROM pg_index WHERE indexrelid = 'app.i'::regclass"); v != "t" {
			t.Error("the good index was made invalid")
		}
	})
}

func TestSnapshotSeesWhatARepairCouldChange(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := newSite(t, s)
		x.Exec(t, x.name, x.owner, `CREATE TABLE app."a ""b.c" (id serial PRIMARY KEY, v text DEFAULT 'x', CHECK (v <> 'y'))`)
		object := healer.Object{Schema: "app", Name: `a "b.c`}
		before, err := x.db.Snapshot(t.Context(), object)
		if err != nil || before.Kind != "table" || before.Owner != x.owner || before.OwnerSuper {
			t.Fatalf("%+v, %v", before, err)
		}
		for _, change := range []string{
			`ALTER TABLE app."a ""b.c" SET (fillfactor = 50)`,
			`ALTER TABLE app."a ""b.c" ALTER v SET STATISTICS 7`,
			`COMMENT ON TABLE app."a ""b.c" IS 'it''s'`,
			`CREATE INDEX ON app."a ""b.c" (v)`,
			`GRANT SELECT ON app."a ""b.c" TO PUBLIC`,
			`ALTER TABLE app."a ""b.c" REPLICA IDENTITY FULL`,
			`ALTER TABLE app."a ""b.c" ADD CONSTRAINT n CHECK (id > 0) NOT VALID`,
			`ALTER TABLE app."a ""b.c" VALIDATE CONSTRAINT n`,
			`ALTER TABLE app."a ""b.c" ALTER v DROP DEFAULT`,
			`ALTER TABLE app."a ""b.c" ENABLE ROW LEVEL SECURITY`,
		} {
			x.Exec(t, x.name, x.owner, change)
			after, err := x.db.Snapshot(t.Context(), object)
			if err != nil {
				t.Fatal(err)
			}
			if len(before.Diff(after)) == 0 {
				t.Errorf("the snapshot does not see %s", change)
			}
			before = after
		}
		gone, err := x.db.Snapshot(t.Context(), healer.Object{OID: 1, Schema: "app", Name: "none"})
		if err != nil || gone.Exists() {
			t.Errorf("an object that is not there: %+v, %v", gone, err)
		}
	})
}

func TestACancelledContextLeavesNoStatementBehind(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := x.db.Read(ctx, read(t, "SELECT pg_catalog.pg_sleep(20)", "")); err == nil {
		t.Error("the query was not cancelled")
	}
	if n := x.Ask(t, x.name, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND state = 'active' AND pid <> pg_backend_pid()"); n != "0" {
		t.Error("the statement goes on at the server")
	}
}

// hazard: 10
func TestOneHealerPerCluster(t *testing.T) {
	x := newSite(t, pgtest.One(t))
	release, err := x.db.Lead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := x.open(t, true)
	if _, err := other.Lead(t.Context()); err == nil || !strings.Contains(err.Error(), "pgmend/lead") {
		t.Errorf("a second healer leads too: %v", err)
	}
	release()
	again, err := other.Lead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again()
}
