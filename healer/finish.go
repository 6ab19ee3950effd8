package healer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// finish looks at what came of the steps, whether they failed or not: it
// clears up what they left, verifies, takes the picture after, and writes how
// the attempt ended, also where it was asked to stop. It returns an error only
// where the ledger failed.
func (j *job) finish(asked context.Context) error {
	a, ctx := j.attempt, context.WithoutCancel(asked)
	if errors.Is(j.err, errUndurable) {
		return j.err // the ledger says what was intended; it is reconciled
	}
	if j.sent || j.unsettled || j.cutOff() {
		return j.suspend(ctx)
	}
	if j.err == nil {
		a.State = Applied
		if err := j.save(ctx, a, RepairApplied); err != nil {
			return err
		}
	}
	if j.err == nil {
		if j.verifyInTime(asked); j.unsettled {
			return j.suspend(ctx)
		}
		a.Verified = j.err == nil
	}
	if after, err := j.picture(ctx, j.rule, a.Plan.Finding.Object, j.values); err == nil {
		a.After = after
	} else if j.err == nil {
		j.err = fmt.Errorf("verified, but its state after the repair cannot be read: %w", err)
	}
	if err := j.seal(ctx); err != nil {
		j.err = errors.Join(j.err, err)
	}
	a.Ended = j.now()
	j.suspect(j.err, false)
	action := j.conclude()
	j.armed(a)
	if err := j.alarmed(ctx); err != nil {
		return err
	}
	if err := j.save(ctx, a, action); err != nil {
		return err
	}
	return j.healed(ctx)
}

// verifyInTime verifies for as long as it is not asked to stop.
func (j *job) verifyInTime(asked context.Context) {
	ctx, cancel := inTime(asked)
	defer cancel()
	j.err = j.verify(ctx)
	j.unsettled = j.err != nil && ctx.Err() != nil
}

// alarmed stops all repairs after one that left it worse. That comes before the
// attempt is over, since nobody looks at it again when the process ends then.
func (j *job) alarmed(ctx context.Context) error {
	worse := j.worse(ctx)
	if worse == "" {
		return nil
	}
	return j.stop(ctx, GuardBreaker, "the repair %s of %s left it worse: %s", j.attempt.ID, j.attempt.Plan.Finding.Object.Name, worse)
}

// worse says what a repair that failed left worse than it found it.
func (j *job) worse(ctx context.Context) string {
	a := j.attempt
	if j.tidied != nil {
		return j.tidied.Error()
	}
	if a.State != Failed {
		return ""
	}
	now, err := j.cfg.Snapshotter.Builds(ctx, a.Plan.Finding.Object)
	if err != nil {
		return "" // whatever is left there is found by its rule
	}
	for _, index := range now {
		i := slices.IndexFunc(a.Builds, func(b Index) bool { return b.OID == index.OID })
		if !index.Valid && !index.Building && (i < 0 || a.Builds[i].Valid) {
			return fmt.Sprintf("the index %s.%s is invalid since", index.Schema, index.Name)
		}
	}
	return ""
}

// healed closes the finding of a repair that verified.
func (j *job) healed(ctx context.Context) error {
	if !j.attempt.Verified || j.attempt.UndoOf != "" {
		return nil
	}
	f := j.attempt.Plan.Finding
	if known, ok := j.memory.findings[f.ID]; ok {
		f.FirstSeen = known.FirstSeen
	}
	return j.resolve(ctx, f)
}

// cutOff reports whether the connection was lost between two transactions of a
// repair that moves rows. What those before it made for it is still there, and
// only the next reconciliation can clear it up.
func (j *job) cutOff() bool {
	return lost(j.err) && j.action.Mode == rules.Batches && j.attempt.UndoOf == "" && len(j.attempt.Steps) > 0
}

// suspend writes down that nobody knows what came of the attempt, because the
// connection was lost, and asks the catalog where that can be asked now. Where
// it cannot, or there is no time for it, the next run does it, before anything
// else is repaired.
func (j *job) suspend(ctx context.Context) error {
	a := j.attempt
	a.State, a.Err, a.Stopped = Interrupted, j.err.Error(), j.unsettled
	if err := j.save(ctx, a, RepairInterrupted); err != nil || j.unsettled {
		return err
	}
	now, err := j.cfg.Reader.Identify(ctx)
	if err != nil || now.SystemIdentifier != a.Server.SystemIdentifier || now.InRecovery {
		return nil //nolint:nilerr // the attempt says what happened
	}
	settled, err := j.reconcileOne(ctx, now, j.memory, *a)
	if err != nil {
		if IsConnection(err) {
			return nil
		}
		return err
	}
	*a = settled
	return j.healed(ctx)
}

// conclude sets the attempt's last state.
func (j *job) conclude() Action {
	a := j.attempt
	err := errors.Join(j.err, j.tidied)
	if err != nil {
		a.Err = err.Error()
	}
	switch {
	case err == nil || a.Verified:
		a.State = Verified
		return RepairVerified
	case (yielded(j.err) || lost(j.err) || j.stopped) && j.tidied == nil:
		a.State = Deferred
		return RepairDeferred
	default:
		a.State = Failed
		return RepairFailed
	}
}

// verify polls the rule's verification until no row is left or its time is
// over.
func (j *job) verify(ctx context.Context) error {
	return j.run.verify(ctx, j.rule, j.values, j.rule.Verify.Within)
}

// firstPause is the first pause between two looks; each is twice as long as
// the one before.
const firstPause = 50 * time.Millisecond

func (r *run) verify(ctx context.Context, rule *rules.Rule, values rules.Values, within time.Duration) error {
	left, err := poll(ctx, within, func() (string, error) {
		rows, err := r.read(ctx, rule, rule.Verify.Query, values)
		if err != nil || len(rows) == 0 {
			return "", err
		}
		return firstText(rows[0]), nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("verify: %w", err)
	case left != "":
		return fmt.Errorf("verification did not pass within %s: %s", within, left)
	}
	return nil
}

// poll looks until there is nothing left to say or its time is over, and returns
// what the last look said. What a statement did is seen late at times: the
// catalog's statistics, and what a reload set.
func poll(ctx context.Context, within time.Duration, look func() (left string, err error)) (string, error) {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for pause := firstPause; ; pause = min(2*pause, time.Second) {
		left, err := look()
		if err == nil && left == "" {
			return "", nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-deadline.C:
			return left, err
		case <-time.After(pause):
		}
	}
}
