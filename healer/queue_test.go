package healer

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/rules"
)

func event(table string) rules.Values {
	return rules.Values{"event.table": rules.Text(table)}
}

func TestQueueTakesEventsFirst(t *testing.T) {
	q := newQueue()
	q.add("statistics/stale", nil)
	q.add("index/invalid", nil)
	q.add("sequence/behind", event("orders"))
	q.add("sequence/behind", event("orders")) // the same again is one

	first, _, _ := q.next(time.Now())
	if diff := cmp.Diff([]string{"sequence/behind"}, first.rules); diff != "" || first.event == nil {
		t.Errorf("the event has to come first: %v", first)
	}
	second, _, _ := q.next(time.Now())
	if diff := cmp.Diff([]string{"index/invalid", "statistics/stale"}, second.rules); diff != "" || second.event != nil {
		t.Errorf("then the rules in full, in one run: %v", second)
	}
	if more, ok, _ := q.next(time.Now()); ok {
		t.Errorf("the same event twice is one, got %v", more)
	}
}

// hazard: 39
func TestQueueIsBoundedAgainstAFloodOfEvents(t *testing.T) {
	q := newQueue()
	for i := range 10_000 {
		q.add("sequence/behind", event(fmt.Sprint("t", i)))
	}
	r, _, _ := q.next(time.Now())
	if r.event != nil || len(r.rules) != 1 {
		t.Errorf("a flood has to become one full run, got %v", r)
	}
	if _, ok, _ := q.next(time.Now()); ok {
		t.Error("something was left after the full run")
	}
	if q.dropped != narrowed {
		t.Errorf("dropped = %d, want %d: what was widened is counted", q.dropped, narrowed)
	}
}

// eventOf is an event of a role.
func eventOf(role, table string) rules.Values {
	e := event(table)
	e["event.user"] = rules.Text(role)
	return e
}

// One role's forged events use up its own share, and not that of others: what
// these were refused is looked at by itself, and soon.
// hazard: 39
func TestOneRolesEventsDoNotUseUpTheOthersShare(t *testing.T) {
	q := newQueue()
	q.add("sequence/behind", eventOf("shop", "orders"))
	for i := range 10_000 {
		q.add("sequence/behind", eventOf("mallory", fmt.Sprint("t", i)))
		q.add("data/orphan-rows", eventOf("mallory", fmt.Sprint("t", i)))
	}
	q.add("sequence/behind", eventOf("shop", "customers"))
	for _, want := range []string{"orders", "customers"} {
		r, ok, _ := q.next(time.Now())
		if !ok || r.event["event.table"].Text != want {
			t.Fatalf("%+v, want the event of %s", r, want)
		}
	}
	r, _, _ := q.next(time.Now())
	if diff := cmp.Diff([]string{"data/orphan-rows", "sequence/behind"}, r.rules); diff != "" || r.event != nil {
		t.Errorf("the flood has to become one run: %v", r)
	}
	if r, ok, _ := q.next(time.Now()); ok {
		t.Errorf("something was left: %+v", r)
	}
	if q.dropped != 2*ofOne {
		t.Errorf("dropped = %d, want %d", q.dropped, 2*ofOne)
	}
}

// Who has a new event whenever one is taken keeps neither another's event
// waiting nor what is due by the schedule.
// hazard: 39
func TestEverNewEventsHoldNothingUp(t *testing.T) {
	q := newQueue()
	q.add("data/orphan-rows", eventOf("mallory", "first"))
	q.add("sequence/behind", eventOf("shop", "orders"))
	q.add("index/invalid", nil)
	event, full := -1, -1
	for i := range 100 {
		q.add("data/orphan-rows", eventOf("mallory", fmt.Sprint("t", i)))
		r, _, _ := q.next(time.Now())
		switch {
		case r.event == nil && full < 0:
			full = i
		case r.event["event.user"].Text == "shop":
			event = i
		}
	}
	if event != 1 || full < 0 || full > narrowed {
		t.Errorf("the other's event came after %d, the schedule's rule after %d", event, full)
	}
}

func TestQueueTakeEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := newQueue().take(ctx); ok {
		t.Error("take returned something from an empty queue")
	}
}

func TestSchedule(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 20, 30, 0, time.UTC)
	for every, want := range map[string]time.Time{
		"15m":       now.Add(15 * time.Minute),
		"0 3 * * *": time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC),
	} {
		s, err := Schedule(every)
		if err != nil {
			t.Fatalf("%s: %v", every, err)
		}
		if got := s.Next(now); !got.Equal(want) {
			t.Errorf("%s: next = %s, want %s", every, got, want)
		}
	}
	for _, bad := range []string{"", "10ms", "soon", "TZ=", "CRON_TZ=Europe/Berlin", "0 0 30 2 *", "61 * * * *"} {
		if _, err := Schedule(bad); err == nil {
			t.Errorf("Schedule(%q) was accepted", bad)
		}
	}
}

// What waits for the end of a cooldown is looked at when that has come, and
// not only when the schedule comes round.
func TestQueueLooksAgainInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, start := newQueue(), time.Now()
		q.at("index/invalid", start.Add(time.Hour))
		q.at("sequence/behind", start.Add(time.Minute))
		q.at("sequence/behind", start.Add(2*time.Minute)) // the earlier one counts
		for _, want := range []struct {
			rule  string
			after time.Duration
		}{{"sequence/behind", time.Minute}, {"index/invalid", time.Hour}} {
			r, ok := q.take(t.Context())
			if !ok || len(r.rules) != 1 || r.rules[0] != want.rule || time.Since(start) != want.after {
				t.Errorf("after %v: %v, want %s after %v", time.Since(start), r.rules, want.rule, want.after)
			}
		}
	})
}
