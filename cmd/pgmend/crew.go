package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// errDone ends the work of a crew without a fault.
var errDone = errors.New("done")

// crew is a group of goroutines of which the first that fails ends the others.
type crew struct {
	ctx    context.Context //nolint:containedctx // it lives as long as the group
	cancel context.CancelCauseFunc
	group  sync.WaitGroup
}

func newCrew(ctx context.Context) *crew {
	w := new(crew)
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	return w
}

func (w *crew) start(what string, do func(context.Context) error) {
	w.group.Go(func() {
		switch err := do(w.ctx); {
		case errors.Is(err, errDone):
			w.cancel(errDone)
		case err != nil && w.ctx.Err() == nil:
			w.cancel(fmt.Errorf("%s: %w", what, err))
		}
	})
}

// wait returns why the group ended; nil where it was asked to.
func (w *crew) wait() error {
	w.group.Wait()
	err := context.Cause(w.ctx)
	w.cancel(nil)
	if errors.Is(err, context.Canceled) || errors.Is(err, errDone) {
		return nil
	}
	return err
}
