package healer

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/pgmend/pgmend/rules"
)

// Schedule parses how often a rule runs: a Go duration ("15m", counted from
// the start) or a cron specification of five fields, in UTC, where no hour is
// skipped or doubled. A schedule that never comes is refused.
func Schedule(every string) (cron.Schedule, error) {
	if d, err := time.ParseDuration(every); err == nil {
		// cron rounds to whole seconds.
		if d < time.Second {
			return nil, fmt.Errorf("schedule %q: at least 1s is needed", every)
		}
		return cron.Every(d), nil
	}
	if len(every) > 2 && every[:3] == "TZ=" || len(every) > 7 && every[:8] == "CRON_TZ=" {
		// robfig/cron panics on a time zone without a schedule behind it.
		return nil, fmt.Errorf("schedule %q: a time zone cannot be set, schedules are in UTC", every)
	}
	s, err := cron.ParseStandard(every)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w; a duration such as 15m or five cron fields are needed", every, err)
	}
	if s.Next(time.Now().UTC()).IsZero() {
		return nil, fmt.Errorf("schedule %q never comes", every)
	}
	return s, nil
}

// schedule puts every rule on the cron schedule. A job only enqueues: the work
// is done by the database's own worker, one thing at a time.
func (l *Loop) schedule(c *cron.Cron, list []*rules.Rule) error {
	for _, rule := range list {
		every := rule.Every
		for _, e := range l.cfg.Every {
			if rules.MatchGlob(e.Glob, rule.ID) {
				every = e.Every
			}
		}
		s, err := Schedule(every)
		if err != nil {
			return fmt.Errorf("rule %s: %w", rule.ID, err)
		}
		c.Schedule(s, cron.FuncJob(func() {
			for _, w := range l.workers {
				w.queue.add(rule.ID, nil)
			}
		}))
	}
	every := l.cfg.Watch
	if every <= 0 {
		every = time.Minute
	}
	c.Schedule(cron.Every(every), cron.FuncJob(func() {
		for _, w := range l.workers {
			if w.cfg.Meter != nil {
				w.queue.look()
			}
		}
	}))
	return nil
}

// Every overrides how often the rules a glob matches run.
type Every struct {
	Glob  string
	Every string
}
