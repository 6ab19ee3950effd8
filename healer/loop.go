package healer

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/robfig/cron/v3"

	"github.com/pgmend/pgmend/rules"
)

// Loop is the daemon's work: rules come due by the schedule or by a log
// event, and each database heals one thing at a time.
type Loop struct {
	cfg     LoopConfig
	workers []*worker
	drain   sync.Once
}

// LoopConfig is what a Loop works with.
type LoopConfig struct {
	Healers []*Healer // one a database
	Rules   []*rules.Rule
	Every   []Every
	Log     *slog.Logger
	// AtOnce bounds in how many databases something is at work at a time, and
	// so the sessions; 0: all.
	AtOnce int
	// Watch is how often the statements of what was repaired are looked at;
	// 0: every minute.
	Watch time.Duration
}

// worker heals one database.
type worker struct {
	*Healer
	queue *queue
	turns chan struct{} // a token for each that is at work; nil: no bound
	log   *slog.Logger
}

// debounce is how long an event waits for more of its kind: a statement that
// fails once often fails in a burst.
const debounce = 500 * time.Millisecond

// NewLoop returns a Loop; Run starts it.
func NewLoop(c LoopConfig) *Loop {
	l := &Loop{cfg: c}
	var turns chan struct{}
	if c.AtOnce > 0 {
		turns = make(chan struct{}, c.AtOnce)
	}
	for _, h := range c.Healers {
		l.workers = append(l.workers, &worker{Healer: h, queue: newQueue(), turns: turns, log: c.Log})
	}
	return l
}

// Run reconciles, looks at everything once, and then heals as rules come due,
// until the context ends; a statement at work is cancelled and recorded. After
// Drain it returns as soon as what is at work has come to its own end.
func (l *Loop) Run(ctx context.Context) error {
	c := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(cron.DiscardLogger))
	if err := l.schedule(c, l.cfg.Rules); err != nil {
		return err
	}
	for _, rule := range l.cfg.Rules {
		for _, w := range l.workers {
			w.queue.add(rule.ID, nil)
		}
	}
	c.Start()
	defer func() { <-c.Stop().Done() }()
	var working sync.WaitGroup
	for _, w := range l.workers {
		working.Go(func() { w.work(ctx) })
	}
	working.Wait()
	return nil
}

// Databases names those it works in; the first is where the rules of the whole
// cluster run.
func (l *Loop) Databases() []string {
	var out []string
	for _, w := range l.workers {
		out = append(out, w.Database())
	}
	return out
}

// Drain lets nothing new begin. It may be called more than once.
func (l *Loop) Drain() {
	l.drain.Do(func() {
		for _, w := range l.workers {
			close(w.queue.closed)
		}
	})
}

// Hangs names the database where something is at work that was to be heard of
// before a time; "" where nothing is.
func (l *Loop) Hangs(at time.Time) string {
	for _, w := range l.workers {
		if w.Hangs(at) {
			return w.Database()
		}
	}
	return ""
}

// Signal is what a log event says may be worth looking at. It is a hint: it
// makes a rule run earlier, and proves nothing.
type Signal struct {
	SQLState string
	Kind     string       // of pglog.Event
	Database string       // "": every database
	Values   rules.Values // "event.table" …
}

// Hears says whether a rule waits for such a signal.
func (l *Loop) Hears(sqlState, kind string) bool {
	return slices.ContainsFunc(l.cfg.Rules, func(r *rules.Rule) bool {
		return slices.Contains(r.On, sqlState) || slices.Contains(r.On, kind)
	})
}

// Hear enqueues the rules that wait for such a signal. It never blocks.
func (l *Loop) Hear(s Signal) {
	for _, rule := range l.cfg.Rules {
		if !slices.Contains(rule.On, s.SQLState) && !slices.Contains(rule.On, s.Kind) {
			continue
		}
		for _, w := range l.workers {
			if s.Database == "" || s.Database == w.Database() {
				w.queue.add(rule.ID, s.Values)
			}
		}
	}
}

// Look enqueues a rule in every database, as after an approval.
func (l *Loop) Look(rule string) {
	for _, w := range l.workers {
		w.queue.add(rule, nil)
	}
}

func (w *worker) work(ctx context.Context) {
	for {
		next, ok := w.queue.take(ctx)
		if !ok {
			return
		}
		if next.event != nil && !w.rest(ctx, debounce) {
			return
		}
		if !w.once(ctx, next) {
			return
		}
	}
}

// turn waits until few enough databases are at work.
func (w *worker) turn(ctx context.Context) bool {
	if w.turns == nil {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-w.queue.closed:
		return false
	case w.turns <- struct{}{}:
		return true
	}
}

func (w *worker) yield() {
	if w.turns != nil {
		<-w.turns
	}
}

// once runs a request, again and again with growing pauses while the server
// cannot be reached. It returns false when the context has ended.
func (w *worker) once(ctx context.Context, next request) bool {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = time.Second, time.Minute
	for {
		if !w.turn(ctx) {
			return false
		}
		var result Result
		var err error
		if next.watch {
			err = w.Watch(ctx)
		} else {
			result, err = w.Heal(ctx, Options{Rules: next.rules, Event: next.event})
		}
		w.yield()
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil:
			w.again(result)
			return true
		case !IsConnection(err):
			w.log.ErrorContext(ctx, "the cycle failed", "db.namespace", w.Database(), "error.message", err.Error())
			return true
		}
		delay := wait.NextBackOff()
		w.log.WarnContext(ctx, "the server cannot be reached; trying again",
			"db.namespace", w.Database(), "error.message", err.Error(), "pgmend.retry_in", delay.String())
		if !w.rest(ctx, delay) {
			return false
		}
	}
}

// again asks for what a run leads to: the rule that a repair handed over to,
// those that waited for a repair, and those whose plans wait for a time, as the
// end of a cooldown.
func (w *worker) again(result Result) {
	for _, a := range result.Repairs {
		if a.HandedTo != "" {
			w.queue.add(a.HandedTo, nil)
		}
	}
	for _, rule := range result.Freed {
		w.queue.add(rule, nil)
	}
	for _, p := range result.Plans {
		if p.Decision.Verdict == Wait && p.Decision.Until.After(w.now()) {
			w.queue.at(p.Plan.Finding.Rule, p.Decision.Until)
		}
	}
}

// rest waits; it returns false when the loop was to end first.
func (w *worker) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-w.queue.closed:
		return false
	case <-t.C:
		return true
	}
}
