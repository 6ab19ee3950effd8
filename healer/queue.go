package healer

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// narrowed is how many different events may wait for one rule. Any user can
// write into the log, so beyond that the rule runs once, over everything.
const narrowed = 16

// queue holds what one database still has to look at. Adding never blocks:
// the same request twice is one, and a rule's requests are bounded.
type queue struct {
	mu      sync.Mutex
	full    map[string]bool                    // rules to run over everything
	events  map[string]map[string]rules.Values // rule to narrowed runs, by their key
	later   map[string]time.Time               // rules to run in full at a time
	waiting chan struct{}                      // holds one token while there is something
	dropped int                                // events that were widened
	watch   bool                               // the statements of what was repaired are to be looked at
	closed  chan struct{}                      // when nothing more is to be taken
}

func newQueue() *queue {
	return &queue{
		full: make(map[string]bool), events: make(map[string]map[string]rules.Values),
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
	switch {
	case q.full[rule]:
	case event == nil:
		q.full[rule] = true
		delete(q.events, rule)
	case len(q.events[rule]) >= narrowed:
		q.dropped += len(q.events[rule])
		q.full[rule] = true
		delete(q.events, rule)
	default:
		if q.events[rule] == nil {
			q.events[rule] = make(map[string]rules.Values)
		}
		q.events[rule][key(event)] = event
	}
	q.wake()
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
		delete(q.events, rule)
		q.full[rule] = true
	}
	for _, rule := range slices.Sorted(maps.Keys(q.events)) {
		for k, event := range q.events[rule] {
			delete(q.events[rule], k)
			if len(q.events[rule]) == 0 {
				delete(q.events, rule)
			}
			return request{rules: []string{rule}, event: event}, true, 0
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
	return r, true, 0
}

// key tells events apart by their values.
func key(event rules.Values) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(event)) {
		parts = append(parts, k, event[k].Text)
	}
	return digest(parts...)
}
