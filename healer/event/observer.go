package event

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
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

const (
	// updates is how often a finding is said to be still there.
	updates = time.Hour
	// heartbeat is how often a completed cycle of a database is told of; rules
	// that a log event woke complete cycles, too.
	heartbeat = 5 * time.Minute
)

// Observe implements healer.Observer.
func (o *Observer) Observe(ctx context.Context, t healer.Transition) {
	e, ok := o.events[t.Action]
	if !ok {
		return
	}
	switch t.Action {
	case healer.FindingUpdated, healer.RuleSkipped:
		if !o.due(t, updates) {
			return
		}
	case healer.CycleCompleted:
		if !o.due(t, heartbeat) {
			return
		}
	}
	o.log.LogAttrs(ctx, level(e, t), e.Title, attributes(e, t)...)
}

// level is the event's, but that a finding is as loud as its severity.
func level(e Event, t healer.Transition) slog.Level {
	if t.Action == healer.FindingOpened && t.Finding != nil {
		switch t.Finding.Severity {
		case rules.Critical:
			return slog.LevelError
		case rules.Info:
			return slog.LevelInfo
		}
	}
	return e.Level
}

// due reports whether something that stays as it is may be said again.
func (o *Observer) due(t healer.Transition, every time.Duration) bool {
	key := string(t.Action) + "\x00" + t.Database
	switch {
	case t.Finding != nil:
		key = t.Finding.ID
	case t.Skip != nil:
		key = t.Skip.Rule + "\x00" + t.Skip.Database + "\x00" + t.Skip.Object + "\x00" + string(t.Skip.Reason)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ok := o.told[key]; ok && t.At.Sub(last) < every {
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
	a := e.head()
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
		add(KeyFinding, string(f.Severity))
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
