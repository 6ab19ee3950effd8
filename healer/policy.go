package healer

import (
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Policy is what the site allows. The zero value observes.
type Policy struct {
	Heal     bool    // the daemon's mode: false observes, true heals
	Window   *Window // for medium risk; nil: medium waits
	Rules    []PerRule
	Settings []rules.Setting // of rules' parameters, later ones win

	Limits Limits // of what a repair may cost

	Watch WatchPolicy // when a change has made statements slower

	// AllowSuperuser lets the healer act on objects of superusers, because
	// it is one itself.
	AllowSuperuser bool

	// AllowEventTriggers are patterns of event triggers that are known to be
	// harmless, so that statements of ours may let them run.
	AllowEventTriggers []string
}

// PerRule sets what the daemon may do with the rules a glob matches.
type PerRule struct {
	Glob string
	Will Will
}

// Will is what a site wants of a rule.
type Will string

// The wills.
const (
	WillOff     Will = "off"     // the rule does not run
	WillObserve Will = "observe" // it finds and never repairs
	WillApprove Will = "approve" // each repair needs an approval
	WillAuto    Will = "auto"    // its risk decides
)

// For returns what the site wants of a rule: the last glob that matches wins.
func (p Policy) For(rule string) Will {
	will := WillAuto
	for _, r := range p.Rules {
		if rules.MatchGlob(r.Glob, rule) {
			will = r.Will
		}
	}
	return will
}

// Window is when repairs of medium risk may run: on these weekdays, from the
// start of the window, for its length, in the location's wall clock.
type Window struct {
	Days     []time.Weekday // none: every day
	Start    time.Duration  // after midnight
	Length   time.Duration
	Location *time.Location // nil: the host's
}

// Left returns how much of the window is left at a moment, 0 outside it.
func (w *Window) Left(now time.Time) time.Duration {
	// A window may reach over midnight, so yesterday's counts too.
	for back := 1; back >= 0; back-- {
		if start, ok := w.on(now, -back); ok {
			if left := start.Add(w.Length).Sub(now); !now.Before(start) && left > 0 {
				return left
			}
		}
	}
	return 0
}

// Next returns when the window opens after a moment, zero if it never does.
func (w *Window) Next(now time.Time) time.Time {
	for days := 0; days <= 8; days++ {
		if start, ok := w.on(now, days); ok && start.After(now) {
			return start
		}
	}
	return time.Time{}
}

// on returns the window's start on the day that is so many days after now.
func (w *Window) on(now time.Time, days int) (time.Time, bool) {
	loc := w.Location
	if loc == nil {
		loc = time.Local
	}
	now = now.In(loc)
	day := time.Date(now.Year(), now.Month(), now.Day()+days, 12, 0, 0, 0, loc)
	if len(w.Days) > 0 {
		found := false
		for _, d := range w.Days {
			found = found || d == day.Weekday()
		}
		if !found {
			return time.Time{}, false
		}
	}
	// Hours and minutes, not an addition to midnight: on the days the clock
	// changes, 02:30 is not 150 minutes after midnight.
	h, m := int(w.Start/time.Hour), int(w.Start%time.Hour/time.Minute)
	return time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, loc), true
}
