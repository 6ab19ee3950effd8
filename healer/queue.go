package healer

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// narrowed is how many different events may wait for one rule, and ofOne how
// many of them may be of one role. Any user can write into the log, so beyond
// that the rule runs once, over everything, for them; and the events of others
// keep their places.
const (
	narrowed = 16
	ofOne    = 4
)

// queue holds what one database still has to look at. Adding never blocks:
// the same request twice is one, and a rule's requests are bounded.
type queue struct {
	mu      sync.Mutex
	full    map[string]bool             // rules to run over everything
	wide    map[string]map[string]bool  // of them: for the events of these roles alone
	events  map[string]map[string]heard // rule to narrowed runs, by their key
	heard   int                         // how many events there were
	ahead   int                         // events that were taken while something else waited
	later   map[string]time.Time        // rules to run in full at a time
	waiting chan struct{}               // holds one token while there is something
	dropped int                         // events that were widened
	watch   bool                        // the statements of what was repaired are to be looked at
	closed  chan struct{}               // when nothing more is to be taken
}

// heard is an event and its place among all.
type heard struct {
	values rules.Values
	place  int
}

// role is whose event it is; "": nobody knows.
func (h heard) role() string { return role(h.values) }

func role(event rules.Values) string { return event["event.user"].Text }

func newQueue() *queue {
	return &queue{
		full: make(map[string]bool), wide: make(map[string]map[string]bool), events: make(map[string]map[string]heard),
		later: make(map[string]time.Time), waiting: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

// at asks for a rule to run in full at a time, or at an earlier one that it
// was asked for already.
func (q *queue) at(rule string, when time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if known, ok := q.later[rule]; !ok || when.Before(known) {
		q.later[rule] = when
	}
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.waiting <- struct{}{}:
	default:
	}
}

// add asks for a rule to run, narrowed to an event or, with nil, in full.
func (q *queue) add(rule string, event rules.Values) {
	q.mu.Lock()
	defer q.mu.Unlock()
	who, wide := role(event), q.wide[rule]
	switch {
	case event == nil:
		q.whole(rule)
	case q.full[rule] && (wide == nil || wide[who]):
	case q.known(rule, event):
	case who != "" && q.of(rule, who) >= ofOne:
		q.widen(rule, who)
	case len(q.events[rule]) >= narrowed:
		q.dropped += len(q.events[rule])
		q.whole(rule)
	default:
		if q.events[rule] == nil {
			q.events[rule] = make(map[string]heard)
		}
		q.heard++
		q.events[rule][key(event)] = heard{event, q.heard}
	}
	q.wake()
}

// whole asks for a rule to run over everything, and no longer for its events.
func (q *queue) whole(rule string) {
	q.full[rule] = true
	delete(q.events, rule)
	delete(q.wide, rule)
}

// widen makes one run over everything of the events of one role.
func (q *queue) widen(rule, who string) {
	for k, e := range q.events[rule] {
		if e.role() == who {
			delete(q.events[rule], k)
			q.dropped++
		}
	}
	if len(q.events[rule]) == 0 {
		delete(q.events, rule)
	}
	q.full[rule] = true
	if q.wide[rule] == nil {
		q.wide[rule] = make(map[string]bool)
	}
	q.wide[rule][who] = true
}

// known reports whether the same event waits already.
func (q *queue) known(rule string, event rules.Values) bool {
	_, ok := q.events[rule][key(event)]
	return ok
}

// of counts the events of a role that wait.
func (q *queue) of(rule, who string) (n int) {
	for _, e := range q.events[rule] {
		if e.role() == who {
			n++
		}
	}
	return n
}

// look asks for a look at the statements of what was repaired.
func (q *queue) look() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.watch = true
	q.wake()
}

// request is what to run next: rules in full, one rule for one event, or a look
// at the statements of what was repaired.
type request struct {
	rules []string
	event rules.Values
	watch bool
}

// take waits for something and returns it; what an event asked for comes
// first, because somebody's statement just failed.
func (q *queue) take(ctx context.Context) (request, bool) {
	for {
		select {
		case <-q.closed:
			return request{}, false
		default:
		}
		r, ok, in := q.next(time.Now())
		if ok {
			return r, true
		}
		var due <-chan time.Time // nil never comes
		if in > 0 {
			due = time.After(in)
		}
		select {
		case <-ctx.Done():
			return request{}, false
		case <-q.closed:
		case <-q.waiting:
		case <-due:
		}
	}
}

// next returns what is due, or in how long something will be; 0 is never.
func (q *queue) next(now time.Time) (r request, ok bool, in time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for rule, when := range q.later {
		if left := when.Sub(now); left > 0 {
			if in == 0 || left < in {
				in = left
			}
			continue
		}
		delete(q.later, rule)
		q.whole(rule)
	}
	// Who has ever new events must not keep all else waiting.
	waits := q.watch || len(q.full) > 0
	if !waits {
		q.ahead = 0
	}
	if q.ahead < narrowed {
		if r, ok := q.oldest(); ok {
			if waits {
				q.ahead++
			}
			return r, true, 0
		}
	}
	if q.watch {
		q.watch = false
		return request{watch: true}, true, 0
	}
	if len(q.full) == 0 {
		return request{}, false, in
	}
	r = request{rules: slices.Sorted(maps.Keys(q.full))}
	clear(q.full)
	clear(q.wide)
	q.ahead = 0
	return r, true, 0
}

// oldest takes the event that has waited for longest, of whatever rule.
func (q *queue) oldest() (r request, ok bool) {
	first, rule, k := heard{}, "", ""
	for id, list := range q.events {
		for at, e := range list {
			if !ok || e.place < first.place {
				first, rule, k, ok = e, id, at, true
			}
		}
	}
	if !ok {
		return request{}, false
	}
	delete(q.events[rule], k)
	if len(q.events[rule]) == 0 {
		delete(q.events, rule)
	}
	return request{rules: []string{rule}, event: first.values}, true
}

// key tells events apart by their values.
func key(event rules.Values) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(event)) {
		parts = append(parts, k, event[k].Text)
	}
	return digest(parts...)
}
