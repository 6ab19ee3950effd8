package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pgmend/pgmend/parser"
)

// The test binary is its own child: with the first argument it serves with a
// parser that can be killed, with the second as the program does.
const (
	serveArgument = "-serve-as-a-child"
	realArgument  = "-serve-for-real"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveArgument {
		if err := serve(os.Stdin, os.Stdout, mortal); err != nil {
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == realArgument {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
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
	case strings.Contains(sql, "FROM spin"):
		go exitWhenSlow()
		limitCPU()
		for n := 0; n >= 0; n ^= 1 { // until the limit
			runtime.Gosched()
		}
	}
	return parser.Parse(sql)
}

func pool(t *testing.T) *Pool {
	t.Helper()
	return poolOf(t, Config{Command: []string{os.Args[0], serveArgument}, Deadline: time.Minute})
}

func poolOf(t *testing.T, c Config) *Pool {
	t.Helper()
	p, err := New(c)
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
	p := poolOf(t, Config{Command: []string{os.Args[0], serveArgument}, Deadline: 2 * time.Second})
	got, err := p.Parse(t.Context(), []string{"SELECT 1 FROM hang"})
	if err != nil || got[0][0].Parsed || got[0][0].Err != errSlow.Error() {
		t.Errorf("%+v, %v", got, err)
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

// A parser that does not end is ended by the limit on its processor time, long
// before the deadline.
func TestAParserThatSpinsIsKilled(t *testing.T) {
	p := pool(t)
	got, err := p.Parse(t.Context(), []string{"SELECT 1 FROM a", "SELECT 1 FROM spin", "SELECT 1 FROM b"})
	if err != nil || !got[0][0].Parsed || got[1][0].Err != errSlow.Error() || got[1][0].Tables[0].Name != "spin" || !got[2][0].Parsed {
		t.Errorf("%+v, %v", got, err)
	}
	if p.Kills() != 1 {
		t.Errorf("it was killed %d times", p.Kills())
	}
}

// A child that dies while it has nothing to do died of no statement.
func TestAChildThatWasKilledIsReplaced(t *testing.T) {
	p := pool(t)
	for _, name := range []string{"a", "b", "c"} {
		got, err := p.Parse(t.Context(), []string{"SELECT 1 FROM " + name})
		if err != nil || !got[0][0].Parsed {
			t.Errorf("%+v, %v", got, err)
		}
		if err := p.child.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.child.cmd.Process.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if p.Kills() != 0 {
		t.Errorf("%d statements are blamed", p.Kills())
	}
}

// What is too heavy for the parser costs the child at most, and what follows
// is served.
func TestHeavyStatements(t *testing.T) {
	p := poolOf(t, Config{Command: []string{os.Args[0], realArgument}, Deadline: time.Minute})
	heavy := []string{
		"SELECT 1 FROM a WHERE b" + strings.Repeat(" AND b", 150_000), "INSERT INTO a VALUES (1)" + strings.Repeat(",(1)", 250_000),
		"SELECT 1 FROM a WHERE b" + strings.Repeat("+1", 24_000), "SELECT 1 FROM a" + strings.Repeat(", a", 300_000),
		"SELECT 1 FROM a WHERE b = '" + strings.Repeat("\x01\xff", 400_000) + "'", "SELECT 1 FROM a /*" + strings.Repeat("x", 50<<20),
		"SELECT 1 FROM a /*" + strings.Repeat("x", 1<<20) + "*/; SELECT 2 FROM a",
	}
	got, err := p.Parse(t.Context(), append(slices.Clone(heavy), "SELECT 1 FROM light"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range heavy {
		if x := got[i][0].Tables; len(x) != 1 || x[0].Name != "a" {
			t.Errorf("%.40s…: %v, %s", heavy[i], x, got[i][0].Err)
		}
	}
	if last := got[len(heavy)][0]; !last.Parsed || last.Tables[0].Name != "light" {
		t.Errorf("the next statement is not served: %+v", last)
	}
}

// The child holds no environment and no more than it needs.
func TestTheChildIsLimited(t *testing.T) {
	p := poolOf(t, Config{Command: []string{os.Args[0], realArgument}, Deadline: time.Minute})
	if _, err := p.Parse(t.Context(), []string{"SELECT 1"}); err != nil {
		t.Fatal(err)
	}
	proc := fmt.Sprintf("/proc/%d/", p.child.cmd.Process.Pid)
	limits, err := os.ReadFile(proc + "limits")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Max data size": fmt.Sprint(maxData), "Max stack size": fmt.Sprint(maxStack), "Max core file size": "0", "Max open files": fmt.Sprint(maxFiles),
	} {
		if !regexp.MustCompile(name + ` +` + want + ` `).Match(limits) {
			t.Errorf("%s is not %s:\n%s", name, want, limits)
		}
	}
	environment, err := os.ReadFile(proc + "environ")
	if err != nil || strings.TrimRight(string(environment), "\x00") != "GOTRACEBACK=none" {
		t.Errorf("its environment is %q: %v", environment, err)
	}
	threads, err := filepath.Glob(proc + "task/*/status")
	if err != nil || len(threads) < 2 {
		t.Fatalf("its threads are %v: %v", threads, err)
	}
	for _, path := range threads {
		status, err := os.ReadFile(path) //nolint:gosec // of the kernel
		if errors.Is(err, fs.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil || !strings.Contains(string(status), "NoNewPrivs:\t1") {
			t.Errorf("the thread of %s may gain rights: %v", path, err)
		}
	}
}

// Started by somebody who has not confined it, the child confines itself.
func TestTheChildConfinesItself(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], realArgument)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var hello string
	if err := receive(out, &hello); err != nil || hello != greeting {
		t.Errorf("it says %q: %v", hello, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil || !strings.Contains(string(status), "NoNewPrivs:\t1") {
		t.Errorf("it may gain rights: %v\n%s", err, status)
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
}

// Statements that no cache knows, there and back, in batches.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("batch of %d", size), func(b *testing.B) {
			p, err := New(Config{Command: []string{os.Args[0], serveArgument}})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			texts, n := make([]string, size), 0
			for b.Loop() {
				for i := range texts {
					n++
					texts[i] = fmt.Sprintf("SELECT a.x FROM a%d a JOIN b ON a.id = b.id", n)
				}
				if _, err := p.Parse(b.Context(), texts); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/statement")
		})
	}
}

// A start that comes after the end, as that of a command may which ends at once,
// leaves no process behind; one that comes before serves the first text.
func TestStart(t *testing.T) {
	p := pool(t)
	p.Start(t.Context())
	if p.child == nil {
		t.Fatal("there is no child")
	}
	p.Close()
	p.Start(t.Context())
	if p.child != nil {
		t.Error("a child was started that nobody ends")
	}
}
