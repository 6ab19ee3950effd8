package healer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Watch is whether statements became slower by a repair that changed an index,
// how a table is kept or a setting.
type Watch struct {
	State  WatchState `json:"state"`
	Until  time.Time  `json:"until,omitzero"`
	Guard  string     `json:"guard,omitempty"`  // that keeps it from being undone
	Reason string     `json:"reason,omitempty"` // of the state
	// Slower are the statements that became slower, Compared those that take most
	// of the time of all that could be compared, Planned those whose plans changed
	// most in cost. All are few.
	Slower   []Comparison `json:"slower,omitempty"`
	Compared []Comparison `json:"compared,omitempty"`
	Planned  []Comparison `json:"planned,omitempty"`
}

// WatchState is what a watch came to.
type WatchState string

// The states of a watch.
const (
	Watching     WatchState = "watching"
	WatchedFine  WatchState = "passed"
	Unjudged     WatchState = "not judged" // too little was seen
	WatchedWorse WatchState = "slower"
	TakenBack    WatchState = "taken back"
)

// watchActor undoes what made statements slower.
const watchActor = "pgmend watch"

// watched are the classes of statements after which plans may be others. What
// VACUUM and ANALYZE do is not: it cannot be undone.
func watched(p Plan) bool {
	return sets(p) || p.Finding.Object.TableOID != 0 && slices.ContainsFunc(p.Steps, func(s PlannedStep) bool {
		switch s.Class {
		case "create_index", "create_index_only", "drop_index", "reindex_index", "reindex_table", "alter_table", "alter_index":
			return true
		}
		return false
	})
}

// sets reports whether a plan changes a setting of the server, after which the
// plans of all statements may be others.
func sets(p Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s PlannedStep) bool { return s.Class == "alter_system" })
}

// readingTime bounds one look at the statements.
const readingTime = 30 * time.Second

// arm reads what statements take before a repair. Where that cannot be read,
// the repair is not watched, and says so: it has its own verification.
func (r *run) arm(ctx context.Context, a *Attempt) {
	if r.cfg.Meter == nil || r.cfg.Policy.Watch.Length < 0 || !watched(a.Plan) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readingTime)
	defer cancel()
	b := baseline{}
	missing, err := b.begin(ctx, r.cfg.Meter, a.Plan)
	if err == nil {
		err = b.save(ctx, r.cfg.State, a.ID)
	}
	switch {
	case err != nil:
		a.Watch = &Watch{State: Unjudged, Reason: "what statements take could not be read: " + err.Error()}
	case !slices.ContainsFunc(b.Statements, func(t tally) bool { return t.Touches }):
		a.Watch = &Watch{State: Unjudged, Reason: "no statement " + b.concerned() + " is known"}
		for _, m := range missing {
			a.Watch.Reason += "; " + m
		}
	default:
		a.Watch = &Watch{State: Watching}
	}
}

// armed begins the time of a watch when its repair has ended; what was not
// verified is not watched.
func (r *run) armed(a *Attempt) {
	switch {
	case a.Watch == nil:
	case !a.Verified || a.UndoOf != "":
		a.Watch = nil
	case a.Watch.State == Watching:
		a.Watch.Until = a.Ended.Add(r.cfg.Policy.Watch.withDefaults().Length)
	}
}

// open reports whether there is something to look at.
func (w *Watch) open(now time.Time) bool {
	return w != nil && (w.State == Watching || w.State == WatchedWorse && now.Before(w.Until))
}

// Watch looks at the statements of what was repaired, and takes back what made
// them clearly slower.
func (h *Healer) Watch(ctx context.Context) error {
	h.alone.Lock()
	defer h.alone.Unlock()
	defer h.pulse.begin(h.cfg.RuleTime)()
	m, err := h.recall(ctx)
	if err != nil || h.cfg.Meter == nil || !slices.ContainsFunc(m.attempts, h.watches) {
		return err
	}
	r, err := h.begin(ctx, Options{Person: true, Actor: watchActor})
	if err != nil || r.server.InRecovery {
		return err
	}
	// The newest first: what it did may be why an older one looks slower.
	for _, a := range slices.Backward(m.attempts) {
		if !h.watches(a) || a.Server.SystemIdentifier != r.server.SystemIdentifier {
			continue
		}
		undone, err := r.look(ctx, a)
		if err != nil {
			return fmt.Errorf("watch what %s repaired: %w", a.ID, err)
		}
		if undone {
			return r.judgeAnew(ctx, m.attempts, a.Plan)
		}
	}
	return nil
}

// watches reports whether an attempt of this database is to be looked at.
func (h *Healer) watches(a Attempt) bool {
	return a.Plan.Finding.Database == h.cfg.Database && a.State.Final() && a.Watch.open(h.now())
}

// look judges one repair, and reports whether it was taken back.
func (r *run) look(ctx context.Context, a Attempt) (undone bool, err error) {
	w := *a.Watch
	a.Watch = &w
	if a.UndoneBy != "" {
		return false, r.watchEnded(ctx, a, Unjudged, "it was undone")
	}
	b, err := loadBaseline(ctx, r.cfg.State, a.ID)
	if err != nil {
		return false, err
	}
	if b == nil {
		return false, r.watchEnded(ctx, a, Unjudged, "what statements took before is not known any more")
	}
	reading, cancel := context.WithTimeout(ctx, readingTime)
	defer cancel()
	list, _, err := r.cfg.Meter.Readings(reading, b.Scope)
	if err != nil {
		return false, err
	}
	b.take(list)
	if err := b.save(ctx, r.cfg.State, a.ID); err != nil {
		return false, err
	}
	slower, compared := compare(r.cfg.Policy.Watch, b.Statements)
	fine := fmt.Sprintf("%d statements %s are not clearly slower", len(compared), b.concerned())
	if b.Server {
		slower, fine = together(r.cfg.Policy.Watch, slower, compared)
	}
	a.Watch.Compared, a.Watch.Planned = few(compared), few(planned(b.Statements))
	switch {
	case len(slower) > 0:
		return r.takeBack(ctx, a, slower)
	case w.State == WatchedWorse:
		return false, nil // it may become clear again; the last word was said
	case r.now().Before(w.Until):
		return false, nil
	case len(compared) == 0:
		return false, r.watchEnded(ctx, a, Unjudged, "no statement "+b.concerned()+" was called often enough, before and since")
	}
	return false, r.watchEnded(ctx, a, WatchedFine, fine)
}

// watchEnded writes down what a watch came to, and forgets the numbers.
func (r *run) watchEnded(ctx context.Context, a Attempt, state WatchState, why string) error {
	a.Watch.State, a.Watch.Reason, a.Watch.Guard = state, why, ""
	if err := r.saveWatch(ctx, a, WatchEnded); err != nil {
		return err
	}
	return r.cfg.State.Put(ctx, baselineKey(a.ID), "")
}

func (r *run) saveWatch(ctx context.Context, a Attempt, action Action) error {
	if err := r.write(ctx, KindAttempt, a.ID, action, watchActor, a); err != nil {
		return errors.Join(err, errUndurable)
	}
	r.tell(ctx, Transition{
		Action: action, Attempt: &a, Finding: &a.Plan.Finding, Plan: &a.Plan,
		Message: string(a.Watch.State) + ": " + a.Watch.Reason,
	})
	return nil
}

// few are as many statements as a watch names.
func few(list []Comparison) []Comparison { return list[:min(len(list), 5)] }

// undoTries is how often an undo that fails is begun.
const undoTries = 2

// takeBack undoes what made statements slower, the way a person would, past
// every guard of an undo. Where one refuses, it says so once and asks again.
func (r *run) takeBack(ctx context.Context, a Attempt, slower []Comparison) (undone bool, err error) {
	a.Watch.Slower = few(slower)
	d := r.mayTakeBack(a)
	if d == nil {
		r.opts.Why = blame(a.Watch.Slower)
		done, rule, err := r.undoable(ctx, a.ID)
		var refusal *Refusal
		switch {
		case errors.As(err, &refusal):
			d = refuse(refusal.Guard, "%s", refusal.Reason)
		case err != nil:
			return false, err
		default:
			if a.Watch.State != WatchedWorse {
				if err := r.worsened(ctx, a, Decision{}); err != nil {
					return false, err
				}
			}
			done.Watch = a.Watch
			done.Watch.State, done.Watch.Reason, done.Watch.Guard = TakenBack, r.opts.Why, ""
			back, err := r.undo(ctx, done, rule)
			return back.Verified, err
		}
	}
	if a.Watch.State == WatchedWorse && a.Watch.Guard == d.Guard {
		return false, nil
	}
	return false, r.worsened(ctx, a, *d)
}

// worsened writes down that statements are slower, and what keeps the change
// from being taken back.
func (r *run) worsened(ctx context.Context, a Attempt, d Decision) error {
	w := *a.Watch
	a.Watch = &w
	w.State, w.Guard, w.Reason = WatchedWorse, d.Guard, blame(w.Slower)
	if d.Guard != "" {
		w.Reason += "; it is not undone: " + d.Reason
	}
	return r.saveWatch(ctx, a, WatchSlower)
}

// mayTakeBack asks what only an undo that nobody asked for has to ask.
func (r *run) mayTakeBack(a Attempt) *Decision {
	id := a.Plan.Finding.Rule
	if !r.cfg.Policy.Heal {
		return refuse(GuardMode, "the daemon observes; pgmend undo %s takes it back", a.ID)
	}
	if will := r.cfg.Policy.For(id); will == WillObserve || will == WillOff {
		return refuse(GuardRule, "the configuration lets %s not act; pgmend undo %s takes it back", id, a.ID)
	}
	failed := 0
	for _, u := range r.memory.attempts {
		if u.UndoOf == a.ID && u.failed() {
			failed++
		}
	}
	if failed >= undoTries {
		return refuse(GuardQuarantine, "its undo failed %d times", failed)
	}
	return nil
}

// judgeAnew forgets what was seen since of the other repairs of what a plan
// concerned that was taken back: that one may have been the whole reason.
func (r *run) judgeAnew(ctx context.Context, attempts []Attempt, back Plan) error {
	for _, a := range attempts {
		same := sets(back) || sets(a.Plan) || a.Plan.Finding.Object.TableOID == back.Finding.Object.TableOID
		if !r.watches(a) || !same {
			continue
		}
		b, err := loadBaseline(ctx, r.cfg.State, a.ID)
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		b.forget()
		if err := b.save(ctx, r.cfg.State, a.ID); err != nil {
			return err
		}
	}
	return nil
}
