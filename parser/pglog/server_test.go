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
	file   string // of its log, without what follows the dot
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
		if all[k] = v; v == "" { // it is set later, which the command line would forbid
			delete(all, k)
		}
	}
	s, err := disposable.Start(t.Context(), disposable.Options{Binaries: b, Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	p := &patient{t, s, b.Major, "pg"}
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
		text, err := os.ReadFile(filepath.Join(p.server.DataDir(), "log", p.file+"."+ext))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			p.Fatal(err)
		}
		if got := pglog.Detect(text); got != format && len(text) > 0 && prefix == linePrefix {
			p.Errorf("detected %s in a log of format %s", got, format)
		}
		d := pglog.NewDecoder(format, pglog.Options{Prefix: prefix})
		out[format] = append(d.Decode(text), d.Flush()...)
		if format == pglog.CSV {
			collected.see(p.major, text, out[format])
		}
	}
	return out
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

// TestFormatsAgree causes errors on real servers and decodes what they log,
// in each format: records and events must be the same.
func TestFormatsAgree(t *testing.T) {
	for _, b := range installed(t) {
		t.Run(fmt.Sprint(b.Major), func(t *testing.T) {
			t.Parallel()
			p := start(t, b, nil)
			p.harm()
			p.provoke()
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
			p.plans(csv)
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
		if got := byText[message]; got != kind && !strings.Contains(message, "line one") && !strings.HasSuffix(message, " own") {
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
	poll(p.T, what, func() bool { return slices.ContainsFunc(p.logs(linePrefix)[pglog.CSV], is) })
}

// poll waits until the log tells of something.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not tell of %s", what)
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

// installed are the servers to test with: the newest found, or those of
// PGMEND_MAJORS, as in pgtest. PGMEND_PG may name more folders of binaries.
func installed(t *testing.T) []disposable.Binaries {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers")
	}
	globs := filepath.SplitList(os.Getenv("PGMEND_PG"))
	if cache, err := os.UserCacheDir(); err == nil {
		globs = append(globs, filepath.Join(cache, "pgmend", "pg", "*", "bin"))
	}
	found := disposable.Installed(globs...)
	if len(found) == 0 {
		t.Skip(disposable.ErrNone)
	}
	switch want := os.Getenv("PGMEND_MAJORS"); want {
	case "":
		return found[len(found)-1:]
	case "all":
		return found
	default:
		return slices.DeleteFunc(found, func(b disposable.Binaries) bool {
			return !slices.Contains(strings.Split(want, ","), fmt.Sprint(b.Major))
		})
	}
}
