package worker

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pgmend/pgmend/parser"
)

// The test binary is its own child: with this argument it serves.
const serveArgument = "-serve-as-a-child"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveArgument {
		if err := serve(os.Stdin, os.Stdout, mortal); err != nil {
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// mortal is a parser that dies of some tables, as the C parser dies of some
// texts.
func mortal(sql string) []parser.Statement {
	switch {
	case strings.Contains(sql, "FROM kill"):
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		time.Sleep(time.Minute) // the signal comes first
	case strings.Contains(sql, "FROM hang"):
		time.Sleep(time.Minute)
	}
	return parser.Parse(sql)
}

func pool(t *testing.T) *Pool {
	t.Helper()
	p, err := New(Config{Command: []string{os.Args[0], serveArgument}, Deadline: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestABatchIsAnsweredInOrder(t *testing.T) {
	p := pool(t)
	got, err := p.Parse(t.Context(), []string{"SELECT 1 FROM a", "SELEC", "INSERT INTO b VALUES ('secret')"})
	if err != nil || len(got) != 3 || got[0][0].Tables[0].Name != "a" || got[1][0].Parsed || got[2][0].Tables[0].Access != parser.Write {
		t.Errorf("%+v, %v", got, err)
	}
	if strings.Contains(got[2][0].Text, "secret") {
		t.Error("a literal came back")
	}
}

// A statement that kills the parser costs the others nothing, and is not sent
// again.
// hazard: 40
func TestTheKillerIsQuarantined(t *testing.T) {
	p := pool(t)
	for round := range 2 {
		got, err := p.Parse(t.Context(), []string{"SELECT 1 FROM a", "SELECT 1 FROM kill", "SELECT 1 FROM b"})
		if err != nil {
			t.Fatal(err)
		}
		if got[1][0].Parsed || got[1][0].Tables[0].Name != "kill" || !got[0][0].Parsed || !got[2][0].Parsed {
			t.Errorf("round %d: %+v", round, got)
		}
	}
	if p.Kills() != 1 {
		t.Errorf("it was killed %d times", p.Kills())
	}
}

// hazard: 42
func TestAHangingParserIsKilled(t *testing.T) {
	p := pool(t)
	begun := time.Now()
	got, err := p.Parse(t.Context(), []string{"SELECT 1 FROM hang"})
	if err != nil || got[0][0].Parsed || time.Since(begun) > 10*time.Second {
		t.Errorf("after %s: %+v, %v", time.Since(begun), got, err)
	}
	if got, err = p.Parse(t.Context(), []string{"SELECT 1 FROM a"}); err != nil || !got[0][0].Parsed {
		t.Errorf("it is not restarted: %+v, %v", got, err)
	}
}

func TestTheContextEnds(t *testing.T) {
	p := pool(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := p.Parse(ctx, []string{"SELECT 1 FROM hang"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}

// Tables are cached by the masked text: two names that one fingerprint covers
// stay apart.
func TestTheCacheKeepsNamesApart(t *testing.T) {
	p := pool(t)
	for _, name := range []string{"events_202401", "events_202402", "events_202401"} {
		got, err := p.Parse(t.Context(), []string{"SELECT 1 FROM " + name + " WHERE x = 5"})
		if err != nil || got[0][0].Tables[0].Name != name {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A batch of two that no cache knows, there and back.
func BenchmarkRoundTrip(b *testing.B) {
	p, err := New(Config{Command: []string{os.Args[0], serveArgument}, Cache: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	texts := []string{"SELECT a.x FROM a JOIN b ON a.id = b.id", "SELECT b.x FROM a JOIN b ON a.id = b.id"}
	for b.Loop() {
		if _, err := p.Parse(b.Context(), texts); err != nil {
			b.Fatal(err)
		}
	}
}
