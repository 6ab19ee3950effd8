package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/pgmend/pgmend/healer/report"
)

// heardText is written by one goroutine and read by another.
type heardText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (h *heardText) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(p)
}

func (h *heardText) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// A log that takes long says on a pipe, once, that it is being read.
func TestLogsSayHowFarTheyAre(t *testing.T) {
	in, feed := io.Pipe()
	var said heardText
	code := make(chan int, 1)
	go func() {
		code <- Main(t.Context(), []string{"logs", "report", "-"}, func(string) string { return "" }, in, io.Discard, &said)
	}()
	n := 0
	waitFor(t, "a line of progress", func() bool {
		n++
		if _, err := fmt.Fprintf(feed, "2026-11-24 10:00:00.000 UTC [%d] LOG:  checkpoint starting: time\n", n); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(said.String(), "phase")
	})
	if err := feed.Close(); err != nil {
		t.Fatal(err)
	}
	if c := <-code; c != exitOK {
		t.Errorf("exit %d", c)
	}
	if out := said.String(); strings.Count(out, "logs stdin: reading, ") != 1 || strings.ContainsAny(out, "\r\x1b%") {
		t.Errorf("%q", out)
	}
}

// What a command is at is said once a phase, with the share of the databases
// that are done where there are several.
func TestCourse(t *testing.T) {
	var said heardText
	live := report.NewLive(&said, report.Options{})
	var at course
	at.begin("baseline diff", 4)
	err := followed(t.Context(), live, at.look, func() error {
		at.at("shop", "reading the catalog")
		waitFor(t, "the first phase", func() bool { return strings.Contains(said.String(), "baseline diff shop: reading the catalog, 0 %") })
		at.done()
		at.at("till", "comparing")
		waitFor(t, "the second phase", func() bool { return strings.Contains(said.String(), "baseline diff till: comparing, 25 %, about ") })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if out := said.String(); strings.Count(out, "\n") != 2 {
		t.Errorf("%q", out)
	}
	var one course
	one.begin("baseline capture", 1)
	if list := one.look(t.Context()); list != nil {
		t.Errorf("it is at nothing yet: %v", list)
	}
	one.at("shop", "keeping it")
	if list := one.look(t.Context()); len(list) != 1 || list[0].Total != 0 {
		t.Errorf("the share of one database is made up: %v", list)
	}
}
