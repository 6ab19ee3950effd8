package pglog_test

import (
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
	list := installed(t)
	p := start(t, list[len(list)-1], map[string]string{
		"archive_mode": "on", "archive_command": "false", "max_wal_size": "32MB", "min_wal_size": "32MB",
	})
	p.run("CREATE TABLE damaged AS SELECT g FROM generate_series(1, 1000) g", "ALTER TABLE damaged SET (autovacuum_enabled = off)", "CHECKPOINT")
	path := p.value("SELECT pg_relation_filepath('damaged')")
	victim := p.session("postgres", "postgres")
	pid := int(victim.PID())
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = victim.Close(t.Context())
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
	file := filepath.Join(p.server.DataDir(), path)
	if err := overwrite(file, 8192, strings.Repeat("garbage!", 16)); err != nil {
		t.Fatal(err)
	}
	p.run("SELECT count(*) FROM damaged", "CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 200000)", "SELECT pg_switch_wal()")
	p.until("the damage", func(r pglog.Framed) bool {
		e := pglog.Classify(r.Record)
		body, is := e.Body.(*pglog.File)
		return e.Kind == pglog.DataCorrupted && is && body.Path == path && body.Block == 1
	})
	p.until("too frequent checkpoints", kind(pglog.CheckpointsFrequent, 0))
	p.until("the archiver", kind(pglog.ArchiveFailed, 0))
	p.end()
	logs := p.logs(linePrefix)
	compare(t, "stderr", "csv", essence(logs[pglog.Stderr], false), essence(logs[pglog.CSV], false))
	compare(t, "json", "csv", essence(logs[pglog.JSON], true), essence(logs[pglog.CSV], true))
	textKinds(t, logs[pglog.Stderr], logs[pglog.CSV])
}

// TestPrefixesOfAServer has a real server write with hard prefixes.
func TestPrefixesOfAServer(t *testing.T) {
	list := installed(t)
	for i, prefix := range []string{
		"", "%m [%p]", "%t:%r:%u@%d:[%p]:", "%-12u|%12d|%m|%p|%l|%c|%q%a|%i|%v|%x|%e|%b|", "%n %s %u %d %a %h %p: ", "%c %l %q[%a] ",
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			p := start(t, list[len(list)-1], map[string]string{"log_line_prefix": prefix, "log_error_verbosity": "verbose"})
			p.run("CREATE ROLE \"a b]\" LOGIN SUPERUSER")
			c := p.session("postgres", "a b]")
			run(t.Context(), c, "SET application_name = 'my app: x'", "SELECT\n\t*\n  FROM nope", "SELECT 1/0", "DO $$ BEGIN RAISE EXCEPTION E'a\\nb' USING DETAIL = E'c\\nd'; END $$")
			_ = c.Close(t.Context())
			p.end()
			logs := p.logs(prefix)
			texts := func(records []pglog.Framed) (out []string) {
				for _, r := range records {
					out = append(out, fmt.Sprintf("%s %s|%s|%s|%s|%s|%d|%s", r.Severity, r.SQLState, r.Message, r.Detail, r.Context, r.Statement, r.Position, r.Location))
				}
				slices.Sort(out)
				return out
			}
			compare(t, "stderr", "csv", texts(logs[pglog.Stderr]), texts(logs[pglog.CSV]))
			for _, r := range logs[pglog.Stderr] {
				if strings.Contains(prefix, "%q%a") && r.User == "a b]" && r.Message == "division by zero" && r.App == "my app: x" && r.Database == "postgres" {
					return
				}
			}
			if strings.Contains(prefix, "%q%a") {
				t.Error("user, database or application were not read")
			}
		})
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
