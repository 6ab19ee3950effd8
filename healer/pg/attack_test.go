package pg_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// attacks are statements that make the server run what an owner wrote. Naively
// is the same without what sandboxes it, where that is the server itself.
var attacks = []struct {
	name, script, class, sql, naively string
	mode                              rules.Mode
}{
	{
		name:   "a domain whose CHECK runs code, in VALIDATE",
		script: "CREATE TABLE app.a1 (id int); INSERT INTO app.a1 VALUES (1); ALTER TABLE app.a1 ADD CONSTRAINT c CHECK (id::app.hostile IS NOT NULL) NOT VALID",
		class:  "alter_table", sql: "ALTER TABLE app.a1 VALIDATE CONSTRAINT c", mode: rules.Transaction,
	},
	{
		name:   "ADD COLUMN of such a domain",
		script: "CREATE TABLE app.a2 (id int); INSERT INTO app.a2 VALUES (1)",
		class:  "alter_table", sql: "ALTER TABLE app.a2 ADD COLUMN d app.hostile DEFAULT 1", mode: rules.Transaction,
	},
	{
		name:   "ADD COLUMN with a volatile default",
		script: "CREATE TABLE app.a3 (id int); INSERT INTO app.a3 VALUES (1)",
		class:  "alter_table", sql: "ALTER TABLE app.a3 ADD COLUMN d int DEFAULT app.fresh(1)", mode: rules.Transaction,
	},
	{
		name: "ATTACH PARTITION to a table whose key runs code",
		script: "CREATE TABLE app.a4 (id int) PARTITION BY RANGE ((app.evil(id))); CREATE TABLE app.a4_1 (id int); " +
			"INSERT INTO app.a4_1 VALUES (1)",
		class: "alter_table", sql: "ALTER TABLE app.a4 ATTACH PARTITION app.a4_1 FOR VALUES FROM (0) TO (10)", mode: rules.Transaction,
	},
	{
		name:   "ATTACH PARTITION of a table whose CHECK runs code",
		script: "CREATE TABLE app.a5 (id int) PARTITION BY RANGE (id); CREATE TABLE app.a5_1 (id int, CHECK (app.evil(1) = 1)); INSERT INTO app.a5_1 VALUES (1)",
		class:  "alter_table", sql: "ALTER TABLE app.a5 ATTACH PARTITION app.a5_1 FOR VALUES FROM (0) TO (10)", mode: rules.Transaction,
	},
	{
		name: "rows that are moved from where a trigger waits",
		script: "CREATE TABLE app.a6 (id int); INSERT INTO app.a6 VALUES (1); CREATE TABLE app.a6_to (id int); " +
			"CREATE TRIGGER leaves BEFORE DELETE ON app.a6 FOR EACH ROW EXECUTE FUNCTION app.fires()",
		class: "insert", sql: "WITH gone AS (DELETE FROM ONLY app.a6 AS t RETURNING t.id) INSERT INTO app.a6_to (id) SELECT g.id FROM gone AS g", mode: rules.Transaction,
	},
	{
		name: "rows that are moved to where a trigger waits",
		script: "CREATE TABLE app.a7 (id int); INSERT INTO app.a7 VALUES (1); CREATE TABLE app.a7_to (id int); " +
			"CREATE TRIGGER comes AFTER INSERT ON app.a7_to FOR EACH STATEMENT EXECUTE FUNCTION app.fires()",
		class: "insert", sql: "WITH gone AS (DELETE FROM ONLY app.a7 AS t RETURNING t.id) INSERT INTO app.a7_to (id) SELECT g.id FROM gone AS g", mode: rules.Transaction,
	},
	{
		name:   "REFRESH MATERIALIZED VIEW",
		script: "CREATE MATERIALIZED VIEW app.a8 AS SELECT app.fresh(1) AS v WITH NO DATA",
		class:  "refresh_materialized_view", sql: "REFRESH MATERIALIZED VIEW app.a8", mode: rules.Session, naively: "SELECT app.fresh(1)",
	},
	{
		name:   "REFRESH MATERIALIZED VIEW CONCURRENTLY",
		script: "CREATE MATERIALIZED VIEW app.a9 AS SELECT app.fresh(1) AS v; CREATE UNIQUE INDEX ON app.a9 (v)",
		class:  "refresh_materialized_view", sql: "REFRESH MATERIALIZED VIEW CONCURRENTLY app.a9", mode: rules.Session, naively: "SELECT app.fresh(1)",
	},
}

// Each of them gives the healer's rights away under a mere SET ROLE, and none
// where the program runs it, though the owner's code does run.
// hazard: 36
func TestOwnerCodeInWhatRepairsRun(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		t.Run("of setup sql", func(t *testing.T) { attackAll(t, s, false) })
		t.Run("of a superuser", func(t *testing.T) { attackAll(t, s, true) })
	})
}

func attackAll(t *testing.T, s *pgtest.Server, super bool) {
	t.Helper()
	x := attacked(t, s, super)
	x.Exec(t, x.name, x.owner, evil+`
		CREATE FUNCTION app.fresh(v int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM app.really(); RETURN v; END $$;
		CREATE FUNCTION app.fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM app.really(); RETURN COALESCE(NEW, OLD); END $$;
		CREATE DOMAIN app.hostile AS int CHECK (app.evil(VALUE) = VALUE)`)
	for _, a := range attacks {
		x.Exec(t, x.name, x.owner, a.script)
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			naively := a.naively
			if naively == "" {
				naively = a.sql
			}
			x.succeeds(t, naively, super)
			x.Exec(t, x.name, x.owner, "TRUNCATE app.mark")
			op := begin(t, x.db, a.mode)
			_, err := op.Exec(t.Context(), healer.Statement{SQL: a.sql, Class: a.class, Role: x.owner})
			if err := errors.Join(err, op.Close(t.Context(), err == nil)); err != nil {
				t.Error(err)
			}
			if n := x.Ask(t, x.name, "postgres", "SELECT count(*) FROM app.mark"); n == "0" {
				t.Error("the owner's code did not run, so nothing is proved")
			}
			if n := x.stolen(t); n != "0" {
				t.Errorf("the owner's code made %s tables with the healer's rights", n)
			}
		})
	}
}

// stolen is how many tables were made with the healer's rights.
func (x *site) stolen(t *testing.T) string {
	t.Helper()
	return x.Ask(t, x.name, "postgres", "SELECT count(*) FROM pg_class WHERE relnamespace = 'canary'::regnamespace AND relkind = 'r'")
}

// succeeds runs a statement as a program would that knows no more than SET
// ROLE, to show that the attack is one, and takes it back.
func (x *site) succeeds(t *testing.T, sql string, super bool) {
	t.Helper()
	login := x.healr
	if super {
		login = "postgres"
	}
	c := x.Conn(t, x.name, login)
	defer c.Close(t.Context()) //nolint:errcheck // it was rolled back
	results, err := c.Exec(t.Context(), "BEGIN; SET ROLE "+x.owner+";"+sql+`; RESET ROLE;
		SELECT count(*) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'canary') AND relkind = 'r'; ROLLBACK`).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if stolen := string(results[len(results)-2].Rows[0][0]); stolen == "0" {
		t.Errorf("under a mere SET ROLE it takes no rights, so it is no attack: %s", sql)
	}
}

// A table can become a view between the plan and the read, and the functions of
// a view run with the rights of whoever reads it. Where the server can refuse
// that, it does.
// hazard: 36, 37
func TestOwnerCodeInAViewThatStandsForATable(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		x := attacked(t, s, true)
		x.Exec(t, x.name, x.owner, evil+`CREATE TABLE app.t AS SELECT 1 AS id;
			ALTER TABLE app.t RENAME TO was; CREATE VIEW app.t AS SELECT app.evil(id) AS id FROM app.was`)
		x.succeeds(t, "RESET ROLE; SELECT id FROM app.t", true)
		if n := x.Ask(t, x.name, "postgres", "SELECT count(*) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'"); n == "0" {
			t.Skip("this server cannot refuse it")
		}
		op := begin(t, x.db, rules.Transaction)
		for what, read := range map[string]func() error{
			"by itself": func() error {
				_, err := x.db.Read(t.Context(), read(t, "SELECT t.id FROM app.t AS t", ""))
				return err
			},
			"under the locks of a repair": func() error {
				_, err := op.Read(t.Context(), read(t, "SELECT t.id FROM app.t AS t", ""))
				return err
			},
		} {
			if err := read(); err == nil || !strings.Contains(err.Error(), "restricted") {
				t.Errorf("a read %s is not refused: %v", what, err)
			}
		}
		if err := op.Close(t.Context(), false); err != nil {
			t.Error(err)
		}
	})
}
