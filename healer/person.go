package healer

import (
	"context"
	"fmt"
	"time"
)

// Approve records a person's yes to exactly this plan. It expires with it.
func (h *Healer) Approve(ctx context.Context, planID, actor string) (Approval, error) {
	return h.answer(ctx, planID, actor, true)
}

// Reject records a person's no. The plan's finding is muted with it.
func (h *Healer) Reject(ctx context.Context, planID, actor string) (Approval, error) {
	return h.answer(ctx, planID, actor, false)
}

func (h *Healer) answer(ctx context.Context, planID, actor string, yes bool) (Approval, error) {
	m, err := h.recall(ctx)
	if err != nil {
		return Approval{}, err
	}
	p, ok := m.plans[planID]
	if !ok {
		return Approval{}, fmt.Errorf("plan %s: %w", planID, ErrNotFound)
	}
	now := h.now()
	if yes && !now.Before(p.Plan.Expires) {
		return Approval{}, &Refusal{Guard: GuardExpired, Reason: "the plan expired at " + p.Plan.Expires.Format(time.RFC3339) + "; pgmend plan makes it again"}
	}
	p.Approval = &Approval{Plan: planID, Approved: yes, Actor: actor, At: now, Expires: p.Plan.Expires}
	action := PlanApproved
	if !yes {
		action = PlanRejected
	}
	if err := h.write(ctx, KindPlan, planID, action, actor, p); err != nil {
		return Approval{}, err
	}
	h.tell(ctx, Transition{Action: action, Plan: &p.Plan, Message: actor})
	if yes {
		return *p.Approval, nil
	}
	return *p.Approval, h.mute(ctx, p.Plan.Finding, actor)
}

// Mute stops acting on a finding until it is unmuted or becomes another.
func (h *Healer) Mute(ctx context.Context, findingID, actor string) error {
	f, err := h.remembered(ctx, findingID)
	if err != nil {
		return err
	}
	return h.mute(ctx, f, actor)
}

// Unmute lets a finding be acted on again.
func (h *Healer) Unmute(ctx context.Context, findingID, actor string) error {
	f, err := h.remembered(ctx, findingID)
	if err != nil {
		return err
	}
	f.Status = Open
	if err := h.write(ctx, KindFinding, f.ID, FindingUnmuted, actor, f); err != nil {
		return err
	}
	h.tell(ctx, Transition{Action: FindingUnmuted, Finding: &f, Message: actor})
	return nil
}

func (h *Healer) remembered(ctx context.Context, id string) (Finding, error) {
	m, err := h.recall(ctx)
	if err != nil {
		return Finding{}, err
	}
	f, ok := m.findings[id]
	if !ok {
		return Finding{}, fmt.Errorf("finding %s: %w", id, ErrNotFound)
	}
	return f, nil
}

func (h *Healer) mute(ctx context.Context, f Finding, actor string) error {
	f.Status = Muted
	if err := h.write(ctx, KindFinding, f.ID, FindingMuted, actor, f); err != nil {
		return err
	}
	h.tell(ctx, Transition{Action: FindingMuted, Finding: &f, Message: actor})
	return nil
}

// Pause stops all repairs, also between two steps, for a time or, with 0,
// until Resume.
func (h *Healer) Pause(ctx context.Context, length time.Duration, actor string) (Control, error) {
	before, err := recallControl(ctx, h.cfg.Ledger)
	if err != nil {
		return Control{}, err
	}
	c := Control{Paused: true, Actor: actor, Changed: h.now(), Resumed: before.Resumed}
	if before.Guard != "" {
		// Only a resume ends what the healer stopped itself for.
		c.Guard, c.Reason = before.Guard, before.Reason
	} else if length > 0 {
		c.Until = c.Changed.Add(length)
	}
	return c, h.control(ctx, HealerPaused, c)
}

// stop pauses everything until a person has looked and resumed.
func (h *Healer) stop(ctx context.Context, guard, format string, args ...any) error {
	before, err := recallControl(ctx, h.cfg.Ledger)
	if err != nil || before.Guard != "" {
		return err
	}
	c := Control{
		Paused: true, Actor: "pgmend", Changed: h.now(), Resumed: before.Resumed,
		Guard: guard, Reason: fmt.Sprintf(format, args...),
	}
	if err := h.write(ctx, KindControl, controlSubject, HealerPaused, c.Actor, c); err != nil {
		return err
	}
	h.tell(ctx, Transition{Action: HealerPaused, Message: c.Reason})
	return nil
}

// Resume lets repairs run again, also after the breaker stopped them.
func (h *Healer) Resume(ctx context.Context, actor string) (Control, error) {
	c := Control{Actor: actor, Changed: h.now()}
	c.Resumed = c.Changed
	return c, h.control(ctx, HealerResumed, c)
}

func (h *Healer) control(ctx context.Context, action Action, c Control) error {
	if err := h.write(ctx, KindControl, controlSubject, action, c.Actor, c); err != nil {
		return err
	}
	h.tell(ctx, Transition{Action: action, Message: c.Actor})
	return nil
}
