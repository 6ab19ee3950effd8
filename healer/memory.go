package healer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// memory is what the ledger says now, read once at the start of a run.
type memory struct {
	findings map[string]Finding  // by id
	attempts []Attempt           // oldest first
	plans    map[string]Proposal // by plan id
	control  Control
}

// Proposal is a plan that was shown, and a person's answer to it.
type Proposal struct {
	Plan     Plan      `json:"plan"`
	Approval *Approval `json:"approval,omitempty"`
}

// Control is what holds for all repairs on a cluster.
type Control struct {
	Paused  bool      `json:"paused"`
	Until   time.Time `json:"until,omitzero"` // zero: until resumed
	Actor   string    `json:"actor"`
	Changed time.Time `json:"changed,omitzero"`
}

// Pauses reports whether repairs are paused at a moment.
func (c Control) Pauses(now time.Time) bool {
	return c.Paused && (c.Until.IsZero() || now.Before(c.Until))
}

// controlSubject is the ledger's subject for pause and resume.
const controlSubject = "healer"

func (h *Healer) recall(ctx context.Context) (*memory, error) {
	m := &memory{findings: make(map[string]Finding), plans: make(map[string]Proposal)}
	err := bodies(ctx, h.cfg.Ledger, KindFinding, func(f Finding) { m.findings[f.ID] = f })
	if err == nil {
		err = bodies(ctx, h.cfg.Ledger, KindAttempt, func(a Attempt) { m.attempts = append(m.attempts, a) })
	}
	if err == nil {
		err = bodies(ctx, h.cfg.Ledger, KindPlan, func(p Proposal) { m.plans[p.Plan.ID] = p })
	}
	if err == nil {
		err = bodies(ctx, h.cfg.Ledger, KindControl, func(c Control) { m.control = c })
	}
	return m, err
}

// bodies decodes the present state of every subject of a kind.
func bodies[T any](ctx context.Context, l Ledger, kind Kind, each func(T)) error {
	entries, err := l.Current(ctx, kind)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	for _, e := range entries {
		var body T
		if err := json.Unmarshal(e.Body, &body); err != nil {
			return fmt.Errorf("read entry %d of the ledger: %w", e.Seq, err)
		}
		each(body)
	}
	return nil
}

// write appends an entry; what could not be written did not happen.
func (h *Healer) write(ctx context.Context, kind Kind, subject string, action Action, actor string, body any) error {
	text, err := json.Marshal(body)
	if err == nil {
		// What is being recorded has happened, so it is recorded also while
		// the daemon shuts down.
		_, err = h.cfg.Ledger.Append(context.WithoutCancel(ctx), Entry{
			Time: h.now(), Kind: kind, Subject: subject, Action: string(action), Actor: actor, Body: text,
		})
	}
	if err != nil {
		return fmt.Errorf("write %s of %s to the ledger: %w", action, subject, err)
	}
	return nil
}

// remember records what the pass found: new findings are opened, and those
// whose rule ran in full and no longer finds them are resolved.
func (r *run) remember(ctx context.Context) error {
	for i := range r.passed {
		p := &r.passed[i]
		seen := make(map[string]bool)
		for j := range p.findings {
			f := &p.findings[j]
			seen[f.ID] = true
			if err := r.open(ctx, f); err != nil {
				return err
			}
		}
		if len(p.skips) > 0 || len(r.opts.Event) > 0 {
			continue // not the whole picture: nothing can be called resolved
		}
		for id, f := range r.memory.findings {
			if f.Rule == p.rule.ID && f.Server == r.server.SystemIdentifier &&
				f.Database == r.cfg.Database && f.Status == Open && !seen[id] {
				if err := r.resolve(ctx, f); err != nil {
					return err
				}
			}
		}
	}
	r.carry()
	return nil
}

// carry puts what is remembered of the findings into the result.
func (r *run) carry() {
	for i := range r.result.Findings {
		if known, ok := r.memory.findings[r.result.Findings[i].ID]; ok {
			r.result.Findings[i].FirstSeen = known.FirstSeen
			r.result.Findings[i].Status = known.Status
		}
	}
}

func (r *run) open(ctx context.Context, f *Finding) error {
	known, ok := r.memory.findings[f.ID]
	if ok && known.Status != Resolved {
		f.FirstSeen, f.Status = known.FirstSeen, known.Status
		r.tell(ctx, Transition{Action: FindingUpdated, Finding: f})
		return nil
	}
	if err := r.write(ctx, KindFinding, f.ID, FindingOpened, r.actor(), f); err != nil {
		return err
	}
	r.memory.findings[f.ID] = *f
	r.tell(ctx, Transition{Action: FindingOpened, Finding: f})
	return nil
}

func (r *run) resolve(ctx context.Context, f Finding) error {
	f.Status, f.LastSeen = Resolved, r.now()
	if err := r.write(ctx, KindFinding, f.ID, FindingResolved, r.actor(), f); err != nil {
		return err
	}
	r.memory.findings[f.ID] = f
	r.tell(ctx, Transition{Action: FindingResolved, Finding: &f})
	return nil
}

func (r *run) actor() string {
	if r.opts.Actor == "" {
		return "daemon"
	}
	return r.opts.Actor
}

// Attempts returns every attempt as it is now, oldest first.
func (h *Healer) Attempts(ctx context.Context) ([]Attempt, error) {
	m, err := h.recall(ctx)
	if err != nil {
		return nil, err
	}
	return m.attempts, nil
}
