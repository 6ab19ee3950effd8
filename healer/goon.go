package healer

import (
	"context"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// within ends a context with the window that the repair needed to start.
func (j *job) within(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if !j.windowed() {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, nil
	}
	closed := &Yield{Reason: "the maintenance window closed"}
	left := j.cfg.Policy.Window.Left(j.now())
	if left <= 0 {
		return nil, nil, closed
	}
	ctx, cancel := context.WithTimeoutCause(ctx, left, closed)
	return ctx, cancel, nil
}

// windowed reports whether the attempt may run inside of the window only.
func (j *job) windowed() bool {
	return j.cfg.Policy.Window != nil && !j.opts.Now && j.attempt.UndoOf == "" &&
		j.attempt.Plan.Risk.Rank() >= rules.Medium.Rank()
}

// deadline is the statement's, cut to what is left of the window.
func (j *job) deadline() time.Duration {
	d := j.action.Deadline
	if !j.windowed() {
		return d
	}
	if left := max(j.cfg.Policy.Window.Left(j.now()), time.Second); d == 0 || left < d {
		return left
	}
	return d
}

// mayTryAgain asks before another try what is asked between two steps, and
// where nothing has been done yet, whether the object is still what the plan
// was made for: whoever came first may have changed it. A sequence moves all
// the time, and its statements look at it again under its lock.
func (j *job) mayTryAgain(ctx context.Context) string {
	mode := j.attempt.mode()
	if why := j.mayGoOn(ctx); why != "" || mode == rules.Batches || mode == rules.Session && j.done(0) {
		return why
	}
	now, err := j.cfg.Snapshotter.Snapshot(ctx, j.attempt.Plan.Finding.Object)
	if err != nil {
		return fmt.Sprintf("its definition cannot be read now: %v", err)
	}
	if diff := j.attempt.Before.Snapshot.Diff(now); len(diff) > 0 && now.Kind != "sequence" {
		return "it was changed meanwhile: " + diff[0]
	}
	return ""
}

// mayGoOn asks between two steps whether this is still the server, and
// whether somebody paused.
func (j *job) mayGoOn(ctx context.Context) string {
	control, err := recallControl(ctx, j.cfg.Ledger)
	if err != nil {
		return err.Error()
	}
	if control.Pauses(j.now()) {
		return control.Actor + " paused all repairs"
	}
	if j.windowed() && j.cfg.Policy.Window.Left(j.now()) <= 0 {
		return "the maintenance window closed"
	}
	return j.sameServer(ctx)
}
