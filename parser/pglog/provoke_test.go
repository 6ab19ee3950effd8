package pglog_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgmend/pgmend/parser/pglog"
)

// mistakes are statements that each fail in a way of their own.
func mistakes() []string {
	list := func(n int, f func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = f(i)
		}
		return strings.Join(parts, ", ")
	}
	return []string{
		"SET log_min_messages = notice", "SET max_stack_depth = '100kB'", "SET statement_timeout = '20s'",
		"SELECT 'abc", `SELECT "abc`, "SELECT * FROM (SELECT 1)", "SELECT * FROM (VALUES (1))", "INSERT INTO p(id) VALUES (1, 2)", "SELECT 1 = ANY (2)",
		"SELECT a, count(*) FROM p", "SELECT id FROM p x, p y", "CREATE FUNCTION amb(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"CREATE FUNCTION amb(a int, b text DEFAULT '') RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT amb(1)", "SELECT 1 FROM p, p",
		"CREATE FUNCTION amb(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "INSERT INTO p VALUES (9, 'a') ON CONFLICT (a) DO NOTHING",
		"SELECT DISTINCT a FROM p ORDER BY id", "INSERT INTO p VALUES (7, 'a'), (7, 'b') ON CONFLICT (id) DO UPDATE SET a = 'c'", "SELECT (SELECT id FROM p)",
		"ALTER TABLE p ALTER a TYPE int", "INSERT INTO p(id) VALUES (now())", "SELECT 1 WHERE 5", "SELECT true::date", "PREPARE z AS SELECT $1 IS NULL", "SELECT $1",
		"BEGIN", "SAVEPOINT a", "ROLLBACK TO nope", "ROLLBACK", `SELECT convert_from('\xff', 'UTF8')`, `SELECT convert('\xe282ac', 'UTF8', 'LATIN1')`,
		"SELECT '{1'::int[]", "SELECT 'a' ~ '('", "SELECT int4range(5, 1)", "SELECT 'x'::date", "SELECT '2026-13-45'::date", "COPY p FROM PROGRAM 'echo 1'",
		"SELECT array_fill(1, NULL)", "SELECT * FROM p LIMIT -1", "SELECT array_fill(1, ARRAY[1], ARRAY[[1, 2]])", "SELECT sqrt(-1)", "EXECUTE nope", "PREPARE ok AS SELECT 1", "PREPARE ok AS SELECT 1",
		"FETCH 1 FROM nope", "BEGIN", "DECLARE c CURSOR FOR SELECT 1", "DECLARE c CURSOR FOR SELECT 1", "ROLLBACK", "CREATE DATABASE postgres",
		"CREATE TABLE pk2(i int PRIMARY KEY, PRIMARY KEY(i))", "CREATE INDEX ON p(random())", "CREATE TABLE fk(i int REFERENCES two(a))",
		"SELECT 1 AS " + strings.Repeat("long", 20), "SELECT id FROM p WHERE row_number() OVER () = 1", `SELECT 'a' COLLATE "C" < 'b' COLLATE "POSIX"`,
		"DO $$ DECLARE r p; BEGIN SELECT * INTO STRICT r FROM p WHERE false; END $$", "DO $$ DECLARE r p; BEGIN SELECT * INTO STRICT r FROM p; END $$",
		"DO $$ BEGIN ASSERT false; END $$", "DO $$ BEGIN RAISE 'own'; END $$", "SELECT currval('sq')", "CREATE FUNCTION rec(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN rec(i + 1); END'", "SELECT rec(1)",
		"CREATE TABLE wide(" + list(1601, func(i int) string { return fmt.Sprintf("c%d int", i) }) + ")", "SELECT nofunc(" + list(101, func(int) string { return "1" }) + ")",
		"SET work_mem = '64kB'", "SET temp_file_limit = '1kB'", "SELECT count(*) FROM (SELECT g FROM generate_series(1, 100000) g ORDER BY g DESC) x", "SET temp_file_limit = -1",
		"CREATE EXTENSION postgres_fdw", "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (nope '1')", "SELECT pg_advisory_lock(g) FROM generate_series(1, 100000) g",
		"SELECT pg_advisory_unlock_all()", "DROP DATABASE postgres", "SELECT nosuch.f()", "SET LOCAL work_mem = '1MB'", "CREATE TABLE long(a text PRIMARY KEY)", "INSERT INTO long SELECT string_agg(md5(g::text), '') FROM generate_series(1, 2000) g",
		"CREATE SUBSCRIPTION sub CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)", "DROP SUBSCRIPTION sub",
		"CREATE TYPE en AS ENUM ('a')", "SELECT 'b'::en", "LOCK TABLE p", "SELECT pg_wal_replay_pause()", "SELECT CASE WHEN true THEN 1::regclass END",
		"SELECT lo_get(0)", "ALTER SYSTEM SET max_connections = 13", "SELECT pg_reload_conf()", "ALTER SYSTEM SET log_min_duration_statement = '0s'", "SELECT pg_reload_conf()",
		"SELECT pg_log_backend_memory_contexts(0)", "SELECT pg_create_logical_replication_slot('sl', 'test_decoding')", "SELECT count(*) FROM pg_logical_slot_get_changes('sl', NULL, NULL)", "SELECT pg_drop_replication_slot('sl')",
	}
}

// provoke makes the server print what harm does not.
func (p *patient) provoke() {
	p.Helper()
	p.run(mistakes()...)
	p.run("SET log_duration = on", "SET log_statement = 'all'", "SET log_min_duration_statement = -1", "SELECT 1", "LOAD 'auto_explain'", "SET auto_explain.log_min_duration = 0", "SET auto_explain.log_analyze = on",
		planned("text"), "SET auto_explain.log_format = json", planned("json"), "SET auto_explain.log_format = xml", planned("xml"), "SET auto_explain.log_format = yaml", planned("yaml"))
	p.timeouts()
	p.serialization()
	p.rejected()
	p.garbage()
}

// planned is a statement of three rows, whose text is hard to quote.
func planned(format string) string {
	return "SELECT p.id, '" + format + " & <plan> \\ ]]> \"Actual Rows\": 9, <Actual-Rows>8, \"Total Cost\": 999, <Total-Cost>999' AS \"é\tü\"\n  FROM p, generate_series(1, 3) g\n WHERE p.id = 1"
}

// plans finds the statements and their rows in what auto_explain wrote, in
// each of its formats.
func (p *patient) plans(records []pglog.Framed) {
	p.Helper()
	for _, format := range []string{"text", "json", "xml", "yaml"} {
		if !slices.ContainsFunc(records, func(r pglog.Framed) bool {
			s, is := pglog.Classify(r.Record).Body.(*pglog.Statement)
			if !is || s.Phase != "plan" {
				return false
			}
			plan, ok := pglog.ReadPlan(s.SQL)
			cost := plan.Cost // of a join with three rows, by each server's own arithmetic
			plan.Cost = 0
			return ok && cost > 1 && cost < 100 && plan == pglog.Planned{Query: planned(format), Rows: 3, Counted: true}
		}) {
			p.Errorf("no plan in %s", format)
		}
	}
}

// timeouts are what ends sessions that wait for nothing.
func (p *patient) timeouts() {
	p.Helper()
	for setting, kind := range map[string]pglog.Kind{
		"idle_in_transaction_session_timeout": "idle_in_transaction_timeout", "idle_session_timeout": "idle_session_timeout", "transaction_timeout": "transaction_timeout",
	} {
		if kind == "idle_session_timeout" && p.major < 14 || kind == "transaction_timeout" && p.major < 17 {
			continue
		}
		c := p.session("postgres", "postgres")
		run(p.Context(), c, "SET "+setting+" = 50")
		if kind != "idle_session_timeout" {
			run(p.Context(), c, "BEGIN")
		}
		p.until(string(kind), func(r pglog.Framed) bool { return pglog.Classify(r.Record).Kind == kind })
		_ = c.Close(p.Context())
	}
}

// serialization makes transactions fail that cannot be put in an order, and
// VACUUM skip a table that is locked.
func (p *patient) serialization() {
	p.Helper()
	a, b := p.session("postgres", "postgres"), p.session("postgres", "postgres")
	defer a.Close(p.Context())
	defer b.Close(p.Context())
	run(p.Context(), a, "CREATE TABLE ser(k int, v int)", "INSERT INTO ser VALUES (1, 1), (2, 2)", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT * FROM ser")
	run(p.Context(), b, "UPDATE ser SET v = 3")
	run(p.Context(), a, "UPDATE ser SET v = 4", "ROLLBACK")
	for _, c := range []*pgconn.PgConn{a, b} {
		run(p.Context(), c, "BEGIN ISOLATION LEVEL SERIALIZABLE", "SELECT sum(v) FROM ser")
	}
	run(p.Context(), a, "INSERT INTO ser VALUES (3, 3)")
	run(p.Context(), b, "INSERT INTO ser VALUES (4, 4)")
	run(p.Context(), a, "COMMIT")
	run(p.Context(), b, "COMMIT")
	run(p.Context(), a, "BEGIN", "LOCK TABLE ser")
	run(p.Context(), b, "VACUUM (SKIP_LOCKED) ser", "ANALYZE (SKIP_LOCKED) ser")
	run(p.Context(), a, "ROLLBACK")
}

// rejected are logins that pg_hba.conf does not let in.
func (p *patient) rejected() {
	p.Helper()
	path := filepath.Join(p.server.DataDir(), "pg_hba.conf")
	old, err := os.ReadFile(path)
	if err != nil {
		p.Fatal(err)
	}
	if err := overwrite(path, 0, "local all rejected reject\nlocal all pwuser scram-sha-256\n"+string(old)); err != nil {
		p.Fatal(err)
	}
	p.run("CREATE ROLE rejected LOGIN", "CREATE ROLE pwuser LOGIN PASSWORD 'right'", "SELECT pg_reload_conf()")
	p.until("a rejected login", func(r pglog.Framed) bool {
		if c := p.session("postgres", "rejected"); c != nil { // until the file is read
			_ = c.Close(p.Context())
		}
		return pglog.Classify(r.Record).Kind == "connection_rejected"
	})
	if _, err := pgconn.Connect(p.Context(), p.server.ConnString("postgres", "pwuser")+" password=wrong"); err == nil {
		p.Error("a wrong password is right")
	}
}

// garbage is what no client of PostgreSQL sends.
func (p *patient) garbage() {
	p.Helper()
	path := filepath.Join(filepath.Dir(p.server.DataDir()), ".s.PGSQL.5432")
	for _, message := range []string{"\x00\x00\x00\x08\x00\x09\x00\x00", "\x00\x00\x00\x20\x00", "GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00\x09\x00\x03\x00\x00x"} {
		c, err := net.Dial("unix", path)
		if err != nil {
			p.Fatal(err)
		}
		_, _ = c.Write([]byte(message))
		_ = c.(*net.UnixConn).CloseWrite()
		_, _ = c.Read(make([]byte, 1000)) // until it hangs up
		_ = c.Close()
	}
}
