package pglog_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pgmend/pgmend/parser/pglog"
)

// TestTroubleOfTheServer crashes a backend, damages a table's file, lets the
// archiver fail and the WAL overflow, and reads what the server says of it.
func TestTroubleOfTheServer(t *testing.T) {
	for _, b := range installed(t) {
		t.Run(fmt.Sprint(b.Major), func(t *testing.T) {
			t.Parallel()
			start(t, b, map[string]string{
				"archive_mode": "on", "archive_command": "false", "max_wal_size": "32MB", "min_wal_size": "32MB", "log_error_verbosity": "verbose",
			}).trouble()
		})
	}
}

func (p *patient) trouble() {
	p.Helper()
	p.run("CREATE TABLE damaged WITH (autovacuum_enabled = off) AS SELECT g FROM generate_series(1, 1000) g", "CREATE TABLE gone WITH (autovacuum_enabled = off) AS SELECT 1 AS i",
		"CREATE TABLE keyed(i int PRIMARY KEY) WITH (autovacuum_enabled = off)", "INSERT INTO keyed SELECT generate_series(1, 1000)", "CHECKPOINT")
	path, gone, key := p.value("SELECT pg_relation_filepath('damaged')"), p.value("SELECT pg_relation_filepath('gone')"), p.value("SELECT pg_relation_filepath('keyed_pkey')")
	victim := p.session("postgres", "postgres")
	pid := int(victim.PID())
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		p.Fatal(err)
	}
	_ = victim.Close(p.Context())
	kind := func(k pglog.Kind, of int) func(pglog.Framed) bool {
		return func(r pglog.Framed) bool {
			e := pglog.Classify(r.Record)
			body, is := e.Body.(*pglog.Process)
			return e.Kind == k && (of == 0 || is && body.PID == of && body.Signal == 9)
		}
	}
	p.until("the crash", kind(pglog.ProcessCrash, pid))
	p.until("the recovery", kind(pglog.CrashRecovery, 0))
	p.until("two starts", func(pglog.Framed) bool {
		return len(slices.DeleteFunc(p.logs(linePrefix)[pglog.CSV], func(r pglog.Framed) bool { return !kind(pglog.ServerReady, 0)(r) })) == 2
	})
	in := func(name string) string { return filepath.Join(p.server.DataDir(), name) }
	if err := errors.Join(overwrite(in(path), 8192, strings.Repeat("garbage!", 16)), overwrite(in(key), 8192, strings.Repeat("\x00", 8192)), os.Remove(in(gone))); err != nil {
		p.Fatal(err)
	}
	p.run("SELECT count(*) FROM damaged", "SELECT * FROM gone", "SET enable_seqscan = off", "SELECT * FROM keyed WHERE i = 5",
		"CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 200000)", "SELECT pg_switch_wal()")
	p.until("the damage", func(r pglog.Framed) bool {
		e := pglog.Classify(r.Record)
		body, is := e.Body.(*pglog.File)
		return e.Kind == pglog.DataCorrupted && is && body.Path == path && body.Block == 1
	})
	for _, k := range []pglog.Kind{pglog.IndexCorrupted, "missing_file", pglog.CheckpointsFrequent, pglog.ArchiveFailed} {
		p.until(string(k), kind(k, 0))
	}
	p.end()
	logs := p.logs(linePrefix)
	compare(p.T, "stderr", "csv", essence(logs[pglog.Stderr], false), essence(logs[pglog.CSV], false))
	if p.major >= 15 {
		compare(p.T, "json", "csv", essence(logs[pglog.JSON], true), essence(logs[pglog.CSV], true))
	}
	textKinds(p.T, logs[pglog.Stderr], logs[pglog.CSV])
}

// TestPrefixesOfAServer has a real server write with hard prefixes, each into
// a file of its own.
func TestPrefixesOfAServer(t *testing.T) {
	list := installed(t)
	p := start(t, list[len(list)-1], map[string]string{"log_error_verbosity": "verbose", "log_filename": "", "log_line_prefix": ""})
	p.run("CREATE ROLE \"a b]\" LOGIN SUPERUSER")
	for i, prefix := range []string{
		"", "%m [%p]", "%t:%r:%u@%d:[%p]:", "%-12u|%12d|%m|%p|%l|%c|%q%a|%i|%v|%x|%e|%b|", "%n %s %u %d %a %h %p: ", "%c %l %q[%a] ",
	} {
		p.file = fmt.Sprintf("prefix%d", i)
		p.run("ALTER SYSTEM SET log_line_prefix = '"+prefix+"'", "ALTER SYSTEM SET log_filename = '"+p.file+".log'", "SELECT pg_reload_conf()", "SELECT pg_rotate_logfile()")
		poll(t, "the new file", func() bool { // a new session has the new prefix, and its lines go into the new file
			set := p.value("SHOW log_line_prefix") == prefix
			return set && len(p.logs(prefix)[pglog.CSV]) > 0 && len(p.logs(prefix)[pglog.Stderr]) > 0
		})
		c := p.session("postgres", "a b]")
		run(t.Context(), c, "SET application_name = 'my app: x'", "SELECT\n\t*\n  FROM nope", "SELECT 1/0", "DO $$ BEGIN RAISE EXCEPTION E'a\\nb' USING DETAIL = E'c\\nd'; END $$")
		_ = c.Close(t.Context())
		last := func(r pglog.Framed) bool { return r.User == "a b]" && strings.HasPrefix(r.Message, "disconnection") }
		p.until("the session's end", last)
		var logs map[pglog.Format][]pglog.Framed
		poll(t, "the session's end in the text", func() bool {
			logs = p.logs(prefix)
			return slices.ContainsFunc(logs[pglog.Stderr], func(r pglog.Framed) bool {
				return strings.HasPrefix(r.Message, "disconnection") && strings.Contains(r.Message, "user=a b]")
			})
		})
		mine := func(records []pglog.Framed) (out []string) {
			for _, r := range records {
				if r.Severity == "ERROR" { // others may still write the line before or after
					out = append(out, fmt.Sprintf("%s %s|%s|%s|%s|%s|%d|%s", r.Severity, r.SQLState, r.Message, r.Detail, r.Context, r.Statement, r.Position, r.Location))
				}
			}
			return out
		}
		compare(t, "stderr with "+prefix, "csv", mine(logs[pglog.Stderr]), mine(logs[pglog.CSV]))
		named := slices.ContainsFunc(logs[pglog.Stderr], func(r pglog.Framed) bool {
			return r.User == "a b]" && r.Message == "division by zero" && r.App == "my app: x" && r.Database == "postgres"
		})
		if strings.Contains(prefix, "%q%a|") && !named {
			t.Error("user, database or application were not read")
		}
	}
}

func (p *patient) value(sql string) string {
	p.Helper()
	c := p.session("postgres", "postgres")
	defer c.Close(p.Context())
	r := c.ExecParams(p.Context(), sql, nil, nil, nil, nil).Read()
	if r.Err != nil {
		p.Fatal(r.Err)
	}
	return string(r.Rows[0][0])
}

func overwrite(path string, at int64, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte(text), at)
	return err
}
