package pglog_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/parser/pglog"
)

// polyglot is a server with the catalogs of other languages: those that the
// tests use otherwise may be built without.
func polyglot(t *testing.T) disposable.Binaries {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers")
	}
	for _, b := range disposable.Installed("/usr/lib/postgresql/*/bin") {
		out, err := exec.Command(filepath.Join(b.Dir, "pg_config"), "--configure").Output()
		if err == nil && strings.Contains(string(out), "--enable-nls") {
			return b
		}
	}
	t.Skip("no PostgreSQL that speaks other languages; on Debian and Ubuntu, apt install postgresql brings one")
	return disposable.Binaries{}
}

// speaks runs statements on a server of a language, and returns what its
// session logged: what of it does not depend on the language, in two formats.
func speaks(t *testing.T, b disposable.Binaries, language string) (csv, text []string) {
	t.Helper()
	const prefix = "%m [%p] %e "
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: b, Language: language, Settings: map[string]string{
		"lc_messages": "C.UTF-8", "logging_collector": "on", "log_destination": "stderr,csvlog", "log_directory": "log", "log_filename": "pg.log",
		"log_line_prefix": prefix, "log_min_duration_statement": "0", "max_connections": "12",
	}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgconn.Connect(t.Context(), server.ConnString("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	pid := int(c.PID())
	run(t.Context(), c, "CREATE TABLE p(i int PRIMARY KEY, t text NOT NULL)", "INSERT INTO p VALUES (1, ''), (1, '')", "INSERT INTO p VALUES (2)", "selec",
		"SELECT * FROM nope", "SELECT 1/0", "SET work_mem = 'x'", "SET log_min_duration_statement = -1", "SET log_statement = 'all'", "SET log_duration = on", "SELECT 'both'")
	c.ExecParams(t.Context(), "SELECT $1::text, 'a: b'", [][]byte{[]byte("it's")}, nil, nil, nil).Read()
	run(t.Context(), c, "SET log_duration = off", "SET log_statement = 'none'", "SET log_min_duration_statement = 0")
	c.ExecParams(t.Context(), "SELECT $1::text", [][]byte{[]byte("timed")}, nil, nil, nil).Read()
	_ = c.Close(t.Context())
	defer func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	list := func(format pglog.Format, name string) (out []string) {
		log, err := os.ReadFile(filepath.Join(server.DataDir(), "log", name))
		if err != nil {
			return nil
		}
		d := pglog.NewDecoder(format, pglog.Options{Prefix: prefix})
		for _, r := range append(d.Decode(log), d.Flush()...) {
			if r.PID != pid {
				continue
			}
			e := pglog.Classify(r.Record)
			line := []string{r.Severity, r.SQLState, string(e.Kind), r.Statement}
			if s, is := e.Body.(*pglog.Statement); is {
				phase, name := s.Phase, s.Name
				if phase == "parse" || phase == "bind" { // translations do not tell them apart
					phase, name = "bind", ""
				}
				line = append(line, phase, s.SQL, name)
				if s.DurationMS != nil {
					line = append(line, "timed")
				}
				for _, p := range s.Parameters {
					line = append(line, p.Name, p.Value)
				}
			}
			out = append(out, strings.Join(line, "|"))
		}
		return out
	}
	defer func() {
		if t.Failed() {
			t.Logf("csv %q\ntext %q", csv, text)
		}
	}()
	poll(t, "the last statement", func() bool {
		csv, text = list(pglog.CSV, "pg.csv"), list(pglog.Stderr, "pg.log")
		done := func(list []string) bool {
			return len(list) > 0 && strings.Contains(list[len(list)-1], "|execute|") && strings.HasSuffix(list[len(list)-1], "|timed|$1|timed")
		}
		return done(csv) && done(text)
	})
	return csv, text
}

// TestLanguages: what a server says in another language is read as what it
// says in English.
func TestLanguages(t *testing.T) {
	b := polyglot(t)
	spoken := []string{"de", "fr", "ja"}
	if os.Getenv("PGMEND_MAJORS") == "all" {
		spoken = append(spoken, "es", "it", "ka", "ko", "ru", "sv", "uk", "zh_CN")
	}
	want, same := speaks(t, b, "")
	if diff := cmp.Diff(want, same); diff != "" {
		t.Errorf("csv and stderr (-, +):\n%s", diff)
	}
	for _, l := range spoken {
		t.Run(l, func(t *testing.T) {
			t.Parallel()
			csv, text := speaks(t, b, l)
			if diff := cmp.Diff(want, csv); diff != "" {
				t.Errorf("English and %s (-, +):\n%s", l, diff)
			}
			if diff := cmp.Diff(want, text); diff != "" {
				t.Errorf("English and %s, stderr (-, +):\n%s", l, diff)
			}
		})
	}
}
