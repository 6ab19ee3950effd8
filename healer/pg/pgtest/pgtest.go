// Package pgtest gives tests real PostgreSQL servers: throwaway ones, started
// once for a test binary and stopped at its end, with a database of its own
// for each test.
//
// PGMEND_PG names globs of folders with server binaries, colon-separated,
// beside the distribution's and those that make test-all fetched; PGMEND_MAJORS is "all" or a list such as
// "13,15,18". By default the newest supported version found is used.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/rules"
)

// Server is a running server.
type Server struct {
	*disposable.Server
}

// running are the servers of this test binary; only Main reads and stops them.
type running struct {
	mu      sync.Mutex
	servers map[int]*Server
}

var (
	started = running{servers: make(map[int]*Server)}
	count   atomic.Int64
)

// Main runs a package's tests and stops the servers they started.
func Main(m *testing.M) int {
	forget := disposable.Reuse()
	code := m.Run()
	if err := forget(); err != nil {
		fmt.Fprintln(os.Stderr, "remove what the test servers were copied from:", err)
		code = 1
	}
	started.mu.Lock()
	defer started.mu.Unlock()
	for _, s := range started.servers {
		if err := s.Stop(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "stop the test server:", err)
			code = 1
		}
	}
	return code
}

// Each runs a test on every version that was asked for.
func Each(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	for _, b := range chosen(t) {
		t.Run("pg"+strconv.Itoa(b.Major), func(t *testing.T) { test(t, start(t, b)) })
	}
}

// One returns a server of the newest version that was asked for.
func One(t testing.TB) *Server {
	t.Helper()
	return start(t, Newest(t))
}

// Newest is the newest version that was asked for; no server is started.
func Newest(t testing.TB) disposable.Binaries {
	t.Helper()
	list := chosen(t)
	return list[len(list)-1]
}

// chosen lists the versions to test on.
func chosen(t testing.TB) []disposable.Binaries {
	t.Helper()
	var globs []string
	if g := os.Getenv("PGMEND_PG"); g != "" {
		globs = strings.Split(g, ":")
	}
	if cache, err := os.UserCacheDir(); err == nil {
		globs = append(globs, filepath.Join(cache, "pgmend", "pg", "*", "bin"))
	}
	var found []disposable.Binaries
	for _, b := range disposable.Installed(globs...) {
		if b.Major >= rules.MinMajor && b.Major <= rules.MaxMajor {
			found = append(found, b)
		}
	}
	want := os.Getenv("PGMEND_MAJORS")
	switch {
	case len(found) == 0:
		t.Fatal(disposable.ErrNone)
	case want == "":
		return found[len(found)-1:]
	case want == "all":
		return found
	}
	var out []disposable.Binaries
	for _, major := range strings.Split(want, ",") {
		n := len(out)
		for _, b := range found {
			if strconv.Itoa(b.Major) == major {
				out = append(out, b)
			}
		}
		if len(out) == n {
			t.Fatalf("PGMEND_MAJORS asks for PostgreSQL %s, which is not found here", major)
		}
	}
	return out
}

func start(t testing.TB, b disposable.Binaries) *Server {
	t.Helper()
	started.mu.Lock()
	defer started.mu.Unlock()
	if s, ok := started.servers[b.Major]; ok {
		return s
	}
	settings := map[string]string{"autovacuum": "off", "logging_collector": "on", "log_destination": "stderr,csvlog"}
	if b.Major >= 15 {
		settings["log_destination"] = "stderr,csvlog,jsonlog"
	}
	s, err := disposable.Start(context.Background(), disposable.Options{Binaries: b, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	started.servers[b.Major] = &Server{s}
	return started.servers[b.Major]
}

// Database makes a database for one test, and drops it after.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d", count.Add(1))
	s.Exec(t, "postgres", "postgres", "CREATE DATABASE "+name)
	t.Cleanup(func() { s.Exec(t, "postgres", "postgres", "DROP DATABASE "+name+" WITH (FORCE)") })
	return name
}

// Role makes a login for one test, and returns its name.
func (s *Server) Role(t testing.TB, options string) string {
	t.Helper()
	name := fmt.Sprintf("r%d", count.Add(1))
	s.Exec(t, "postgres", "postgres", "CREATE ROLE "+name+" LOGIN "+options)
	return name
}

// Conn opens a plain connection for a test.
func (s *Server) Conn(t testing.TB, database, role string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(context.Background(), s.ConnString(database, role))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// Exec runs a script as a role; the test fails where it fails.
func (s *Server) Exec(t testing.TB, database, role, script string) {
	t.Helper()
	if err := s.Try(database, role, script); err != nil {
		t.Fatalf("%v\nin: %s", err, script)
	}
}

// Try runs a script as a role. The statements run one by one, outside of a
// transaction block.
func (s *Server) Try(database, role, script string) error {
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, s.ConnString(database, role))
	if err != nil {
		return err
	}
	for _, sql := range rules.Statements(script) {
		if _, err = c.Exec(ctx, sql).ReadAll(); err != nil {
			break
		}
	}
	return errors.Join(err, c.Close(ctx))
}

// Ask returns a query's first value as text.
func (s *Server) Ask(t testing.TB, database, role, sql string) string {
	t.Helper()
	ctx := context.Background()
	c, err := pgconn.Connect(ctx, s.ConnString(database, role))
	if err != nil {
		t.Fatal(err)
	}
	r := c.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	// At once, not at the test's end: whoever polls would use up the connections.
	if err := errors.Join(r.Err, c.Close(ctx)); err != nil {
		t.Fatalf("%v\nin: %s", err, sql)
	}
	if len(r.Rows) == 0 {
		return ""
	}
	return string(r.Rows[0][0])
}

// Exit is the whole of a package's TestMain.
func Exit(m *testing.M) { os.Exit(Main(m)) }
