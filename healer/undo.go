package healer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/pgmend/pgmend/rules"
)

// Undo takes a verified repair back with the statements its plan kept. It
// refuses where the object is not as the repair left it. What was undone is
// muted, so that it is not repaired again behind the person's back.
func (h *Healer) Undo(ctx context.Context, attemptID string, o Options) (Attempt, error) {
	h.alone.Lock()
	defer h.alone.Unlock()
	o.Person, o.Rules, o.Plans = true, nil, nil
	r, err := h.begin(ctx, o)
	if err != nil {
		return Attempt{}, err
	}
	if err := h.reconcile(ctx, r.server); err != nil {
		return Attempt{}, err
	}
	if r.memory, err = h.recall(ctx); err != nil {
		return Attempt{}, err
	}
	done, rule, err := r.undoable(ctx, attemptID)
	if err != nil {
		return Attempt{}, err
	}
	return r.undo(ctx, done, rule)
}

// undoable finds the repair and asks whether it may be taken back.
func (r *run) undoable(ctx context.Context, id string) (Attempt, *rules.Rule, error) {
	i := slices.IndexFunc(r.memory.attempts, func(a Attempt) bool { return a.ID == id })
	if i < 0 {
		return Attempt{}, nil, fmt.Errorf("repair %s: %w", id, ErrNotFound)
	}
	a := r.memory.attempts[i]
	rule := r.rule(a.Plan.Finding.Rule)
	refusal := func(format string, args ...any) (Attempt, *rules.Rule, error) {
		d := refuse("undo", format, args...)
		return Attempt{}, nil, &Refusal{Guard: d.Guard, Reason: d.Reason}
	}
	switch {
	case a.UndoOf != "":
		return refusal("it is itself the undo of %s", a.UndoOf)
	case a.UndoneBy != "":
		return refusal("it was undone by %s already", a.UndoneBy)
	case !a.Verified && !a.partial():
		return refusal("it is %s, and only a verified repair can be undone", a.State)
	case a.Plan.UndoNone != "":
		return refusal("it has no undo, because %s", a.Plan.UndoNone)
	case len(a.Plan.Undo) == 0:
		return refusal("its plan had nothing to take back")
	case rule == nil:
		return refusal("the rule %s is not there any more, or is off", a.Plan.Finding.Rule)
	case rule.Hash != a.Plan.RuleHash:
		return refusal("the rule %s was changed since; the statements were: %s", rule.ID, undoScript(a.Plan))
	case r.server.SystemIdentifier != a.Server.SystemIdentifier:
		return refusal("it ran on another server")
	}
	for _, g := range []guard{r.guardServer, r.guardVersion, r.guardPaused, r.guardUnfinished} {
		if d := g(a.Plan, rule); d != nil {
			return Attempt{}, nil, &Refusal{Guard: d.Guard, Reason: d.Reason}
		}
	}
	for _, d := range []*Decision{r.guardAround(ctx, a.Plan, a.Plan.Undo, a.Plan.UndoMode), r.guardBudget(ctx, a.Plan, a.Plan.Undo)} {
		if d != nil {
			return Attempt{}, nil, errors.Join(&Refusal{Guard: d.Guard, Reason: d.Reason}, r.freeze(ctx))
		}
	}
	look := r.changed
	if a.Plan.Mode == rules.Batches {
		look = r.unsealed(rule) // rows are put back, and the undo's own assertions say where they cannot be
	}
	changed, err := look(ctx, a)
	if err != nil {
		return Attempt{}, nil, fmt.Errorf("look at the object: %w", err)
	}
	if changed != "" {
		return refusal("it was changed after the repair: %s", changed)
	}
	return a, rule, nil
}

// changed says how an object differs from what a repair left. What was dropped
// and made again is somebody's new object, however alike it is: but for an
// index, which every REINDEX CONCURRENTLY makes again.
func (r *run) changed(ctx context.Context, a Attempt) (string, error) {
	o, left := a.Plan.Finding.Object, a.After.Snapshot
	now, err := r.cfg.Snapshotter.Snapshot(ctx, o)
	if err != nil {
		return "", err
	}
	if diff := left.Diff(now); len(diff) > 0 {
		return diff[0], nil
	}
	if now.OID != left.OID && !strings.Contains(now.Kind, "index") {
		return "it was dropped, and made again", nil
	}
	if o.Kind != "" || o.TableOID == 0 {
		return "", nil
	}
	table, err := r.cfg.Snapshotter.Snapshot(ctx, Object{OID: o.TableOID})
	if err == nil && !table.Exists() {
		return "its table was dropped", nil
	}
	return "", err
}

func undoScript(p Plan) string {
	out := ""
	for _, s := range p.Undo {
		out += s.SQL + "; "
	}
	return out
}

func (r *run) undo(ctx context.Context, done Attempt, rule *rules.Rule) (Attempt, error) {
	values := r.base(rule).Merge(done.Plan.Finding.Facts, rules.RunValues(done.ID))
	a := &Attempt{
		ID: ulid.Make().String(), Plan: done.Plan, State: Intended, Actor: r.actor(),
		Server: r.server, Started: r.now(), UndoOf: done.ID, Why: r.opts.Why,
		Guards: []string{GuardPrimary, GuardPaused, GuardUnfinished, "undo"},
	}
	var err error
	if a.Before, err = r.picture(ctx, rule, done.Plan.Finding.Object, values); err != nil {
		return Attempt{}, fmt.Errorf("look at the object: %w", err)
	}
	if a.Builds, err = r.cfg.Snapshotter.Builds(ctx, done.Plan.Finding.Object); err != nil {
		return Attempt{}, fmt.Errorf("look at the table's indexes: %w", err)
	}
	if err := r.save(ctx, a, RepairIntended); err != nil {
		return Attempt{}, err
	}
	j := &job{run: r, rule: rule, attempt: a, action: rule.Undo.Action, steps: done.Plan.Undo, values: values}
	j.do(ctx)
	return *a, j.restored(context.WithoutCancel(ctx), done)
}

// restored proves that the object is again as it was before the repair.
func (j *job) restored(ctx context.Context, done Attempt) error {
	a := j.attempt
	if errors.Is(j.err, errUndurable) {
		return j.err
	}
	if j.sent || j.unsettled {
		return j.suspend(ctx)
	}
	if j.err == nil {
		j.err = j.isBack(ctx, done, j.rule.Verify.Within)
	} else if after, err := j.picture(ctx, j.rule, a.Plan.Finding.Object, j.values); err == nil {
		a.After = after
	}
	if j.err != nil {
		j.err = errors.Join(j.err, j.seal(ctx)) // what it put back is not missing to the next
	}
	a.Verified, a.Ended = j.err == nil, j.now()
	if err := j.halfway(ctx); err != nil {
		return err
	}
	if err := j.save(ctx, a, j.conclude()); err != nil || !a.Verified {
		return err
	}
	return j.closed(ctx, done)
}

// halfway mutes the finding of an undo that did not come to its end and may have
// got half-way, since it is not one transaction: what a person wants back is not
// repaired again before the undo can be gone on with.
func (j *job) halfway(ctx context.Context) error {
	a := j.attempt
	if a.UndoOf == "" || a.Verified || a.mode() == rules.Transaction || len(a.Steps) == 0 {
		return nil
	}
	return j.mute(ctx, a.Plan.Finding, a.Actor)
}

// asBefore looks at the object until it is as it was before the repair.
func (j *job) asBefore(ctx context.Context, done Attempt, within time.Duration) error {
	left, err := poll(ctx, within, func() (string, error) {
		after, err := j.picture(ctx, j.rule, j.attempt.Plan.Finding.Object, j.values)
		if err != nil {
			return "", err
		}
		j.attempt.After = after
		if diff := done.Before.Snapshot.Diff(after.Snapshot); len(diff) > 0 {
			return diff[0], nil
		}
		return "", nil
	})
	if err == nil && left != "" {
		err = fmt.Errorf("the object is not as it was: %s", left)
	}
	return err
}

// isBack proves that a repair was taken back.
func (j *job) isBack(ctx context.Context, done Attempt, within time.Duration) error {
	if done.Plan.Mode == rules.Batches {
		return j.putBack(ctx, done)
	}
	return j.asBefore(ctx, done, within)
}

// putBack makes sure that the rows of a repair have left the quarantine, which
// the object itself does not tell.
func (j *job) putBack(ctx context.Context, done Attempt) error {
	var err error
	if j.attempt.After, err = j.picture(ctx, j.rule, j.attempt.Plan.Finding.Object, j.values); err != nil {
		return err
	}
	return j.gone(ctx, done)
}
