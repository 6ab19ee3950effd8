package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/guidance"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// The daemon serves its page beside the control socket, and over TCP to those
// who have the token, with what it found and what the database is like.
func TestTheDaemonServesItsPage(t *testing.T) {
	h := newHost(t, `CREATE TABLE app."<b>orders" (id serial PRIMARY KEY, v text);
		INSERT INTO app."<b>orders" (v) SELECT g FROM generate_series(1, 2000) AS g;
		CREATE INDEX one ON app."<b>orders" (v);
		CREATE INDEX two ON app."<b>orders" (v);
		ANALYZE app."<b>orders"`)
	token := filepath.Join(h.dir, "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	h.configure(t, "page: {listen: '"+port+"', token_file: "+token+"}\n")
	server := &pgtest.Server{Server: h.server}
	server.Exec(t, h.stage.Name, "postgres", "ALTER DATABASE "+h.stage.Name+" SET log_min_duration_statement = 0")
	log, end := h.run(t)
	eventually(t, "it runs", patience, func() bool { return strings.Contains(log.String(), "pgmend runs") })
	shop := func() {
		server.Ask(t, h.stage.Name, h.stage.Name+"_owner", `SELECT count(*) FROM app."<b>orders" WHERE v = 'canary'`)
	}
	shop()
	eventually(t, "the duplicate is dropped", patience, func() bool { return h.verified(t, "index/duplicate") })
	socket := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(h.dir, "run", "page.sock"))
	}}}
	for path, want := range map[string]string{
		"/": "The last repairs", "/repairs": "index/duplicate", "/repairs/" + h.attempts(t)[0].ID: "Provenance",
		"/space": "&lt;b&gt;orders", "/maintenance": "transaction ids", "/workload": "pg_stat_statements is not installed", "/findings": "index/duplicate",
	} {
		if status, body := get(t, socket, "http://localhost"+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, and no %q in it:\n%s", path, status, want, body)
		}
	}
	eventually(t, "the page has what the log says of statements", patience, func() bool {
		shop()
		_, body := get(t, socket, "http://localhost/workload") // what it shows is some seconds old
		if strings.Contains(body, "canary") {
			t.Fatal("the page has a literal")
		}
		return strings.Contains(body, "Statements, by the log") && strings.Contains(body, "Tables, by the log") && strings.Contains(body, "WHERE v = &#39;***&#39;")
	})
	tcp := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for user, want := range map[string]int{"": http.StatusUnauthorized, "me:wrong@": http.StatusUnauthorized, "me:secret@": http.StatusOK} {
		if status, body := get(t, tcp, "http://"+user+port+"/"); status != want {
			t.Errorf("as %q: %d: %s", user, status, body)
		}
	}
	if code := end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// freePort is an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// configure adds to the configuration.
func (h *host) configure(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile(h.config, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// Digests come when they are due, link to each other, and go when they are
// old; what else is in the folder stays.
func TestDigests(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	now := time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)
	c := config.Default()
	c.State = dir
	d := &daemon{app: &app{clock: func() time.Time { return now }, advisor: guidance.NewShared(func(context.Context) (*guidance.Engine, error) { return guidance.New(guidance.Config{}) }), conf: c}, ledger: l, log: slog.New(slog.DiscardHandler)}
	reports := c.ReportsDirectory()
	if err := d.digest(t.Context(), "daily", day); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notes.html", "daily-nonsense.html", "daily-2020-01-01T0700Z.txt"} {
		if err := os.WriteFile(filepath.Join(reports, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(c.Reports.Keep + time.Minute)
	if err := d.digest(t.Context(), "weekly", week); err != nil {
		t.Fatal(err)
	}
	var names []string
	files, err := os.ReadDir(reports)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name())
	}
	const want = "daily-2020-01-01T0700Z.txt daily-nonsense.html index.html notes.html weekly-2027-02-22T0701Z.html"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	index, err := os.ReadFile(filepath.Join(reports, "index.html"))
	if err != nil || !strings.Contains(string(index), `href="weekly-2027-02-22T0701Z.html"`) || strings.Contains(string(index), "notes.html") {
		t.Errorf("the index: %v\n%s", err, index)
	}
	digest, err := os.ReadFile(filepath.Join(reports, "weekly-2027-02-22T0701Z.html"))
	if err != nil || !strings.Contains(string(digest), `href="index.html"`) {
		t.Errorf("the digest does not lead to the index: %v", err)
	}
}

// What comes due runs at its time, again and again, also after it failed.
func TestJobsRunWhenTheyAreDue(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d := &daemon{app: &app{clock: time.Now, conf: config.Default()}, log: slog.New(slog.DiscardHandler)}
	runs := make(map[string]int)
	soon := func(t time.Time) time.Time { return t.Add(time.Millisecond) }
	never := func(t time.Time) time.Time { return t.Add(time.Hour) }
	note := func(name string, err error) func(context.Context) error {
		return func(context.Context) error {
			if runs[name]++; runs["one"] > 2 && runs["two"] > 2 {
				cancel()
			}
			return err
		}
	}
	err := d.keep(ctx, []*job{
		{name: "never", next: never, do: note("never", nil)}, {name: "one", next: soon, do: note("one", os.ErrClosed)}, {name: "two", next: soon, do: note("two", nil)},
	})
	if err != nil || runs["never"] != 0 || runs["one"] < 2 || runs["two"] < 2 {
		t.Errorf("%v: %v", err, runs)
	}
}
