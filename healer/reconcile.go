package healer

import (
	"context"
	"fmt"
	"strings"

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
		if a.State.Final() || a.Plan.Finding.Database != h.cfg.Database ||
			a.Server.SystemIdentifier != id.SystemIdentifier || id.InRecovery {
			continue
		}
		if err := h.reconcileOne(ctx, id, m, a); err != nil {
			return err
		}
	}
	return nil
}

func (h *Healer) reconcileOne(ctx context.Context, id Identity, m *memory, a Attempt) error {
	r := &run{
		Healer: h, server: id, memory: m, result: Result{Server: id},
		params: make(map[string]rules.Values), locked: make(map[uint32]bool),
	}
	if a.State != Interrupted {
		a.State, a.Err = Interrupted, "the process that ran it ended"
		if err := r.save(ctx, &a, RepairInterrupted); err != nil {
			return err
		}
	}
	running, err := h.cfg.Operator.Running(ctx)
	if err != nil {
		return fmt.Errorf("look for statements still at work: %w", err)
	}
	for _, app := range running {
		if strings.HasSuffix(app, a.ID) {
			return nil // its statement is still at work on the server; asked again next time
		}
	}
	rule := r.rememberedRule(a)
	if rule == nil {
		a.State, a.Err = Failed, "interrupted, and its rule was changed or removed since, so it cannot be verified"
		a.Ended = h.now()
		return r.save(ctx, &a, RepairFailed)
	}
	return r.settle(ctx, rule, a)
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

// settle clears up after an interrupted attempt and asks its verification
// what came of it.
func (r *run) settle(ctx context.Context, rule *rules.Rule, a Attempt) error {
	action := rule.Repair
	if a.UndoOf != "" {
		action = rule.Undo.Action
	}
	j := &job{
		run: r, rule: rule, attempt: &a, action: action,
		values: r.base(rule).Merge(a.Plan.Finding.Facts),
	}
	if err := j.tidy(ctx); err != nil {
		if yielded(err) || IsConnection(err) {
			return nil // asked again next time; until then nothing else runs here
		}
		a.Err = err.Error()
	}
	if a.UndoOf == "" {
		verified := j.verify(ctx)
		a.Verified = verified == nil
	} else if done, ok := r.attempt(a.UndoOf); ok {
		now, err := r.cfg.Snapshotter.Snapshot(ctx, a.Plan.Finding.Object)
		a.Verified = err == nil && len(done.Before.Snapshot.Diff(now)) == 0
		if a.Verified {
			done.State, done.UndoneBy = Undone, a.ID
			if err := r.save(ctx, &done, RepairUndone); err != nil {
				return err
			}
		}
	}
	if after, err := j.picture(ctx, rule, a.Plan.Finding.Object, j.values); err == nil {
		a.After = after
	}
	a.State, a.Ended = Reconciled, r.now()
	return r.save(ctx, &a, RepairReconciled)
}

func (r *run) attempt(id string) (Attempt, bool) {
	for _, a := range r.memory.attempts {
		if a.ID == id {
			return a, true
		}
	}
	return Attempt{}, false
}
