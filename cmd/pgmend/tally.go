package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/pgmend/pgmend/healer"
)

// tally counts the rules whose repair was verified.
type tally struct {
	mu     sync.Mutex
	rules  []string
	change chan struct{}
}

func newTally() *tally { return &tally{change: make(chan struct{}, 1)} }

// Observe implements healer.Observer.
func (h *tally) Observe(_ context.Context, t healer.Transition) {
	if t.Action != healer.RepairVerified || t.Finding == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.rules, t.Finding.Rule) {
		h.rules = append(h.rules, t.Finding.Rule)
	}
	select {
	case h.change <- struct{}{}:
	default:
	}
}

// wait waits until repairs of so many rules were verified.
func (h *tally) wait(ctx context.Context, n int, ended chan error) error {
	for {
		h.mu.Lock()
		have := slices.Clone(h.rules)
		h.mu.Unlock()
		if len(have) >= n {
			return nil
		}
		select {
		case <-h.change:
		case err := <-ended:
			ended <- err // for whoever waits for the daemon's end
			return errors.Join(errors.New("the daemon ended"), err)
		case <-ctx.Done():
			return fmt.Errorf("only %d of %d kinds of faults were healed: %v: %w", len(have), n, have, ctx.Err())
		}
	}
}

// oneByOne lets one writer write at a time.
type oneByOne struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (o *oneByOne) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}
