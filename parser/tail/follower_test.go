package tail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgmend/pgmend/parser/pglog"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	// The test binary is also the reader that is killed.
	if work := os.Getenv(readerDir); work != "" {
		fmt.Fprintln(os.Stderr, torturedReader(work, os.Getenv("PGMEND_TORTURE_PATTERN")))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// memory is a Store that goes through JSON as a real one does.
type memory struct {
	mu   sync.Mutex
	text []byte
}

func (m *memory) Load(context.Context) (c Checkpoint, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.text != nil {
		err = json.Unmarshal(m.text, &c)
	}
	return c, err
}

func (m *memory) Save(_ context.Context, c Checkpoint) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text, err = json.Marshal(c)
	return err
}

// sink collects what a follower hands over.
type sink struct {
	mu          sync.Mutex
	messages    []string
	ids         []string
	quarantined []string
	gaps        []Gap
	missing     []LineGap
	poison      string // a message at which the handler "crashes"
}

var errCrash = errors.New("crash")

func (s *sink) handle(c Chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range c.Records {
		if s.poison != "" && r.Message == s.poison {
			return errCrash
		}
		s.messages = append(s.messages, r.Message)
		s.ids = append(s.ids, c.EventID(r))
	}
	for _, r := range c.Quarantined {
		s.quarantined = append(s.quarantined, r.Message)
	}
	s.gaps = append(s.gaps, c.Gaps...)
	s.missing = append(s.missing, c.Missing...)
	return nil
}

func (s *sink) count() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.messages) }

// different are the messages, each once, sorted.
func (s *sink) different() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(s.messages)))
}

func (s *sink) lostBytes() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.gaps) }

// follow runs a follower until the function it returns is called.
func follow(t testing.TB, cfg Config, s *sink) (stop func()) {
	t.Helper()
	cfg.Poll = 2 * time.Millisecond
	if cfg.Linger == 0 {
		cfg.Linger = 20 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(cfg).Run(ctx, s.handle) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) && !errors.Is(err, errCrash) {
			t.Errorf("run: %v", err)
		}
	})
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// jsonLine is the n-th line of a session, as the server writes it.
func jsonLine(session string, n int, message string) string {
	return fmt.Sprintf(`{"timestamp":"2026-11-24 14:14:38.720 UTC","pid":14922,"session_id":"%s","line_num":%d,"session_start":"2026-11-24 14:14:38 UTC","txid":0,"error_severity":"LOG","message":"%s","backend_type":"postmaster","query_id":0}`+"\n", session, n, message)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func numbered(from, to int) (lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf("m%d", i))
	}
	return lines
}

// TestRotationWhileWriting writes byte by byte and rotates by renaming, by a
// new name and by truncating a name that is used again, and expects every
// line once, in order.
// hazard: 50
func TestRotationWhileWriting(t *testing.T) {
	for _, kind := range []string{"rename", "new name", "reuse"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			s := &sink{}
			cfg := Config{Path: filepath.Join(dir, "pg*.json"), FromStart: true, Store: &memory{}}
			if kind == "rename" {
				cfg.Path = filepath.Join(dir, "pg.json")
			}
			stop := follow(t, cfg, s)
			defer stop()
			name := filepath.Join(dir, "pg.json")
			f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			const lines = 300
			for i := range lines {
				if i%30 == 29 {
					eventually(t, "read", func() bool { return kind != "reuse" || s.count() == i })
					f = rotate(t, f, dir, kind, i)
				}
				for _, b := range []byte(jsonLine("s.1", i+1, fmt.Sprintf("m%d", i))) {
					if _, err := f.Write([]byte{b}); err != nil {
						t.Fatal(err)
					}
				}
			}
			_ = f.Close()
			eventually(t, "all lines", func() bool { return s.count() >= lines })
			stop()
			if !slices.Equal(s.messages, numbered(0, lines)) {
				t.Errorf("got %v", s.messages)
			}
			for _, g := range s.gaps {
				if g.From != g.To || kind != "reuse" {
					t.Errorf("gap %+v", g)
				}
			}
			if len(s.missing) > 0 || len(s.quarantined) > 0 {
				t.Errorf("missing %v, quarantined %v", s.missing, s.quarantined)
			}
			unique := slices.Compact(slices.Sorted(slices.Values(s.ids)))
			if len(unique) != lines {
				t.Errorf("%d ids for %d lines", len(unique), lines)
			}
		})
	}
}

func rotate(t *testing.T, f *os.File, dir, kind string, i int) *os.File {
	t.Helper()
	name := filepath.Join(dir, "pg.json")
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	switch kind {
	case "rename":
		if err := os.Rename(name, fmt.Sprintf("%s.%d", name, i)); err != nil {
			t.Fatal(err)
		}
	case "new name":
		name = filepath.Join(dir, fmt.Sprintf("pg-%03d.json", i))
	case "reuse":
		name = filepath.Join(dir, fmt.Sprintf("pg-%d.json", i/30%3))
		flags |= os.O_TRUNC
	}
	next, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	return next
}

// TestTruncatedAndRegrown truncates a file while nobody looks and lets it
// grow past the old offset: hazard 51.
// hazard: 51
func TestTruncatedAndRegrown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pg.json")
	store, s := &memory{}, &sink{}
	write(t, path, jsonLine("a.1", 1, "old"))
	stop := follow(t, Config{Path: path, FromStart: true, Store: store}, s)
	eventually(t, "the old line", func() bool { return s.count() == 1 })
	stop()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, path, jsonLine("b.1", 1, "new1")+jsonLine("b.1", 2, "new2"))
	stop = follow(t, Config{Path: path, Store: store}, s)
	eventually(t, "the new lines", func() bool { return s.count() == 3 })
	stop()
	if got := strings.Join(s.messages, " "); got != "old new1 new2" {
		t.Errorf("got %s", got)
	}
}

// TestCopyTruncate destroys bytes that were not read, and expects a gap.
// hazard: 54
func TestCopyTruncate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pg.json")
	store, s := &memory{}, &sink{}
	write(t, path, jsonLine("a.1", 1, "read"))
	stop := follow(t, Config{Path: path, FromStart: true, Store: store}, s)
	defer func() { stop() }()
	eventually(t, "the first line", func() bool { return s.count() == 1 })
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the gap", func() bool { return s.lostBytes() == 1 })
	write(t, path, jsonLine("a.1", 4, "after"))
	eventually(t, "the line after", func() bool { return s.count() == 2 })
	stop()
	if len(s.missing) != 1 || s.missing[0] != (LineGap{Session: "a.1", From: 2, To: 3}) {
		t.Errorf("missing %+v", s.missing)
	}
	if s.gaps[0].Reason != Truncated || s.gaps[0].From == 0 {
		t.Errorf("gap %+v", s.gaps[0])
	}
}

// TestInodeReused deletes a file while nobody looks; the new one has, on most
// file systems, its inode: hazard 52.
// hazard: 52
func TestInodeReused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pg.json")
	store, s := &memory{}, &sink{}
	write(t, path, jsonLine("a.1", 1, "one")+jsonLine("a.1", 2, "two"))
	stop := follow(t, Config{Path: path, FromStart: true, Store: store}, s)
	eventually(t, "both", func() bool { return s.count() == 2 })
	stop()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, path, jsonLine("c.1", 1, "three")+jsonLine("c.1", 2, "four")+jsonLine("c.1", 3, "five"))
	stop = follow(t, Config{Path: path, Store: store}, s)
	eventually(t, "the new file", func() bool { return s.count() == 5 })
	stop()
	if got := strings.Join(s.messages, " "); got != "one two three four five" {
		t.Errorf("got %s", got)
	}
}

// TestDownDuringRotations finds what was renamed and what is new.
func TestDownDuringRotations(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pg.json")
	store, s := &memory{}, &sink{}
	write(t, path, jsonLine("a.1", 1, "m0"))
	stop := follow(t, Config{Path: path, Store: store}, s) // begins at the end
	eventually(t, "a checkpoint", func() bool { c, err := store.Load(t.Context()); return err == nil && c.Begun })
	write(t, path, jsonLine("a.1", 2, "m1"))
	eventually(t, "m1", func() bool { return s.count() == 1 })
	stop()
	write(t, path, jsonLine("a.1", 3, "m2"))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, path, jsonLine("a.1", 4, "m3"))
	stop = follow(t, Config{Path: path, Store: store}, s)
	eventually(t, "the rest", func() bool { return s.count() == 3 })
	stop()
	if !slices.Equal(s.messages, numbered(1, 4)) || len(s.gaps)+len(s.missing) > 0 {
		t.Errorf("got %v, gaps %v, missing %v", s.messages, s.gaps, s.missing)
	}
}

// TestDeletedUnread loses a file that was seen but not read.
func TestDeletedUnread(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pg.json")
	store, s := &memory{}, &sink{}
	write(t, path, jsonLine("a.1", 1, "m0")+jsonLine("a.1", 2, "m1"))
	stop := follow(t, Config{Path: path, FromStart: true, Store: store}, s)
	eventually(t, "both", func() bool { return s.count() == 2 })
	stop()
	c, err := store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Files[0].Offset = int64(len(jsonLine("a.1", 1, "m0")))
	if err := store.Save(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	stop = follow(t, Config{Path: path, Store: store}, s)
	eventually(t, "the gap", func() bool { return s.lostBytes() == 1 })
	stop()
	if g := s.gaps[0]; g.Reason != Deleted || g.From != c.Files[0].Offset || g.To != c.Files[0].Size {
		t.Errorf("gap %+v", g)
	}
}

// crashing is a store that, from the poison on, keeps what a process that
// dies would leave: nothing is saved after the handler failed.
type crashing struct {
	*memory
	dead bool
}

func (c *crashing) Save(ctx context.Context, p Checkpoint) error {
	if c.dead {
		return nil
	}
	return c.memory.Save(ctx, p)
}

// TestLinkIsNoSecondFile: a link to the current file matches the pattern too.
func TestLinkIsNoSecondFile(t *testing.T) {
	dir := t.TempDir()
	s := &sink{}
	write(t, filepath.Join(dir, "pg-1.json"), jsonLine("a.1", 1, "m0"))
	if err := os.Symlink("pg-1.json", filepath.Join(dir, "pg.json")); err != nil {
		t.Fatal(err)
	}
	stop := follow(t, Config{Path: filepath.Join(dir, "*.json"), FromStart: true}, s)
	defer stop()
	for i := range 3 {
		write(t, filepath.Join(dir, "pg-1.json"), jsonLine("a.1", i+2, fmt.Sprintf("m%d", i+1)))
		eventually(t, "the line", func() bool { return s.count() >= i+2 })
	}
	stop()
	if !slices.Equal(s.messages, numbered(0, 4)) {
		t.Errorf("got %v", s.messages)
	}
}

// TestPoison dies at the same record twice and then goes on without it.
// hazard: 40
func TestPoison(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pg.json")
	for i := range 9 {
		write(t, path, jsonLine("a.1", i+1, fmt.Sprintf("m%d", i)))
	}
	store, s := &memory{}, &sink{poison: "m4"}
	deaths := 0
	for ; deaths < 5; deaths++ {
		c := &crashing{memory: store}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := New(Config{Path: path, FromStart: true, Store: c, Poll: time.Millisecond}).Run(ctx, func(k Chunk) error {
			err := s.handle(k)
			c.dead = err != nil
			if err == nil && slices.Contains(s.messages, "m8") {
				cancel()
			}
			return err
		})
		cancel()
		if !errors.Is(err, errCrash) {
			break
		}
	}
	if deaths != 2 {
		t.Errorf("died %d times, want 2", deaths)
	}
	if !slices.Equal(s.quarantined, []string{"m4"}) {
		t.Errorf("quarantined %v", s.quarantined)
	}
	for _, want := range append(numbered(0, 4), numbered(5, 9)...) {
		if !slices.Contains(s.messages, want) {
			t.Errorf("%s was not handled", want)
		}
	}
}

// TestRestartsLoseNothing stops and starts at random while lines come and
// files rotate: every line exactly once.
func TestRestartsLoseNothing(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			r.Fatal(err)
		}
		store, s := &memory{}, &sink{}
		cfg := Config{Path: filepath.Join(dir, "pg*.json"), FromStart: true, Store: store}
		stop := follow(t, cfg, s)
		defer func() { stop() }()
		lines, path := 0, filepath.Join(dir, "pg-000.json")
		write(t, path, "")
		for step := range rapid.IntRange(3, 25).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"write", "write", "rotate", "rename", "restart", "wait"}).Draw(r, "step") {
			case "write":
				for range rapid.IntRange(1, 5).Draw(r, "lines") {
					write(t, path, jsonLine("a.1", lines+1, fmt.Sprintf("m%d", lines)))
					lines++
				}
			case "rotate":
				path = filepath.Join(dir, fmt.Sprintf("pg-%03d.json", step+1))
			case "rename":
				_ = os.Rename(path, filepath.Join(dir, fmt.Sprintf("pg-%03d-renamed.json", step+1)))
			case "restart":
				stop()
				stop = follow(t, cfg, s)
			case "wait":
				eventually(t, "what was written", func() bool { return len(s.different()) == lines })
			}
		}
		eventually(t, "all lines", func() bool { return len(s.different()) == lines })
		stop()
		if len(s.messages) != lines {
			r.Fatalf("%d lines written, %d handled: %v\ncheckpoint %s", lines, len(s.messages), s.messages, store.text)
		}
		if len(s.gaps)+len(s.quarantined) > 0 {
			r.Fatalf("gaps %v, quarantined %v", s.gaps, s.quarantined)
		}
	})
}

// TestTextRecordIsNotTornApart: a record of the text format waits for its
// further lines, and is handled when none come.
// hazard: 53
func TestTextRecordIsNotTornApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pg.log")
	s := &sink{}
	write(t, path, "")
	stop := follow(t, Config{Path: path, FromStart: true, Decoder: func(_ string, offset int64) *pglog.Decoder {
		return pglog.NewDecoder(pglog.Stderr, pglog.Options{Prefix: "%m [%p] ", Offset: offset})
	}}, s)
	defer stop()
	write(t, path, "2026-11-24 14:14:38.720 UTC [1] ERROR:  division by zero\n2026-11-24 14:14:38.720 UTC [1] STATEMENT:  select\n\t1/0\n")
	eventually(t, "the record", func() bool { return s.count() == 1 })
}

// TestStrftimeNames: a log_filename is followed under the names it makes, in a
// folder that appears later.
func TestStrftimeNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	s := &sink{}
	stop := follow(t, Config{Path: filepath.Join(dir, "pg-%Y-%m-%d_%H%M%S.100%%.json"), FromStart: true, Store: &memory{}}, s)
	defer stop()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "other.json"), jsonLine("x.1", 1, "not this"))
	write(t, filepath.Join(dir, "pg-2026-11-24_000000.100%.json"), jsonLine("a.1", 1, "m0"))
	eventually(t, "the first", func() bool { return s.count() == 1 })
	write(t, filepath.Join(dir, "pg-2026-11-25_000000.100%.json"), jsonLine("a.1", 2, "m1"))
	eventually(t, "the second", func() bool { return s.count() == 2 })
	stop()
	if !slices.Equal(s.messages, numbered(0, 2)) {
		t.Errorf("got %v", s.messages)
	}
}

// TestProgress counts what was read, and shows what waits while the handler is
// busy.
func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pg.json")
	line := jsonLine("a.1", 1, "m0")
	write(t, path, line)
	w := New(Config{Path: path, FromStart: true, Poll: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	busy, done := make(chan int), make(chan error, 1)
	go func() {
		done <- w.Run(ctx, func(c Chunk) error { busy <- len(c.Records); <-busy; return nil })
	}()
	<-busy
	write(t, path, jsonLine("a.1", 2, "m1")+jsonLine("a.1", 5, "m4"))
	busy <- 0
	<-busy
	busy <- 0
	eventually(t, "all counted", func() bool { p := w.Progress(); return p.Records == 3 && p.Behind == 0 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if p := w.Progress(); p.Missing != 2 || p.Bytes != int64(3*len(line)) || p.Handling <= 0 {
		t.Errorf("%+v", p)
	}
}
