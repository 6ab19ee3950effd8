package healer

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/rules"
)

// chosen is a plan of this pass, its rule, and what was decided about it.
type chosen struct {
	plan     Plan
	rule     *rules.Rule
	decision Decision
}

// plan makes the plans of the pass's findings and decides about each.
func (r *run) plan(ctx context.Context) ([]chosen, error) {
	var out []chosen
	for _, p := range r.passed {
		if p.rule.Observes() {
			continue
		}
		for _, f := range p.findings {
			plan, err := r.build(ctx, p.rule, f)
			if err != nil {
				s := r.skipped(p.rule, f.Object.String(), err)
				r.result.Skips = append(r.result.Skips, s)
				r.tell(ctx, Transition{Action: RuleSkipped, Skip: &s})
				continue
			}
			if len(r.opts.Plans) > 0 && !slices.Contains(r.opts.Plans, plan.ID) {
				continue
			}
			c := chosen{plan: plan, rule: p.rule, decision: r.decide(ctx, plan, p.rule)}
			if err := r.propose(ctx, c); err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	if err := r.freeze(ctx); err != nil {
		return nil, err
	}
	// Low risk first: what is surely safe does not wait for what may not be.
	slices.SortStableFunc(out, func(a, b chosen) int { return a.plan.Risk.Rank() - b.plan.Risk.Rank() })
	return out, nil
}

// propose records a plan the first time it is seen, and shows the decision
// when it is another than last time.
func (r *run) propose(ctx context.Context, c chosen) error {
	r.result.show(c)
	known, ok := r.memory.plans[c.plan.ID]
	if !ok || r.now().After(known.Plan.Expires) {
		proposal := Proposal{Plan: c.plan}
		if err := r.write(ctx, KindPlan, c.plan.ID, PlanProposed, r.actor(), proposal); err != nil {
			return err
		}
		r.memory.plans[c.plan.ID] = proposal
		r.tell(ctx, Transition{Action: PlanProposed, Plan: &c.plan})
	}
	if c.decision.Verdict == Proceed {
		return nil
	}
	key := decisionKey(c.plan.ID)
	if before, _, err := r.cfg.State.Get(ctx, key); err != nil || !c.decision.news(before) {
		return err
	}
	action := RepairWaiting
	if c.decision.Verdict == Refuse {
		action = RepairRefused
	}
	r.tell(ctx, Transition{Action: action, Plan: &c.plan, Decision: &c.decision})
	return r.cfg.State.Put(ctx, key, c.decision.said())
}

// show puts a plan into the result, in the place of the same finding's
// earlier plan.
func (res *Result) show(c chosen) {
	p := Planned{Plan: c.plan, Decision: c.decision}
	for i := range res.Plans {
		if res.Plans[i].Plan.Finding.ID == c.plan.Finding.ID {
			res.Plans[i] = p
			return
		}
	}
	res.Plans = append(res.Plans, p)
}

// free notes the rules that took no part and whose findings waited for a repair
// of this run.
func (r *run) free() {
	for _, f := range r.memory.findings {
		if f.Status != Open || f.BlockedBy == "" || f.Database != r.cfg.Database || r.rule(f.Rule) != nil || slices.Contains(r.result.Freed, f.Rule) {
			continue
		}
		cause, _, _ := strings.Cut(f.BlockedBy, " ")
		if slices.ContainsFunc(r.result.Repairs, func(a Attempt) bool { return a.Verified && a.Plan.Finding.Rule == cause }) {
			r.result.Freed = append(r.result.Freed, f.Rule)
		}
	}
}

// repair applies the plans that may proceed, one after the other, and returns
// the rules that have to look again: of findings that waited for another, and
// those that a failure handed over to.
func (r *run) repair(ctx context.Context, plans []chosen) ([]*rules.Rule, error) {
	var again []*rules.Rule
	look := func(rule *rules.Rule) {
		if rule != nil && !slices.Contains(again, rule) {
			again = append(again, rule)
		}
	}
	repaired := false
	for _, c := range plans {
		if c.decision.Verdict != Proceed || ctx.Err() != nil {
			continue
		}
		a, err := r.apply(ctx, c)
		if err = errors.Join(err, r.freeze(ctx)); err != nil {
			return nil, err
		}
		if a == nil {
			continue // the plan was void
		}
		r.result.Repairs = append(r.result.Repairs, *a)
		repaired = repaired || a.Verified
		if a.HandedTo != "" {
			look(r.rule(a.HandedTo))
		}
	}
	if repaired {
		r.free()
		for _, c := range plans {
			if c.decision.Guard == GuardBlocked {
				look(c.rule)
			}
		}
	}
	return again, nil
}
