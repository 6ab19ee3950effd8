package healer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// The guards, in the order in which they are asked. Every refusal names one.
const (
	GuardPrimary    = "primary"
	GuardMode       = "mode"
	GuardRule       = "rule setting"
	GuardPaused     = "paused"
	GuardBreaker    = "breaker"
	GuardBlocked    = "blocked by"
	GuardMuted      = "muted"
	GuardUnfinished = "unfinished repair"
	GuardOwner      = "owner"
	GuardObject     = "object"
	GuardQuarantine = "quarantine"
	GuardRejected   = "rejected"
	GuardApproval   = "approval"
	GuardCooldown   = "cooldown"
	GuardWindow     = "window"
	GuardExpired    = "expired"
)

// guard is one question of Decide: nil means that it has no objection.
type guard func(p Plan, rule *rules.Rule) *Decision

// decide says whether a plan may run now. The catalog's own guards, which
// the rule brings as queries, are asked last.
func (r *run) decide(ctx context.Context, p Plan, rule *rules.Rule) Decision {
	for _, g := range []guard{
		r.guardServer, r.guardVersion, r.guardMode, r.guardPaused, r.guardBreaker, r.guardBlocked, r.guardMuted,
		r.guardUnfinished, r.guardQuarantine, r.guardRejected, r.guardApproval,
		r.guardCooldown, r.guardWindow,
	} {
		if d := g(p, rule); d != nil {
			return *d
		}
	}
	if d := r.guardObject(ctx, p); d != nil {
		return *d
	}
	if d := r.guardRows(ctx, p.Finding, rule); d != nil {
		return *d
	}
	if d := r.guardAround(ctx, p, p.Steps, p.Mode); d != nil {
		return *d
	}
	if d := r.guardBudget(ctx, p, p.Steps); d != nil {
		return *d
	}
	return Decision{Verdict: Proceed}
}

func refuse(guard, format string, args ...any) *Decision {
	return &Decision{Verdict: Refuse, Guard: guard, Reason: fmt.Sprintf(format, args...)}
}

func wait(guard string, until time.Time, format string, args ...any) *Decision {
	return &Decision{Verdict: Wait, Guard: guard, Reason: fmt.Sprintf(format, args...), Until: until}
}

func (r *run) guardServer(Plan, *rules.Rule) *Decision {
	if r.server.InRecovery {
		return refuse(GuardPrimary, "the server is in recovery; repairs run on the primary only")
	}
	return nil
}

func (r *run) guardMode(p Plan, rule *rules.Rule) *Decision {
	if !r.opts.Person && !r.cfg.Policy.Heal {
		return refuse(GuardMode, "the daemon observes; set mode: heal, or run pgmend heal")
	}
	if r.cfg.Policy.For(rule.ID) == WillObserve {
		return refuse(GuardRule, "the configuration lets %s observe only", rule.ID)
	}
	return nil
}

func (r *run) guardPaused(Plan, *rules.Rule) *Decision {
	if c := r.memory.control; c.Pauses(r.now()) {
		if c.Guard != "" {
			return refuse(c.Guard, "%s; look into it, then pgmend resume", c.Reason)
		}
		return wait(GuardPaused, c.Until, "%s paused all repairs; pgmend resume continues", c.Actor)
	}
	return nil
}

func (r *run) guardBlocked(p Plan, _ *rules.Rule) *Decision {
	if by := p.Finding.BlockedBy; by != "" {
		return wait(GuardBlocked, time.Time{}, "%s has to be healed first", by)
	}
	return nil
}

func (r *run) guardMuted(p Plan, _ *rules.Rule) *Decision {
	if r.memory.findings[p.Finding.ID].Status == Muted {
		return refuse(GuardMuted, "a person undid, rejected or muted it; pgmend findings unmute %s ends that", p.Finding.ID)
	}
	return nil
}

func (r *run) guardUnfinished(p Plan, _ *rules.Rule) *Decision {
	for _, a := range r.memory.attempts {
		if !a.State.Final() && a.Plan.Finding.Database == p.Finding.Database &&
			a.Server.SystemIdentifier == r.server.SystemIdentifier {
			return refuse(GuardUnfinished, "repair %s on %s is not finished", a.ID, a.Plan.Finding.Object.Name)
		}
	}
	return nil
}

// guardApproval lets an approved plan through, and asks for an approval where
// the risk, the configuration or the person's ceiling needs one.
func (r *run) guardApproval(p Plan, rule *rules.Rule) *Decision {
	if r.approved(p) != nil {
		return nil
	}
	if r.opts.Person {
		ceiling := r.opts.Ceiling
		if ceiling == "" {
			ceiling = rules.Medium
		}
		if p.Risk.Rank() > ceiling.Rank() {
			return wait(GuardApproval, p.Expires, "its risk is %s, above the ceiling %s; pgmend approve %s", p.Risk, ceiling, p.ID)
		}
		if r.opts.Yes && ceiling == rules.High {
			return nil
		}
	}
	if p.Risk.Rank() >= rules.High.Rank() || r.cfg.Policy.For(rule.ID) == WillApprove {
		return wait(GuardApproval, p.Expires, "it needs an approval; pgmend approve %s", p.ID)
	}
	return nil
}

// approved is a person's yes to exactly this plan, as long as it holds: it is not
// expired, not from a clock that has been put back since, and was not used up by
// a repair that ran to its end; nil: there is none. A plan's id is the head of a
// hash, of which somebody may make two alike, so what it stands for is compared.
func (r *run) approved(p Plan) *Approval {
	proposed := r.memory.plans[p.ID]
	a, now := proposed.Approval, r.now()
	if a == nil || !a.Approved || !now.Before(a.Expires) || a.At.After(now.Add(clockSlack)) ||
		proposed.Plan.Basis != p.Basis || proposed.Plan.Finding.Fingerprint != p.Finding.Fingerprint {
		return nil
	}
	if slices.ContainsFunc(r.memory.attempts, func(done Attempt) bool {
		return done.Plan.ID == p.ID && done.UndoOf == "" && (done.under(*a) || done.Started.After(a.At)) &&
			(done.Verified || done.State == Failed || done.State == Undone)
	}) {
		return nil
	}
	return a
}

func (r *run) guardRejected(p Plan, _ *rules.Rule) *Decision {
	if a := r.memory.plans[p.ID].Approval; a != nil && !a.Approved {
		return refuse(GuardRejected, "%s rejected this plan", a.Actor)
	}
	return nil
}

func (r *run) guardCooldown(p Plan, rule *rules.Rule) *Decision {
	if r.opts.Now || rule.Cooldown == 0 {
		return nil
	}
	for _, a := range slices.Backward(r.memory.attempts) {
		if a.Plan.Finding.Fingerprint != p.Finding.Fingerprint || !a.Verified || a.UndoOf != "" {
			continue
		}
		if until := a.Ended.Add(rule.Cooldown); r.now().Before(until) {
			return wait(GuardCooldown, until, "it was repaired at %s; cooldown is %s", a.Ended.Format(time.RFC3339), rule.Cooldown)
		}
		return nil
	}
	return nil
}

// leastWindow is how much of a window must be left to start a repair in it.
// The repair's deadline is then cut to what is left, so it cannot outlast it.
const leastWindow = time.Minute

func (r *run) guardWindow(p Plan, _ *rules.Rule) *Decision {
	if r.opts.Now || p.Risk.Rank() < rules.Medium.Rank() {
		return nil
	}
	w := r.cfg.Policy.Window
	if w == nil {
		return wait(GuardWindow, time.Time{}, "its risk is %s and no maintenance window is configured", p.Risk)
	}
	if left := w.Left(r.now()); left < leastWindow {
		return wait(GuardWindow, w.Next(r.now()), "its risk is %s; the maintenance window opens at %s",
			p.Risk, w.Next(r.now()).Format(time.RFC3339))
	}
	return nil
}
