package pglog_test

import (
	"strings"

	"github.com/pgmend/pgmend/parser/pglog"
)

// harm causes the errors whose records are compared.
func (p *patient) harm() {
	p.Helper()
	p.run("CREATE TABLE p(id int PRIMARY KEY, a text NOT NULL CHECK (length(a) < 5))",
		"CREATE TABLE c(id int, pid int REFERENCES p(id))", "CREATE TABLE two(a int, \"we, ird\" int, UNIQUE(a, \"we, ird\"))",
		"CREATE TABLE ex(r int4range, EXCLUDE USING gist (r WITH &&))", "CREATE TABLE part(i int) PARTITION BY RANGE (i)",
		"CREATE ROLE u LOGIN", "CREATE ROLE nobody_in LOGIN CONNECTION LIMIT 0", "CREATE SEQUENCE sq MAXVALUE 2", "CREATE TABLE rls(i int)",
		"ALTER TABLE rls ENABLE ROW LEVEL SECURITY", "GRANT ALL ON rls TO u")
	p.run("INSERT INTO p VALUES (1,'a'),(2,'b')", "INSERT INTO p VALUES (1,'a')", "INSERT INTO two VALUES (1,1),(1,1)", "INSERT INTO p VALUES (3,NULL)",
		"INSERT INTO p VALUES (3,'toolong')", "INSERT INTO c VALUES (1,99)", "INSERT INTO c VALUES (1,1)", "DELETE FROM p",
		"INSERT INTO ex VALUES ('[1,5)'),('[2,3)')", "INSERT INTO part VALUES (1)",
		"SELECT * FROM nope.x", "SELECT *\n\tFROM \"no.pe\"", "SELECT nocol FROM p", "SELECT p.nocol FROM p", "INSERT INTO p(zz) VALUES (1)", "DROP TABLE gone",
		"SELECT z.a FROM p", "SELECT nofunc(1)", "SELECT 1 + 'a'::text", "selec", "SELECT 'x'::int", "SELECT 1/0", "SELECT 32767::int2 + 1::int2",
		"SELECT 'toolong'::varchar(3) FROM p WHERE a = 'abc'::char(2)", "CREATE TABLE p(i int)", "CREATE ROLE u", "CREATE SCHEMA public", "DROP VIEW p", "DROP TABLE p",
		"ALTER TABLE p ADD COLUMN a int", "SELECT nextval('sq') FROM generate_series(1, 3)", "SET work_mem = 'zzz'", "SET nosuch = 1", "SET shared_buffers = 1",
		"DO $$ BEGIN RAISE EXCEPTION E'line one\\n\\tline \"two\",\\r\\n2026-11-24 14:14:38.720 UTC,\"forged\"' USING DETAIL = E'd\\\\1 \\u00fc \\x01', HINT = 'h', ERRCODE = '23505'; END $$",
		"DO $$ BEGIN RAISE LOG 'duration: 5 ms  statement: SELECT \"x\" FROM y'; END $$",
		"SET work_mem = '64kB'", "SELECT count(*) FROM (SELECT g FROM generate_series(1,100000) g ORDER BY g DESC) x", "BEGIN", "SELECT 1/0", "SELECT 1", "ROLLBACK",
		"SET statement_timeout = 20", "SELECT pg_sleep(5)", "SET statement_timeout = 0", "BEGIN READ ONLY", "CREATE TABLE ro(i int)", "ROLLBACK",
		"BEGIN", "VACUUM p", "ROLLBACK", "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT nocol2 FROM p LIMIT 1); END'", "SELECT f()",
		"SELECT pg_reload_conf()", "CHECKPOINT", "SELECT pg_cancel_backend(pg_backend_pid())", "SELECT pg_terminate_backend(pg_backend_pid())")
	for _, who := range [][2]string{{"postgres", "no_such_role"}, {"no_such_db", "postgres"}, {"postgres", "nobody_in"}} {
		if c := p.session(who[0], who[1]); c != nil {
			p.Errorf("%v connected", who)
		}
	}
	if c := p.session("postgres", "u"); c != nil {
		run(p.Context(), c, "SELECT * FROM p", "INSERT INTO rls VALUES (1)", "DROP TABLE p", "CREATE ROLE v")
		c.ExecParams(p.Context(), "SELECT $1::text, $2::text", [][]byte{[]byte("it's"), nil}, nil, nil, nil).Read()
		_ = c.Close(p.Context())
	}
	p.locks()
}

// locks causes a wait, a lock timeout and a deadlock.
func (p *patient) locks() {
	p.Helper()
	a, b := p.session("postgres", "postgres"), p.session("postgres", "postgres")
	defer a.Close(p.Context())
	defer b.Close(p.Context())
	run(p.Context(), a, "BEGIN", "LOCK TABLE c")
	run(p.Context(), b, "SET lock_timeout = '200ms'", "SELECT * FROM c", "SELECT * FROM c FOR UPDATE NOWAIT", "BEGIN", "LOCK TABLE c NOWAIT", "ROLLBACK", "SET lock_timeout = 0")
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		run(p.Context(), b, "SELECT * FROM c WHERE id = 0")
	}()
	p.until("a second wait", func(r pglog.Framed) bool {
		return pglog.Classify(r.Record).Kind == pglog.LockWaiting && strings.Contains(r.Statement, "WHERE id = 0")
	})
	run(p.Context(), a, "COMMIT", "BEGIN", "UPDATE p SET a = 'x' WHERE id = 1")
	<-waited
	run(p.Context(), b, "BEGIN", "UPDATE p SET a = 'x' WHERE id = 2")
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(p.Context(), a, "UPDATE p SET a = 'y' WHERE id = 2", "ROLLBACK")
	}()
	run(p.Context(), b, "UPDATE p SET a = 'y' WHERE id = 1", "ROLLBACK")
	<-done
}

// wanted are events, with the fields that matter, that harm() causes.
var wanted = []string{
	`{"kind":"unique_violation","constraint":"p_pkey","columns":["id"]}`,
	`{"kind":"unique_violation","constraint":"two_a_we, ird_key","columns":["a","we, ird"]}`,
	`{"kind":"not_null_violation","table":"p","columns":["a"]}`,
	`{"kind":"check_violation","table":"p","constraint":"p_a_check"}`,
	`{"kind":"foreign_key_violation","table":"c","constraint":"c_pid_fkey","columns":["pid"],"referenced":"p"}`,
	`{"kind":"foreign_key_violation","table":"c","constraint":"c_pid_fkey","columns":["id"],"referenced":"p"}`,
	`{"kind":"exclusion_violation","constraint":"ex_r_excl","columns":["r"]}`,
	`{"kind":"no_partition_for_row","table":"part"}`,
	`{"kind":"undefined_table","type":"relation","schema":"nope","name":"x"}`,
	`{"kind":"undefined_table","type":"relation","name":"gone"}`,
	`{"kind":"missing_from_clause","type":"alias","name":"z"}`,
	`{"kind":"undefined_column","type":"column","name":"nocol"}`,
	`{"kind":"undefined_column","type":"column","table":"p","name":"nocol"}`,
	`{"kind":"undefined_column","type":"column","table":"p","name":"zz"}`,
	`{"kind":"undefined_function","type":"function","name":"nofunc(integer)"}`,
	`{"kind":"undefined_operator","type":"operator","name":"integer + text"}`,
	`{"kind":"undefined_object","name":"nosuch"}`, `{"kind":"syntax_error"}`, `{"kind":"invalid_input"}`, `{"kind":"division_by_zero"}`,
	`{"kind":"value_out_of_range"}`, `{"kind":"duplicate_table","type":"relation","name":"p"}`, `{"kind":"duplicate_object","type":"role","name":"u"}`,
	`{"kind":"duplicate_schema","type":"schema","name":"public"}`, `{"kind":"duplicate_column","type":"column","table":"p","name":"a"}`,
	`{"kind":"wrong_object_type","type":"relation","name":"p"}`, `{"kind":"dependent_objects","type":"table","name":"p"}`,
	`{"kind":"sequence_exhausted","type":"sequence","name":"sq"}`, `{"kind":"invalid_parameter_value","name":"work_mem","value":"zzz"}`,
	`{"kind":"setting_needs_restart","name":"shared_buffers"}`, `{"kind":"temporary_file","path":"base/pgsql_tmp/…`,
	`{"kind":"in_failed_transaction"}`, `{"kind":"statement_timeout"}`, `{"kind":"read_only_transaction"}`, `{"kind":"active_transaction"}`,
	`{"kind":"query_canceled"}`, `{"kind":"admin_shutdown"}`, `{"kind":"invalid_authorization","type":"role","name":"no_such_role"}`,
	`{"kind":"undefined_database","type":"database","name":"no_such_db"}`, `{"kind":"too_many_connections","name":"nobody_in"}`,
	`{"kind":"insufficient_privilege","type":"table","name":"p"}`, `{"kind":"row_level_security","type":"table","name":"rls"}`,
	`{"kind":"insufficient_privilege","name":"create role"}`,
	`{"kind":"lock_timeout"}`, `{"kind":"lock_not_available","type":"relation","name":"c"}`, `{"kind":"deadlock","waits":[{"pid":…`,
	`{"kind":"lock_waiting","pid":…`, `{"kind":"lock_acquired","pid":…`, `{"kind":"checkpoint_starting","cause":"…`, `{"kind":"checkpoint_complete","buffers":…`,
	`{"kind":"configuration_reload"}`, `{"kind":"server_starting","version":"…`, `{"kind":"server_ready"}`, `{"kind":"connection_received","host":"[local]"}`,
	`{"kind":"connection_authorized","user":"u","database":"postgres"}`, `{"kind":"disconnection","host":"[local]","user":"u","database":"postgres"…`,
	`{"kind":"autovacuum","database":"…`, `{"kind":"autoanalyze","database":"…`,
	`{"kind":"duration","duration_ms":…`,
}
