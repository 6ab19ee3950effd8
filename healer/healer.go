package healer

import (
	"context"
	"sync"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Healer finds, plans and repairs in one database. Its methods may be called
// from any goroutine; they run one at a time, and so do repairs.
type Healer struct {
	cfg   Config
	alone *sync.Mutex // shared by the copies With makes, as is the pulse
	pulse *pulse
}

// Config is what a Healer works with.
type Config struct {
	Database    string // its name
	Control     bool   // rules of scope cluster run here
	Reader      Reader
	Snapshotter Snapshotter
	Operator    Operator // nil: it only finds and plans
	Ledger      Ledger
	State       State
	Observer    Observer // nil: nobody is told
	Rules       RuleSource
	Policy      Policy
	Clock       func() time.Time // nil: time.Now
	RuleTime    time.Duration    // for one rule's detect and captures; 0: 2 min

	// Hearsay sums up the server's log; nil: rules that count its events do not
	// take part.
	Hearsay Hearsay

	// Meter reads what statements take, to compare before and after a change;
	// nil: nothing is watched.
	Meter Meter

	// Declared knows the approved schema; nil: there is none.
	Declared Declared

	// Patroni reports whether Patroni is paused; nil: there is nobody to ask.
	Patroni func(context.Context) (paused bool, err error)

	// Leading returns nil while this process is the one healer of the
	// cluster. It is asked before anything is repaired; nil: it always is.
	Leading func(context.Context) error
}

// RuleSource gives the rules for a major version of PostgreSQL.
type RuleSource interface {
	For(major int) []*rules.Rule
}

// New returns a Healer.
func New(c Config) *Healer {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.RuleTime <= 0 {
		c.RuleTime = defaultRuleTime
	}
	c.Policy.Limits = c.Policy.Limits.filled()
	return &Healer{cfg: c, alone: new(sync.Mutex), pulse: new(pulse)}
}

// With returns the same Healer, telling one more observer.
func (h *Healer) With(o Observer) *Healer {
	if o == nil {
		return h
	}
	with := *h
	with.cfg.Observer = Observers{h.cfg.Observer, o}
	return &with
}

// Database returns the name of the database it works in.
func (h *Healer) Database() string { return h.cfg.Database }

// Find detects once and writes nothing.
func (h *Healer) Find(ctx context.Context, o Options) (Result, error) {
	h.alone.Lock()
	defer h.alone.Unlock()
	r, err := h.begin(ctx, o)
	if err != nil {
		return Result{}, err
	}
	r.find(ctx, r.rules)
	return r.result, ctx.Err()
}

// Plan finds and says what would run and what was decided about it. The
// plans are recorded, so that they can be approved.
func (h *Healer) Plan(ctx context.Context, o Options) (Result, error) {
	return h.cycle(ctx, o, false)
}

// Heal finds, plans, applies what policy allows, and verifies. An error
// means that the run could not be made; what happened to each repair is in
// the result.
func (h *Healer) Heal(ctx context.Context, o Options) (Result, error) {
	return h.cycle(ctx, o, true)
}

// passes bounds how often one run looks again: a repair may unblock another.
const passes = 3

func (h *Healer) cycle(ctx context.Context, o Options, act bool) (Result, error) {
	h.alone.Lock()
	defer h.alone.Unlock()
	defer h.pulse.begin(h.cfg.RuleTime)()
	r, err := h.begin(ctx, o)
	if err != nil {
		return Result{}, err
	}
	h.tell(ctx, Transition{Action: CycleStarted})
	if act {
		if err := h.reconcile(ctx, r.server); err != nil {
			return Result{}, err
		}
		// What it settled holds nothing up any more.
		if r.memory, err = h.recall(ctx); err != nil {
			return Result{}, err
		}
	}
	again := r.rules
	for pass := 0; pass < passes && len(again) > 0; pass++ {
		if again, err = r.pass(ctx, again, act); err != nil {
			return r.result, err
		}
	}
	if err := ctx.Err(); err != nil {
		return r.result, err
	}
	h.tell(ctx, Transition{Action: CycleCompleted})
	return r.result, nil
}

// pass finds with the rules, decides, and repairs; it returns the rules that
// should look again because something they waited for was repaired.
func (r *run) pass(ctx context.Context, list []*rules.Rule, act bool) ([]*rules.Rule, error) {
	r.find(ctx, list)
	if err := r.remember(ctx); err != nil {
		return nil, err
	}
	if err := r.freeze(ctx); err != nil {
		return nil, err
	}
	plans, err := r.plan(ctx)
	if err != nil || !act {
		return nil, err
	}
	return r.repair(ctx, plans)
}

func (h *Healer) now() time.Time { return h.cfg.Clock().UTC() }
