package healer_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/rules"
)

// statements has one of each class that a step can be of, or more where their
// tags differ. Before stands what it needs.
var statements = []struct{ before, sql string }{
	{"CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, v int DEFAULT 1, w int CHECK (w > 0))", "CREATE INDEX CONCURRENTLY i ON app.t (v)"},
	{"", "REINDEX INDEX CONCURRENTLY app.i"},
	{"", "REINDEX TABLE CONCURRENTLY app.t"},
	{"", "DROP INDEX CONCURRENTLY app.i"},
	{"", "INSERT INTO app.t VALUES (1)"},
	{"", "VACUUM (FREEZE, ANALYZE) app.t"},
	{"", "ANALYZE app.t"},
	{"", "DELETE FROM app.t"},
	{"", "SELECT pg_catalog.pg_reload_conf()"},
	{"", "LOCK TABLE app.t IN SHARE MODE"},
	{"", "ALTER SYSTEM RESET application_name"},
	{"BEGIN; INSERT INTO app.t VALUES (2); PREPARE TRANSACTION 'tagged'", "ROLLBACK PREPARED 'tagged'"},
	{"", "COMMENT ON TABLE app.t IS 'x'"},
	{"", "ALTER TABLE app.t ALTER COLUMN v SET STATISTICS 10"},
	{"", "ALTER TABLE app.t ADD COLUMN at float8 DEFAULT pg_catalog.random()"}, // which rewrites it
	{"", "ALTER TABLE app.t ALTER COLUMN v DROP DEFAULT"},
	{"", "ALTER TABLE app.t DROP CONSTRAINT t_w_check"},
	{"", "ALTER TABLE app.t DROP COLUMN w"},
	{"", "ALTER TABLE app.t OWNER TO pg_monitor"},
	{"CREATE TABLE app.p (v int) PARTITION BY LIST (v); CREATE TABLE app.p1 (v int); CREATE INDEX one ON app.p1 (v)", "ALTER TABLE app.p ATTACH PARTITION app.p1 FOR VALUES IN (1)"},
	{"", "CREATE INDEX part ON ONLY app.p (v)"},
	{"", "ALTER INDEX app.part ATTACH PARTITION app.one"},
	{"", "ALTER TABLE app.p DETACH PARTITION app.p1"},
	{"", "CREATE SEQUENCE app.s"},
	{"", "ALTER SEQUENCE app.s AS int RESTART 7"},
	{"", "ALTER SEQUENCE app.s OWNER TO pg_monitor"},
	{"", "DROP SEQUENCE app.s"},
	{"", "CREATE TABLE app.u (id serial PRIMARY KEY, v int REFERENCES app.t)"},
	{"", "DROP TABLE app.u"},
	{"", "CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"},
	{"", "CREATE PROCEDURE app.proc() LANGUAGE sql AS 'SELECT 1'"},
	{"", "ALTER ROUTINE app.f() OWNER TO pg_monitor"},
	{"", "ALTER PROCEDURE app.proc() OWNER TO pg_monitor"},
	{"", "DROP ROUTINE app.proc()"},
	{"", "CREATE TRIGGER tr BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f()"},
	{"", "ALTER TABLE app.t DISABLE TRIGGER tr"},
	{"", "DROP TRIGGER tr ON app.t"},
	{"", "CREATE POLICY pol ON app.t"},
	{"", "ALTER POLICY pol ON app.t USING (true)"},
	{"", "DROP POLICY pol ON app.t"},
	{"", "CREATE VIEW app.v AS SELECT id FROM app.t"},
	{"", "CREATE OR REPLACE VIEW app.v AS SELECT id, id + 1 AS n FROM app.t"},
	{"", "ALTER VIEW app.v OWNER TO pg_monitor"},
	{"", "DROP VIEW app.v"},
	{"", "CREATE MATERIALIZED VIEW app.m AS SELECT id FROM app.t"},
	{"", "REFRESH MATERIALIZED VIEW app.m"},
	{"CREATE UNIQUE INDEX mi ON app.m (id)", "REFRESH MATERIALIZED VIEW CONCURRENTLY app.m"},
	{"", "ALTER MATERIALIZED VIEW app.m OWNER TO pg_monitor"},
	{"", "DROP MATERIALIZED VIEW app.m"},
	{"", "CREATE TYPE app.mood AS ENUM ('sad')"},
	{"", "CREATE TYPE app.pair AS (a int)"},
	{"", "CREATE TYPE app.span AS RANGE (subtype = int)"},
	{"", "CREATE DOMAIN app.positive AS int"},
	{"", "ALTER TYPE app.mood OWNER TO pg_monitor"},
	{"", "ALTER DOMAIN app.positive OWNER TO pg_monitor"},
	{"", "DROP TYPE app.mood"},
	{"", "DROP DOMAIN app.positive"},
	{"", "CREATE STATISTICS app.st ON id, v FROM app.t"},
	{"", "DROP STATISTICS app.st"},
	{"", "GRANT SELECT ON app.t TO pg_monitor"},
	{"", "REVOKE SELECT ON app.t FROM pg_monitor"},
	{"CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE app.ft (a int) SERVER s", "ALTER FOREIGN TABLE app.ft OWNER TO postgres"},
	{"CREATE COLLATION app.c (locale = 'C')", "ALTER COLLATION app.c REFRESH VERSION"},
	{"", "CREATE EXTENSION pgstattuple SCHEMA app VERSION '1.4'"},
	{"", "ALTER EXTENSION pgstattuple UPDATE"},
	{"", "DROP EXTENSION pgstattuple"},
	{"", "ALTER DATABASE $DB REFRESH COLLATION VERSION"},
}

// fired is an event, and with which tag.
type fired struct{ event, tag string }

// tried is a statement that was run, and what it fired.
type tried struct {
	step   healer.PlannedStep
	events []fired
}

// A real event trigger says with which tags each statement runs it; ours are
// those, no fewer and, but for the classes that are wide, no more. Every class
// that a step can be of is tried.
// hazard: 35
func TestCommandTagsAreTheServers(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		list, words := try(t, s)
		// Of these the tag depends on more than the class.
		wide := []string{"alter_extension", "alter_owner", "create_extension", "create_function"}
		missing := rules.Classes()
		for _, one := range list {
			class := one.step.Class
			missing = slices.DeleteFunc(missing, func(c string) bool { return c == class })
			with := func(event string, tags ...string) string {
				return healer.EventTrigger{Event: event, Tags: tags}.With(one.step, rules.Session, s.Major)
			}
			for _, f := range one.events {
				if got := with(f.event, f.tag); got != f.tag {
					t.Errorf("%s runs event triggers on %s with %s, and ours says %q", one.step.SQL, f.event, f.tag, got)
				}
			}
			for _, tag := range words {
				fires := slices.ContainsFunc(one.events, func(f fired) bool { return f.tag == tag })
				if with("ddl_command_start", tag) != "" && !fires && !slices.Contains(wide, class) {
					t.Errorf("%s does not run event triggers with %s, and ours says so", one.step.SQL, tag)
				}
			}
			if got := with("ddl_command_end"); (got != "") != (len(one.events) > 0) {
				t.Errorf("%s: event triggers ran %v, ours says %q", one.step.SQL, one.events, got)
			}
		}
		if s.Major < 15 {
			missing = slices.DeleteFunc(missing, func(c string) bool { return c == "alter_database" })
		}
		if len(missing) > 0 {
			t.Errorf("no statement of the classes %v is tried", missing)
		}
	})
}

// try runs the statements under a trigger of every event, and returns what each
// fired, and all tags that there were.
func try(t *testing.T, s *pgtest.Server) (list []tried, words []string) {
	t.Helper()
	database := s.Database(t)
	config, err := pgconn.ParseConfig(s.ConnString(database, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	var now []fired
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if event, tag, ok := strings.Cut(n.Message, " of "); ok {
			now = append(now, fired{event, tag})
		}
	}
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	// The script of an extension keeps notices to itself, and no warnings.
	s.Exec(t, database, "postgres", `CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog
		AS 'BEGIN RAISE WARNING ''% of %'', tg_event, tg_tag; END'`)
	for _, event := range []string{"ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite"} {
		s.Exec(t, database, "postgres", "CREATE EVENT TRIGGER on_"+event+" ON "+event+" EXECUTE FUNCTION note()")
	}
	for _, one := range statements {
		sql := strings.ReplaceAll(one.sql, "$DB", database)
		parsed, err := parser.Inspect(sql)
		if err != nil || len(parsed) != 1 {
			t.Fatalf("%s: %v", sql, err)
		}
		class, run := parsed[0].Class, sql
		switch {
		case class == "alter_database" && s.Major < 15:
			continue // there is no such statement yet
		case class == "lock":
			run = "BEGIN; " + sql + "; COMMIT"
		}
		s.Exec(t, database, "postgres", one.before)
		now = nil
		if _, err := c.Exec(t.Context(), run).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		t.Logf("%s: %s: %v", class, sql, now)
		list = append(list, tried{healer.PlannedStep{Class: class, SQL: sql}, now})
		for _, f := range now {
			words = append(words, f.tag)
		}
	}
	slices.Sort(words)
	return list, slices.Compact(words)
}
