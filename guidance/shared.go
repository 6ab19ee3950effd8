package guidance

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/singleflight"
)

// Shared makes one Engine on first use, for everybody. Callers that come at
// the same time wait for the same one. A failure is told to those who wait and
// is not kept: the next caller tries again. A caller who gives up leaves the
// others alone. It must not be copied.
type Shared struct {
	make   func(context.Context) (*Engine, error)
	flight singleflight.Group
	engine atomic.Pointer[Engine]
}

// NewShared returns a Shared that makes its engine so.
func NewShared(engine func(context.Context) (*Engine, error)) *Shared {
	return &Shared{make: engine}
}

// safely makes an engine; a panic is an error, as it would end the process
// from a goroutine nobody can guard.
func (s *Shared) safely(ctx context.Context) (e *Engine, err error) {
	defer func() {
		if v := recover(); v != nil {
			e, err = nil, fmt.Errorf("make the guidance engine: panic: %v", v)
		}
	}()
	return s.make(ctx)
}

// Engine returns the one engine, or why there is none yet.
func (s *Shared) Engine(ctx context.Context) (*Engine, error) {
	if e := s.engine.Load(); e != nil {
		return e, nil
	}
	// The making belongs to all who wait, so it does not end with one of them;
	// its values it has of the first.
	begun := context.WithoutCancel(ctx)
	done := s.flight.DoChan("", func() (any, error) {
		if e := s.engine.Load(); e != nil {
			return e, nil // made between the look above and this one
		}
		e, err := s.safely(begun)
		if err == nil && e == nil {
			err = errors.New("no guidance engine was made")
		}
		if err != nil {
			return nil, err
		}
		s.engine.Store(e)
		return e, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Engine), nil
	}
}
