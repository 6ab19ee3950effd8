package event

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Observer writes every transition to a log.
type Observer struct {
	log    *slog.Logger
	events map[healer.Action]Event

	mu   sync.Mutex
	told map[string]time.Time // when a finding was last said to be still there
}

var _ healer.Observer = (*Observer)(nil)

// NewObserver returns an observer that writes to a logger.
func NewObserver(log *slog.Logger) *Observer {
	return &Observer{log: log, events: byAction(), told: make(map[string]time.Time)}
}

// updates is how often a finding is said to be still there.
const updates = time.Hour

// Observe implements healer.Observer.
func (o *Observer) Observe(ctx context.Context, t healer.Transition) {
	e, ok := o.events[t.Action]
	if !ok || (t.Action == healer.FindingUpdated || t.Action == healer.RuleSkipped) && !o.due(t) {
		return
	}
	o.log.LogAttrs(ctx, e.Level, e.Title, attributes(e, t)...)
}

// due reports whether something that stays as it is may be said again.
func (o *Observer) due(t healer.Transition) bool {
	key := ""
	switch {
	case t.Finding != nil:
		key = t.Finding.ID
	case t.Skip != nil:
		key = t.Skip.Rule + "\x00" + t.Skip.Database + "\x00" + t.Skip.Object + "\x00" + string(t.Skip.Reason)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ok := o.told[key]; ok && t.At.Sub(last) < updates {
		return false
	}
	for k, last := range o.told {
		if t.At.Sub(last) >= updates {
			delete(o.told, k)
		}
	}
	o.told[key] = t.At
	return true
}

// attributes are the flat keys of a transition.
func attributes(e Event, t healer.Transition) []slog.Attr {
	a := []slog.Attr{
		slog.String(KeyCode, e.Code), slog.String(KeyAction, string(e.Action)),
		slog.String(KeyOutcome, e.Outcome), slog.String(KeySystem, "postgresql"),
	}
	add := func(key, value string) {
		if value != "" {
			a = append(a, slog.String(key, value))
		}
	}
	add(KeyNamespace, t.Database)
	f := t.Finding
	switch {
	case f == nil && t.Plan != nil:
		f = &t.Plan.Finding
	case f == nil && t.Attempt != nil:
		f = &t.Attempt.Plan.Finding
	}
	if f != nil {
		add(KeyRule, f.Rule)
		add(KeyCollection, f.Object.String())
		add(KeyFinger, f.Fingerprint)
		add(KeyIncident, f.ID)
		add(KeySystemID, f.Server)
	}
	if t.Plan != nil {
		add(KeyPlan, t.Plan.ID)
	}
	if t.Attempt != nil {
		add(KeyRepair, t.Attempt.ID)
		add(KeyError, t.Attempt.Err)
	}
	if t.Decision != nil {
		add(KeyGuard, t.Decision.Guard)
		add(KeyReason, t.Decision.Reason)
	}
	if t.Step != nil {
		add(KeySQL, t.Step.SQL)
		add(KeyError, t.Step.Err)
	}
	if t.Skip != nil {
		add(KeyRule, t.Skip.Rule)
		add(KeyCollection, t.Skip.Object)
		add(KeyReason, string(t.Skip.Reason)+": "+t.Skip.Message)
		add(KeyHint, t.Skip.Hint)
	}
	add("pgmend.message", t.Message)
	return a
}
