package healer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/rules"
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
	Resumed time.Time `json:"resumed,omitzero"` // the last time by a person
	Guard   string    `json:"guard,omitempty"`  // the healer stopped itself: why
	Reason  string    `json:"reason,omitempty"`
}

// Pauses reports whether repairs are paused at a moment.
func (c Control) Pauses(now time.Time) bool {
	return c.Paused && (c.Until.IsZero() || now.Before(c.Until))
}

// resumed is when a person last said to go on. One that is still to come was said
// by a clock that has been put back since, and counts for nothing.
func (c Control) resumed(now time.Time) time.Time {
	if c.Resumed.After(now.Add(clockSlack)) {
		return time.Time{}
	}
	return c.Resumed
}

// clockSlack is by how much a time may be ahead and still be one that has been.
const clockSlack = time.Minute

// controlSubject is the ledger's subject for pause and resume.
const controlSubject = "healer"

func (h *Healer) recall(ctx context.Context) (*memory, error) {
	now, err := Recall(ctx, h.cfg.Ledger, h.now())
	if err != nil {
		return nil, err
	}
	m := &memory{
		findings: make(map[string]Finding), plans: make(map[string]Proposal),
		attempts: now.Attempts, control: now.Control,
	}
	for _, f := range now.Findings {
		m.findings[f.ID] = f
	}
	for _, p := range now.Proposals {
		m.plans[p.Plan.ID] = p
	}
	return m, nil
}

// History is what a ledger says now: of every subject its present state,
// oldest subject first.
type History struct {
	Findings  []Finding
	Proposals []Proposal
	Attempts  []Attempt
	Control   Control
}

// Recall reads a ledger. Plans that expired a day ago are left out: they come
// and go, and a ledger keeps them for years.
func Recall(ctx context.Context, l Ledger, now time.Time) (h History, err error) {
	h.Findings, err = bodies[Finding](ctx, l, KindFinding, time.Time{})
	if err == nil {
		h.Proposals, err = bodies[Proposal](ctx, l, KindPlan, now.Add(-2*planLife))
	}
	if err == nil {
		h.Attempts, err = bodies[Attempt](ctx, l, KindAttempt, time.Time{})
	}
	if err == nil {
		h.Control, err = recallControl(ctx, l)
	}
	return h, err
}

// Answerable are the plans that wait for a person's yes or no.
func Answerable(findings []Finding, proposals []Proposal, now time.Time) []string {
	open := make(map[string]bool)
	for _, f := range findings {
		open[f.ID] = f.Status == Open
	}
	out := []string{}
	for _, p := range proposals {
		if p.Approval == nil && now.Before(p.Plan.Expires) && open[p.Plan.Finding.ID] && p.Plan.Risk == rules.High {
			out = append(out, p.Plan.ID)
		}
	}
	return out
}

// recallControl reads whether repairs are paused.
func recallControl(ctx context.Context, l Ledger) (Control, error) {
	list, err := bodies[Control](ctx, l, KindControl, time.Time{})
	if len(list) == 0 {
		return Control{}, err
	}
	return list[len(list)-1], err
}

// bodies decodes the present state of every subject of a kind.
func bodies[T any](ctx context.Context, l Ledger, kind Kind, since time.Time) ([]T, error) {
	entries, err := l.Current(ctx, kind, since)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	out := make([]T, len(entries))
	for i, e := range entries {
		if err := json.Unmarshal(e.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("read entry %d of the ledger: %w", e.Seq, err)
		}
	}
	return out, nil
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
