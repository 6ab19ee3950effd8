package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/parser/pglog"
)

// TestServerRotates follows a real server, by its current_logfiles, while it
// logs in all formats and rotates, also onto names that it used before.
func TestServerRotates(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	list := disposable.Installed(filepath.SplitList(os.Getenv("PGMEND_PG"))...)
	if len(list) == 0 {
		t.Skip(disposable.ErrNone)
	}
	b := list[len(list)-1]
	settings := map[string]string{
		"logging_collector": "on", "log_destination": "stderr,csvlog", "log_filename": "pg-%S.log", "log_truncate_on_rotation": "on",
		"log_line_prefix": "%m [%p] %c %l ", "log_rotation_size": "0",
	}
	want := []string{"stderr", "csvlog"}
	if b.Major >= 15 {
		settings["log_destination"] += ",jsonlog"
		want = append(want, "jsonlog")
	}
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: b, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	sinks := map[string]*sink{}
	for _, d := range want {
		sinks[d] = &sink{}
		defer follow(t, Config{
			DataDir: server.DataDir(), Destination: d, FromStart: true, Store: &memory{}, Decoder: byName(settings["log_line_prefix"]),
		}, sinks[d])()
	}
	c, err := pgconn.Connect(t.Context(), server.ConnString("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	const rounds = 60
	// The names carry the second. Most rotations fall into the one before and
	// reuse its name; after half of the rounds we wait for the next second, so
	// that there is a new name however fast the machine is.
	const nextSecond = "SELECT pg_sleep(1.05 - date_part('milliseconds', clock_timestamp())::numeric % 1000 / 1000)"
	for i := range rounds {
		if i == rounds/2 {
			if _, err := c.Exec(t.Context(), nextSecond).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = c.Exec(t.Context(), fmt.Sprintf("DO $$ BEGIN RAISE EXCEPTION E'round %d\\nline two' USING DETAIL = 'd'; END $$", i)).ReadAll()
		if i%6 == 5 {
			if _, err := c.Exec(t.Context(), "SELECT pg_rotate_logfile(), pg_sleep(0.1)").ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for d, s := range sinks {
		eventually(t, d+" to tell of all rounds", func() bool { return len(s.rounds()) >= rounds })
		if got := s.rounds(); !slices.IsSorted(got) || len(slices.Compact(got)) != rounds {
			t.Errorf("%s: %v", d, got)
		}
		s.mu.Lock()
		if len(s.missing)+len(s.quarantined) > 0 {
			t.Errorf("%s: missing %v, quarantined %v", d, s.missing, s.quarantined)
		}
		s.mu.Unlock()
	}
	files, err := filepath.Glob(filepath.Join(server.DataDir(), "log", "*.csv"))
	if err != nil || len(files) < 2 {
		t.Errorf("the server did not rotate: %v %v", files, err)
	}
}

// byName knows a file's format by its name.
func byName(prefix string) func(string, int64) *pglog.Decoder {
	formats := map[string]pglog.Format{".csv": pglog.CSV, ".json": pglog.JSON, ".log": pglog.Stderr}
	return func(path string, offset int64) *pglog.Decoder {
		return pglog.NewDecoder(formats[filepath.Ext(path)], pglog.Options{Prefix: prefix, Offset: offset})
	}
}

// rounds are the numbers in the messages of the test, in their order.
func (s *sink) rounds() (out []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		var n int
		if _, err := fmt.Sscanf(m, "round %d", &n); err == nil && strings.HasSuffix(m, "line two") {
			out = append(out, n)
		}
	}
	return out
}
