package healer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Reconcile looks at the repairs that were under way when an earlier process
// ended, and finds out from the catalog what came of them. Until it has,
// nothing else is repaired in the database.
func (h *Healer) Reconcile(ctx context.Context) error {
	h.alone.Lock()
	defer h.alone.Unlock()
	id, err := h.cfg.Reader.Identify(ctx)
	if err != nil {
		return fmt.Errorf("identify the server: %w", err)
	}
	return h.reconcile(ctx, id)
}

func (h *Healer) reconcile(ctx context.Context, id Identity) error {
	m, err := h.recall(ctx)
	if err != nil {
		return err
	}
	for _, a := range m.attempts {
		if a.Plan.Finding.Database != h.cfg.Database ||
			a.Server.SystemIdentifier != id.SystemIdentifier || id.InRecovery {
			continue
		}
		if a.State.Final() {
			err = h.closeUndo(ctx, m, a)
		} else {
			_, err = h.reconcileOne(ctx, id, m, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// closeUndo closes a repair whose undo was the last that an earlier process wrote:
// a fault that a person wants back is not repaired again because of a crash.
func (h *Healer) closeUndo(ctx context.Context, m *memory, a Attempt) error {
	done, ok := m.attempt(a.UndoOf)
	if !ok || !a.Verified || done.UndoneBy != "" {
		return nil
	}
	j := &job{run: &run{Healer: h, memory: m}, attempt: &a}
	return j.closed(ctx, done)
}

// reconcileOne returns the attempt as far as it could be settled.
func (h *Healer) reconcileOne(ctx context.Context, id Identity, m *memory, a Attempt) (Attempt, error) {
	r := &run{
		Healer: h, server: id, memory: m, result: Result{Server: id},
		params: make(map[string]rules.Values), locked: make(map[uint32]bool),
	}
	if a.State != Interrupted {
		a.State, a.Err = Interrupted, "the process that ran it ended"
		if err := r.save(ctx, &a, RepairInterrupted); err != nil {
			return a, err
		}
	}
	running, err := h.cfg.Operator.Running(ctx)
	if err != nil {
		return a, fmt.Errorf("look for statements still at work: %w", err)
	}
	for _, app := range running {
		if strings.HasSuffix(app, a.ID) {
			return a, nil // its statement is still at work on the server; asked again next time
		}
	}
	if a.Server.DatabaseOID != id.DatabaseOID {
		return a, r.abandon(ctx, &a, "interrupted, and its database was dropped since")
	}
	return a, r.settle(ctx, &a)
}

// abandon ends an attempt of which nothing can be found out.
func (r *run) abandon(ctx context.Context, a *Attempt, why string) error {
	a.State, a.Err, a.Ended = Failed, why, r.now()
	return r.save(ctx, a, RepairFailed)
}

// rememberedRule is the rule of an attempt, if it is still the same text.
func (r *run) rememberedRule(a Attempt) *rules.Rule {
	for _, rule := range r.cfg.Rules.For(r.server.Major()) {
		if rule.ID == a.Plan.Finding.Rule && rule.Hash == a.Plan.RuleHash && rule.Repair != nil {
			if values, _, err := rule.Settings(r.cfg.Policy.Settings); err == nil {
				r.params[rule.ID] = values
				return rule
			}
		}
	}
	return nil
}

// settled is how long the verification of an interrupted repair is polled. No
// statement is at work any more, so the catalog does not change by itself.
const settled = 3 * time.Second

// settle clears up after an interrupted attempt and asks its verification
// what came of it. Where the answer cannot be had now, the attempt stays as it
// is and is asked again next time; until then nothing else runs here.
func (r *run) settle(ctx context.Context, a *Attempt) error {
	rule := r.rememberedRule(*a)
	j := &job{run: r, rule: rule, attempt: a}
	if err := j.tidy(ctx); err != nil {
		if yielded(err) || lost(err) || ctx.Err() != nil {
			return nil //nolint:nilerr // it is asked again next time
		}
		a.Err, j.tidied = err.Error(), err
	}
	if err := j.alarmed(ctx); err != nil {
		return err
	}
	if rule == nil {
		return r.abandon(ctx, a, "interrupted, and its rule was changed or removed since, so it cannot be verified")
	}
	j.values, j.action, j.steps = r.base(rule).Merge(a.Plan.Finding.Facts, rules.RunValues(cmp.Or(a.UndoOf, a.ID))), rule.Repair, a.Plan.Steps
	verify := func(ctx context.Context) error {
		return r.verify(ctx, rule, j.values, min(rule.Verify.Within, settled))
	}
	if a.UndoOf != "" {
		verify = j.takenBack
	}
	err := verify(ctx)
	switch {
	case errors.Is(err, errUndurable):
		return err
	case lost(err), err != nil && ctx.Err() != nil:
		return nil //nolint:nilerr // it is asked again next time
	}
	a.Verified = err == nil
	if err := j.discard(ctx); lost(err) || yielded(err) {
		return nil //nolint:nilerr // the same: nothing of it may be left
	} else if err != nil {
		a.Err += "; " + err.Error()
	}
	if err := j.seal(ctx); lost(err) || yielded(err) {
		return nil //nolint:nilerr // the same
	} else if err != nil {
		a.Err += "; " + err.Error()
	}
	if after, err := j.picture(ctx, rule, a.Plan.Finding.Object, j.values); err == nil {
		a.After = after
	}
	if err := j.halfway(ctx); err != nil {
		return err
	}
	a.State, a.Ended = Reconciled, r.now()
	r.armed(a)
	return r.save(ctx, a, RepairReconciled)
}

// takenBack finds out whether an interrupted undo was done.
func (j *job) takenBack(ctx context.Context) error {
	done, ok := j.memory.attempt(j.attempt.UndoOf)
	if !ok {
		return fmt.Errorf("repair %s: %w", j.attempt.UndoOf, ErrNotFound)
	}
	if err := j.isBack(ctx, done, min(j.rule.Verify.Within, settled)); err != nil {
		return err
	}
	return j.closed(ctx, done)
}

// closed mutes the finding of a repair that was taken back, and writes down that
// it was: in this order, so that who finds the second finds the first.
func (j *job) closed(ctx context.Context, done Attempt) error {
	if err := j.mute(ctx, done.Plan.Finding, j.attempt.Actor); err != nil {
		return err
	}
	done.State, done.UndoneBy = Undone, j.attempt.ID
	return j.save(ctx, &done, RepairUndone)
}

func (m *memory) attempt(id string) (Attempt, bool) {
	for _, a := range m.attempts {
		if a.ID == id {
			return a, true
		}
	}
	return Attempt{}, false
}
