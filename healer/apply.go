package healer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/pgmend/pgmend/rules"
)

// apply runs one plan to its end. It returns nil where the plan was void and
// nothing was tried; an error only where the ledger failed.
func (r *run) apply(ctx context.Context, c chosen) (*Attempt, error) {
	fresh, why, err := r.confirm(ctx, c)
	if err != nil {
		return nil, err
	}
	if fresh == nil {
		r.result.show(chosen{plan: c.plan, decision: *refuse(GuardExpired, "the plan is void: %s", why)})
		r.tell(ctx, Transition{Action: PlanVoid, Plan: &c.plan, Message: why})
		return nil, nil
	}
	if d, err := r.decideAgain(ctx, *fresh, c.rule); d != nil || err != nil {
		if err == nil {
			r.putOff(ctx, c, *d)
		}
		return nil, err
	}
	a := &Attempt{
		ID: ulid.Make().String(), Plan: *fresh, State: Intended, Actor: r.actor(),
		Server: r.server, Started: r.now(), Guards: passedGuards(c.rule),
		Steps: r.doneBefore(*fresh), Approval: r.approved(*fresh),
	}
	values := r.base(c.rule).Merge(fresh.Finding.Facts, rules.RunValues(a.ID))
	if a.Before, err = r.picture(ctx, c.rule, fresh.Finding.Object, values); err == nil {
		a.Builds, err = r.cfg.Snapshotter.Builds(ctx, fresh.Finding.Object)
	}
	if err != nil {
		r.giveUp(ctx, c, err)
		return nil, nil
	}
	r.arm(ctx, a)
	if err := r.save(ctx, a, RepairIntended); err != nil {
		return nil, err
	}
	job := &job{run: r, rule: c.rule, attempt: a, action: c.rule.Repair, steps: fresh.Steps, values: values}
	job.do(ctx)
	return a, job.finish(ctx)
}

// decideAgain asks every guard again, with what the ledger says now: since the
// plan was decided about, another repair may have failed, the window may have
// closed, and a person may have paused or muted.
func (r *run) decideAgain(ctx context.Context, p Plan, rule *rules.Rule) (*Decision, error) {
	m, err := r.recall(ctx)
	if err != nil {
		return nil, err
	}
	r.memory = m
	if d := r.decide(ctx, p, rule); d.Verdict != Proceed {
		return &d, nil
	}
	return nil, nil
}

// putOff shows and tells a decision against a plan that was to be applied.
func (r *run) putOff(ctx context.Context, c chosen, d Decision) {
	r.result.show(chosen{plan: c.plan, decision: d})
	action := RepairRefused
	if d.Verdict == Wait {
		action = RepairWaiting
	}
	r.tell(ctx, Transition{Action: action, Plan: &c.plan, Decision: &d})
}

// doneBefore returns the steps that an interrupted attempt on the same basis
// has done, so that they are not done again.
func (r *run) doneBefore(p Plan) []StepRun {
	if p.Mode != rules.Session {
		return nil // an interrupted transaction did nothing
	}
	var steps []StepRun
	for _, a := range r.memory.attempts {
		if a.State != Reconciled || a.Verified || a.Plan.Basis != p.Basis || a.Plan.ID != p.ID {
			continue
		}
		steps = nil
		for _, s := range a.Steps {
			if !s.Done {
				break
			}
			steps = append(steps, s)
		}
	}
	return steps
}

// passedGuards names what was asked and had no objection.
func passedGuards(rule *rules.Rule) []string {
	out := []string{
		GuardPrimary, GuardVersion, GuardMode, GuardPaused, GuardBreaker, GuardBlocked, GuardMuted, GuardUnfinished,
		GuardQuarantine, GuardApproval, GuardCooldown, GuardWindow, GuardObject, GuardOwner,
		GuardSurroundings, GuardCorruption, GuardEventTrigger, GuardDisk, GuardReplicas, GuardArchiver, GuardSlots,
	}
	for _, g := range rule.Guards {
		out = append(out, g.Name)
	}
	return out
}

// giveUp turns a picture that could not be taken into a decision: nothing
// has been intended yet, so nothing has failed.
func (r *run) giveUp(ctx context.Context, c chosen, err error) {
	r.putOff(ctx, c, *wait(GuardObject, time.Time{}, "its state before the repair cannot be read now: %v", err))
}

// confirm proves the fault again and makes its plan again, immediately before
// acting. Another plan than the decided one means that something changed.
func (r *run) confirm(ctx context.Context, c chosen) (fresh *Plan, why string, err error) {
	if why := r.sameServer(ctx); why != "" {
		return nil, why, nil
	}
	p := r.findRule(ctx, c.rule, c.plan.Finding.Fingerprint)
	if len(p.findings) == 0 {
		if len(p.skips) > 0 {
			return nil, "it cannot be confirmed now: " + p.skips[0].Message, nil
		}
		if known, ok := r.memory.findings[c.plan.Finding.ID]; ok && known.Status == Open {
			err = r.resolve(ctx, known)
		}
		return nil, "the fault is gone", err
	}
	plan, err := r.build(ctx, c.rule, p.findings[0])
	if err != nil {
		return nil, err.Error(), nil //nolint:nilerr // the plan is void, and that is why
	}
	if plan.ID != c.plan.ID || plan.Basis != c.plan.Basis {
		return nil, "its facts or its SQL changed since it was made", nil
	}
	return &plan, "", nil
}

// sameServer says what is no longer as it was when the run began.
func (r *run) sameServer(ctx context.Context) string {
	if r.cfg.Leading != nil {
		if err := r.cfg.Leading(ctx); err != nil {
			return err.Error()
		}
	}
	now, err := r.cfg.Reader.Identify(ctx)
	if err != nil {
		return fmt.Sprintf("the server cannot be asked who it is: %v", err)
	}
	return r.server.Differs(now)
}

// picture is the object as it is now. Numbers that cannot be measured now,
// behind a lock, are left out rather than waited for.
func (r *run) picture(ctx context.Context, rule *rules.Rule, o Object, values rules.Values) (Picture, error) {
	s, err := r.cfg.Snapshotter.Snapshot(ctx, o)
	if err != nil {
		return Picture{}, err
	}
	p := Picture{At: r.now(), Snapshot: s}
	if rule.Measure != nil && s.Exists() {
		if rows, err := r.read(ctx, rule, *rule.Measure, values); err == nil && len(rows) > 0 {
			p.Measures = rows[0]
		}
	}
	return p, nil
}

// save writes the attempt as it is now and tells of it. After a write that
// failed nothing more may run.
func (r *run) save(ctx context.Context, a *Attempt, action Action) error {
	if err := r.write(ctx, KindAttempt, a.ID, action, a.Actor, a); err != nil {
		return errors.Join(err, errUndurable)
	}
	copied := *a
	copied.Steps = slices.Clone(a.Steps)
	t := Transition{Action: action, Attempt: &copied, Finding: &copied.Plan.Finding, Plan: &copied.Plan}
	if n := len(copied.Steps); n > 0 && (action == StepStarted || action == StepFinished) {
		t.Step = &copied.Steps[n-1]
	}
	r.tell(ctx, t)
	return nil
}
