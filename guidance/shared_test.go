package guidance

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A thousand callers at once get the same engine, made once.
func TestSharedIsMadeOnce(t *testing.T) {
	var made atomic.Int32
	s := NewShared(func(context.Context) (*Engine, error) {
		made.Add(1)
		return New(Config{})
	})
	engines := make([]*Engine, 1000)
	var working sync.WaitGroup
	for i := range engines {
		working.Go(func() {
			e, err := s.Engine(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			engines[i] = e
			if _, err := e.Ask(t.Context(), Question{Text: "deadlock"}); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	for _, e := range engines {
		if e != engines[0] {
			t.Fatal("there are several engines")
		}
	}
	if n := made.Load(); n != 1 {
		t.Errorf("it was made %d times", n)
	}
}

// A failure, a nil or a panic is told and not kept.
func TestSharedTriesAgain(t *testing.T) {
	failures := []func() (*Engine, error){
		func() (*Engine, error) { return nil, errors.New("no packs") },
		func() (*Engine, error) { return nil, nil },
		func() (*Engine, error) { panic("boom") },
	}
	calls := 0
	s := NewShared(func(context.Context) (*Engine, error) {
		if calls++; calls <= len(failures) {
			return failures[calls-1]()
		}
		return New(Config{})
	})
	for range failures {
		if _, err := s.Engine(t.Context()); err == nil {
			t.Error("a failure is not told")
		}
	}
	if _, err := s.Engine(t.Context()); err != nil {
		t.Errorf("a failure was kept: %v", err)
	}
}

// The first caller gives up while the engine is made; the others get it.
func TestSharedOutlivesACallerWhoGivesUp(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	s := NewShared(func(ctx context.Context) (*Engine, error) {
		close(begun)
		<-goOn
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return New(Config{})
	})
	first, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := s.Engine(first)
		gone <- err
	}()
	<-begun
	second := make(chan error)
	go func() {
		_, err := s.Engine(t.Context())
		second <- err
	}()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the first caller: %v", err)
	}
	close(goOn)
	if err := <-second; err != nil {
		t.Errorf("the second caller: %v", err)
	}
}
