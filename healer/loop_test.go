package healer

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// stuck is a server that answers nothing until it is let go, whatever the
// context says: what a loop that hangs waits for.
type stuck struct {
	Reader
	asked atomic.Int64
	now   atomic.Int64 // how many are asking
	most  atomic.Int64
	letGo chan struct{}
}

// errStuck is what the server says in the end; no connection error, which
// would be tried again.
var errStuck = errors.New("at last")

func (s *stuck) Identify(context.Context) (Identity, error) {
	s.asked.Add(1)
	n := s.now.Add(1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	<-s.letGo
	s.now.Add(-1)
	return Identity{}, errStuck
}

// loopOf makes a loop with one rule over databases of a stuck server.
func loopOf(s *stuck, databases, atOnce int) *Loop {
	c := LoopConfig{Rules: []*rules.Rule{{ID: "a/b", Every: "1h"}}, Log: slog.New(slog.DiscardHandler), AtOnce: atOnce}
	for i := range databases {
		c.Healers = append(c.Healers, New(Config{Database: string(rune('a' + i)), Reader: s}))
	}
	return NewLoop(c)
}

// until polls for what another goroutine does.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to this:", what)
		}
	}
}

// runLoop runs a loop; what it returns waits for its end.
func runLoop(ctx context.Context, l *Loop) chan error {
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	return ended
}

func TestALoopThatHangsIsKnown(t *testing.T) {
	s := &stuck{letGo: make(chan struct{})}
	l := loopOf(s, 1, 0)
	if l.Hangs(time.Now().Add(24*time.Hour)) != "" {
		t.Error("it hangs before it runs")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := runLoop(ctx, l)
	until(t, "the server is asked", func() bool { return s.asked.Load() == 1 })
	if l.Hangs(time.Now()) != "" {
		t.Error("work that has only begun hangs")
	}
	if late := time.Now().Add(defaultRuleTime + slack + time.Minute); l.Hangs(late) != "a" {
		t.Error("work beyond its bound does not hang")
	}
	close(s.letGo)
	until(t, "the work has ended", func() bool { return l.Hangs(time.Now().Add(24*time.Hour)) == "" })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestADrainedLoopEndsWhatIsAtWorkAndBeginsNothing(t *testing.T) {
	s := &stuck{letGo: make(chan struct{})}
	l := loopOf(s, 1, 0)
	ended := runLoop(t.Context(), l)
	until(t, "the server is asked", func() bool { return s.asked.Load() == 1 })
	l.Look("a/b")
	l.Drain()
	l.Drain()
	select {
	case <-ended:
		t.Fatal("it ended in the middle of its work")
	default:
	}
	close(s.letGo)
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("%d runs; what was still to do is the next loop's", n)
	}
}

func TestFewDatabasesAreAtWorkAtOnce(t *testing.T) {
	s := &stuck{letGo: make(chan struct{})}
	l := loopOf(s, 12, 3)
	ctx, cancel := context.WithCancel(t.Context())
	ended := runLoop(ctx, l)
	until(t, "as many as may be are at work", func() bool { return s.now.Load() == 3 })
	close(s.letGo)
	until(t, "every database had its turn", func() bool { return s.asked.Load() == 12 && s.now.Load() == 0 })
	if n := s.most.Load(); n != 3 {
		t.Errorf("%d databases were at work at once", n)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
