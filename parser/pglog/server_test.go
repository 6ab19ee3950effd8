package pglog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/parser/pglog"
)

const linePrefix = "%m [%p] %q%u@%d/%a %h "

// patient is a server of one version that logs in all formats it knows.
type patient struct {
	*testing.T
	server *disposable.Server
	major  int
}

func start(t *testing.T, b disposable.Binaries, settings map[string]string) *patient {
	t.Helper()
	all := map[string]string{
		"logging_collector": "on", "log_destination": "stderr,csvlog", "log_directory": "log", "log_filename": "pg.log",
		"log_line_prefix": linePrefix, "log_connections": "on", "log_disconnections": "on", "log_lock_waits": "on",
		"deadlock_timeout": "50ms", "log_temp_files": "0", "log_autovacuum_min_duration": "0", "log_checkpoints": "on",
		"log_min_duration_statement": "0", "autovacuum_naptime": "1s", "max_connections": "12",
	}
	if b.Major >= 15 {
		all["log_destination"] += ",jsonlog"
	}
	for k, v := range settings {
		all[k] = v
	}
	s, err := disposable.Start(t.Context(), disposable.Options{Binaries: b, Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	p := &patient{t, s, b.Major}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return p
}

// session connects; run runs one statement and ignores its error, which is
// what the log is to tell.
func (p *patient) session(database, role string) *pgconn.PgConn {
	p.Helper()
	c, err := pgconn.Connect(p.Context(), p.server.ConnString(database, role))
	if err != nil {
		return nil
	}
	return c
}

func run(ctx context.Context, c *pgconn.PgConn, statements ...string) {
	for _, s := range statements {
		_, _ = c.Exec(ctx, s).ReadAll()
	}
}

func (p *patient) run(statements ...string) {
	p.Helper()
	c := p.session("postgres", "postgres")
	if c == nil {
		p.Fatal("cannot connect")
	}
	run(p.Context(), c, statements...)
	_ = c.Close(p.Context())
}

// logs decodes the log in each of its formats.
func (p *patient) logs(prefix string) map[pglog.Format][]pglog.Framed {
	p.Helper()
	out := map[pglog.Format][]pglog.Framed{}
	for format, ext := range map[pglog.Format]string{pglog.Stderr: "log", pglog.CSV: "csv", pglog.JSON: "json"} {
		text, err := os.ReadFile(filepath.Join(p.server.DataDir(), "log", "pg."+ext))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			p.Fatal(err)
		}
		if got := pglog.Detect(text); got != format {
			p.Errorf("detected %s in a log of format %s", got, format)
		}
		d := pglog.NewDecoder(format, pglog.Options{Prefix: prefix})
		out[format] = append(d.Decode(text), d.Flush()...)
	}
	return out
}

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

// essence is what the formats must agree on, by what tells records apart.
func essence(records []pglog.Framed, event bool) []string {
	var out []string
	for _, r := range records {
		e := pglog.Classify(r.Record)
		line := fmt.Sprintf("%d %d %s %s@%s/%s %s | %s | %s | %s | %s | %s | %s | %d", r.Time.UnixMilli(), r.PID, r.Severity, r.User, r.Database, r.App,
			r.Host, r.Message, r.Detail, r.Hint, r.Context, r.Query, r.Statement, r.Position)
		if event {
			text, err := e.MarshalJSON()
			if err != nil {
				panic(err)
			}
			line += " | " + string(text)
		}
		out = append(out, line)
	}
	slices.Sort(out) // the collector writes the formats' files one after the other: their orders differ
	return out
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

// TestFormatsAgree causes errors on real servers and decodes what they log,
// in each format: records and events must be the same.
func TestFormatsAgree(t *testing.T) {
	for _, b := range installed(t) {
		t.Run(fmt.Sprint(b.Major), func(t *testing.T) {
			t.Parallel()
			p := start(t, b, nil)
			p.harm()
			p.await("autovacuum", "autoanalyze")
			logs := p.logs(linePrefix)
			text, csv := logs[pglog.Stderr], logs[pglog.CSV]
			compare(t, "stderr", "csv", essence(text, false), essence(csv, false))
			if b.Major >= 15 {
				compare(t, "json", "csv", essence(logs[pglog.JSON], true), essence(csv, true))
				if diff := cmp.Diff(byLine(csv), byLine(logs[pglog.JSON])); diff != "" {
					t.Errorf("csv and json (-, +):\n%s", diff)
				}
			}
			kinds := map[string]bool{}
			var events []string
			for _, r := range csv {
				e := pglog.Classify(r.Record)
				line, err := e.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				events = append(events, string(line))
				kinds[string(e.Kind)] = true
				if e.Kind == pglog.Other {
					t.Logf("other: %s %s", r.SQLState, r.Message)
				}
				if r.Forgeable || r.Truncated {
					t.Errorf("forgeable %v, truncated %v: %s", r.Forgeable, r.Truncated, r.Message)
				}
			}
			for _, want := range wanted {
				start, open := strings.CutSuffix(want, "…")
				if !slices.ContainsFunc(events, func(e string) bool { return e == want || open && strings.HasPrefix(e, start) }) {
					t.Errorf("no event %s", want)
				}
			}
			textKinds(t, text, csv)
		})
	}
}

// byLine orders full records, but for what only one of the formats has.
func byLine(records []pglog.Framed) map[string]pglog.Record {
	out := map[string]pglog.Record{}
	for _, r := range records {
		out[fmt.Sprintf("%s/%d", r.SessionID, r.SessionLine)] = r.Record
	}
	return out
}

// textKinds: without SQLSTATE, as by default, the English text must give the
// same kinds, but where anyone can choose both.
func textKinds(t *testing.T, text, csv []pglog.Framed) {
	t.Helper()
	kinds := func(records []pglog.Framed) map[string]pglog.Kind {
		out := map[string]pglog.Kind{}
		for _, r := range records {
			out[fmt.Sprintf("%d %d %s", r.PID, r.Time.UnixMilli(), r.Message)] = pglog.Classify(r.Record).Kind
		}
		return out
	}
	byText := kinds(text)
	for message, kind := range kinds(csv) {
		if got := byText[message]; got != kind && !strings.Contains(message, "line one") {
			t.Errorf("%s: %s by its text, %s by its SQLSTATE", message, got, kind)
		}
	}
}

func compare(t *testing.T, nameA, nameB string, a, b []string) {
	t.Helper()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s and %s (-, +):\n%s", nameA, nameB, diff)
	}
}

// await waits until the log tells of events of all kinds.
func (p *patient) await(kinds ...pglog.Kind) {
	p.Helper()
	p.run("CREATE TABLE busy AS SELECT g FROM generate_series(1, 5000) g", "UPDATE busy SET g = g")
	for _, k := range kinds {
		p.until(string(k), func(r pglog.Framed) bool { return pglog.Classify(r.Record).Kind == k })
	}
	p.end()
}

// until waits for a record.
func (p *patient) until(what string, is func(pglog.Framed) bool) {
	p.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !slices.ContainsFunc(p.logs(linePrefix)[pglog.CSV], is) {
		if time.Now().After(deadline) {
			p.Fatalf("the log does not tell of %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// end stops the server, and waits until the collector has written all files
// to their end.
func (p *patient) end() {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.server.DataDir(), "postmaster.pid"))
	if err != nil {
		p.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		p.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		p.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		files, err := filepath.Glob(filepath.Join(p.server.DataDir(), "log", "pg.*"))
		if err != nil || len(files) < 2 {
			p.Fatal(files, err)
		}
		ended := !slices.ContainsFunc(files, func(name string) bool {
			text, err := os.ReadFile(name)
			return err != nil || !strings.Contains(string(text), "database system is shut down")
		})
		if ended {
			return
		}
		if time.Now().After(deadline) {
			p.Fatal("the server does not end")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// installed are the servers of this machine; PGMEND_TEST_POSTGRES may name
// more of them, as a list of globs of folders of binaries.
func installed(t *testing.T) []disposable.Binaries {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers")
	}
	found := disposable.Installed(filepath.SplitList(os.Getenv("PGMEND_TEST_POSTGRES"))...)
	if len(found) == 0 {
		t.Skip(disposable.ErrNone)
	}
	return found
}
