package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgmend/pgmend/parser/parsertest"
)

// conversation is a running `pgmend tables --input jsonl`, asked one question
// after the other.
type conversation struct {
	t      testing.TB
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	asked  int
	worst  time.Duration
	worstQ string
}

func converse(t testing.TB) *conversation {
	t.Helper()
	c := &conversation{t: t, cmd: exec.Command(os.Args[0], "tables", "--input", "jsonl")}
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.in.Close(); err != nil {
			t.Error(err)
		}
		if err := c.cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// ask asks about a text, and how long the answer took is remembered.
func (c *conversation) ask(name, sql string) answer {
	c.t.Helper()
	question, err := json.Marshal(map[string]string{"id": name, "sql": sql})
	if err != nil {
		c.t.Fatal(err)
	}
	began := time.Now()
	if _, err := c.in.Write(append(question, '\n')); err != nil {
		c.t.Fatalf("%s: it does not listen any more: %v", name, err)
	}
	text, err := c.out.ReadBytes('\n')
	if err != nil {
		c.t.Fatalf("%s is not answered: %v", name, err)
	}
	if took := time.Since(began); took > c.worst {
		c.worst, c.worstQ = took, name
	}
	c.asked++
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		c.t.Fatal(err)
	}
	if id, _ := json.Marshal(name); string(a.ID) != string(id) || !a.Parsed && (a.Error == nil || *a.Error == "") {
		c.t.Errorf("%s: the answer is to %s, or says neither tables nor why: %.200s", name, a.ID, text)
	}
	return a
}

// peak is the most memory that the process took so far, its child apart.
func (c *conversation) peak() (megabytes int) {
	c.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		c.t.Fatal("the system does not say what a process takes")
	}
	kilobytes, err := strconv.Atoi(fields[0])
	if err != nil {
		c.t.Fatal(err)
	}
	return kilobytes >> 10
}

// giantBytes is what the longest statements take.
const giantBytes = 50 << 20

// hostile asks everything, at these levels, and after each whether it lives.
func (c *conversation) hostile(levels ...int) {
	c.t.Helper()
	for name, text := range parsertest.Hostile() {
		for _, n := range levels {
			c.ask(fmt.Sprintf("%s/%d", name, n), text(n))
		}
		if a := c.ask("after "+name, "SELECT 1 FROM small"); !a.Parsed || len(a.Statements[0].Tables) != 1 {
			c.t.Errorf("after %s it answers %+v", name, a)
		}
	}
}

func (c *conversation) giants() {
	c.t.Helper()
	for name, text := range parsertest.Giants() {
		a := c.ask(name, text(giantBytes))
		if len(a.Statements) == 0 || len(a.Statements[0].Tables) != 1 || a.Statements[0].Tables[0].Name != "big" {
			c.t.Errorf("%s: %d statements, the table is not named", name, len(a.Statements))
		}
	}
}

// A hostile text is answered, whatever its form and length: the parser's
// process may die of it, this one does not, and does not
// take many times the text's memory.
// hazard: 42
func TestHostileStatements(t *testing.T) {
	t.Parallel()
	c := converse(t)
	c.hostile(10, 10_000)
	if parsertest.RaceDetector {
		return // which multiplies memory and time
	}
	c.giants()
	if got := c.peak(); got > 5*giantBytes>>20 { // twice the text is more already than is seen
		t.Errorf("it took %d MB for texts of %d", got, giantBytes>>20)
	}
}

// BenchmarkHostileStatements says how long the slowest answer took, and how
// much memory all of them: 10 to 1,000,000 levels of everything, and 50 MB.
func BenchmarkHostileStatements(b *testing.B) {
	for b.Loop() {
		c := converse(b)
		c.hostile(10, 100, 1000, 3000, 10_000, 100_000, 1_000_000)
		c.giants()
		b.ReportMetric(c.worst.Seconds(), "slowest-s")
		b.ReportMetric(float64(c.peak()), "peak-MB")
		b.ReportMetric(float64(c.asked), "texts")
		b.Logf("the slowest is %s", c.worstQ)
	}
}
