package healer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// finish looks at what came of the steps, whether they failed or not: it
// clears up what they left, verifies, takes the picture after, and writes how
// the attempt ended. It returns an error only where the ledger failed.
func (j *job) finish(ctx context.Context) error {
	a := j.attempt
	if j.err == nil {
		a.State = Applied
		if err := j.save(ctx, a, RepairApplied); err != nil {
			return err
		}
	}
	if j.err == nil {
		j.err = j.verify(ctx)
		a.Verified = j.err == nil
	}
	if after, err := j.picture(ctx, j.rule, a.Plan.Finding.Object, j.values); err == nil {
		a.After = after
	} else if j.err == nil {
		j.err = fmt.Errorf("verified, but its state after the repair cannot be read: %w", err)
	}
	a.Ended = j.now()
	action := j.conclude()
	if err := j.save(ctx, a, action); err != nil {
		return err
	}
	j.memory.attempts = append(j.memory.attempts, *a)
	if !a.Verified {
		return nil
	}
	f := a.Plan.Finding
	if known, ok := j.memory.findings[f.ID]; ok {
		f.FirstSeen = known.FirstSeen
	}
	return j.resolve(ctx, f)
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
	case yielded(j.err) && j.tidied == nil:
		a.State = Deferred
		return RepairDeferred
	default:
		a.State = Failed
		return RepairFailed
	}
}

// verify polls the rule's verification until no row is left or its time is
// over. The catalog's statistics may lag behind a statement.
func (j *job) verify(ctx context.Context) error {
	return j.run.verify(ctx, j.rule, j.values)
}

func (r *run) verify(ctx context.Context, rule *rules.Rule, values rules.Values) error {
	within := rule.Verify.Within
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		rows, err := r.read(ctx, rule, rule.Verify.Query, values)
		if err == nil && len(rows) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("verify: %w", ctx.Err())
		case <-deadline.C:
			if err != nil {
				return fmt.Errorf("verify: %w", err)
			}
			return fmt.Errorf("verification did not pass within %s: %s", within, firstText(rows[0]))
		case <-time.After(pause):
		}
	}
}
