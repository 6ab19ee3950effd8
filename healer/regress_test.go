package healer

import (
	"testing"
	"time"
)

// took makes the usage of calls that took so many milliseconds each.
func took(ms ...float64) (u Usage) {
	for _, x := range ms {
		u.Add(Usage{Calls: 1, TotalMS: x, Squares: x * x})
	}
	return u
}

func each(n int, ms float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = ms * (0.9 + 0.2*float64(i%2)) // no two calls take the same
	}
	return out
}

// What is clearly slower, and all that is not.
func TestCompare(t *testing.T) {
	mine := func(before, after Usage) tally {
		return tally{Source: "s", Text: "SELECT", Touches: true, Before: before, After: after}
	}
	other := func(source string, before, after Usage) tally {
		return tally{Source: source, Before: before, After: after}
	}
	fast, slow := took(each(100, 2)...), took(each(60, 20)...)
	for name, c := range map[string]struct {
		policy   WatchPolicy
		list     []tally
		slower   int
		compared int
	}{
		"ten times as slow":             {list: []tally{mine(fast, slow)}, slower: 1, compared: 1},
		"as before":                     {list: []tally{mine(fast, fast)}, compared: 1},
		"faster":                        {list: []tally{mine(slow, fast)}, compared: 1},
		"not twice as slow":             {list: []tally{mine(fast, took(each(100, 3.9)...))}, compared: 1},
		"too few calls since":           {list: []tally{mine(fast, took(each(49, 20)...))}},
		"too few calls before":          {list: []tally{mine(took(each(49, 2)...), slow)}},
		"fewer are enough":              {policy: WatchPolicy{Calls: 10}, list: []tally{mine(took(each(10, 2)...), took(each(10, 20)...))}, slower: 1, compared: 1},
		"ten times nearly nothing":      {list: []tally{mine(took(each(100, 0.05)...), took(each(100, 0.5)...))}, compared: 1},
		"a few slow calls among many":   {list: []tally{mine(fast, took(append(each(97, 2), 200, 200, 200)...))}, compared: 1},
		"it never touched the table":    {list: []tally{other("s", fast, slow)}},
		"everything is as slow":         {list: []tally{mine(fast, slow), other("s", fast, slow)}, compared: 1},
		"the rest is faster":            {list: []tally{mine(fast, slow), other("s", slow, fast)}, slower: 1, compared: 1},
		"the rest, by another source":   {list: []tally{mine(fast, slow), other("x", fast, slow)}, slower: 1, compared: 1},
		"the rest, called too seldom":   {list: []tally{mine(fast, slow), other("s", took(1), took(100))}, slower: 1, compared: 1},
		"slower than the rest became":   {list: []tally{mine(fast, took(each(60, 60)...)), other("s", fast, slow)}, slower: 1, compared: 1},
		"another factor":                {policy: WatchPolicy{Factor: 20}, list: []tally{mine(fast, slow)}, compared: 1},
		"another least":                 {policy: WatchPolicy{Least: time.Second}, list: []tally{mine(fast, slow)}, compared: 1},
		"one of two statements":         {list: []tally{mine(fast, slow), mine(fast, fast)}, slower: 1, compared: 2},
		"nothing was seen":              {list: []tally{mine(Usage{}, Usage{})}},
		"it always varied that much":    {list: []tally{mine(took(append(each(55, 1), 400, 400, 400)...), took(append(each(55, 1), 900, 900, 900)...))}, compared: 1},
		"it never took any time at all": {list: []tally{mine(Usage{Calls: 100}, Usage{Calls: 100})}, compared: 1},
	} {
		slower, compared := compare(c.policy, c.list)
		if len(slower) != c.slower || len(compared) != c.compared {
			t.Errorf("%s: %d of %d compared are slower, want %d of %d: %v", name, len(slower), len(compared), c.slower, c.compared, slower)
		}
	}
}

// A setting is to blame only where several statements are slower, and the
// busiest ones together, by one source.
func TestASettingIsToBlame(t *testing.T) {
	of := func(n int, source string, before, after Usage) (list []tally) {
		for range n {
			list = append(list, tally{Source: source, Text: "SELECT", Touches: true, Before: before, After: after})
		}
		return list
	}
	fast, slow, much := took(each(100, 2)...), took(each(60, 20)...), took(each(200, 50)...)
	for name, c := range map[string]struct {
		policy WatchPolicy
		list   []tally
		blamed int
	}{
		"three":                        {list: of(3, "s", fast, slow), blamed: 3},
		"two":                          {list: of(2, "s", fast, slow)},
		"two, by each of two sources":  {list: append(of(2, "s", fast, slow), of(2, "x", fast, slow)...)},
		"three, by one of two sources": {list: append(of(3, "s", fast, slow), of(9, "x", fast, fast)...), blamed: 3},
		"three beside many":            {list: append(of(3, "s", fast, slow), of(10, "s", fast, fast)...), blamed: 3},
		"three that take little":       {list: append(of(3, "s", fast, slow), of(17, "s", much, much)...)},
		"three behind busier ones":     {list: append(of(3, "s", fast, slow), of(20, "s", much, much)...)},
		"not the factor":               {policy: WatchPolicy{Factor: 20}, list: of(9, "s", fast, slow)},
		"as before":                    {list: of(9, "s", fast, fast)},
		"nothing":                      {},
	} {
		slower, compared := compare(c.policy, c.list)
		blamed, fine := together(c.policy, slower, compared)
		if len(blamed) != c.blamed || fine == "" {
			t.Errorf("%s: %d are blamed, want %d; else: %s", name, len(blamed), c.blamed, fine)
		}
	}
}

// Counters that grow, begin again, come and go.
func TestBaselineTakesWhatCameSince(t *testing.T) {
	at := func(calls int64, began string) []Reading {
		return []Reading{{Source: "s", Statement: "1", Touches: true, Began: began, Usage: Usage{Calls: calls, TotalMS: float64(calls), Squares: float64(calls)}}}
	}
	b := baseline{Statements: []tally{{Source: "s", Statement: "1", Touches: true, Before: Usage{Calls: 100, TotalMS: 100, Squares: 100}, Last: Usage{Calls: 100, TotalMS: 100, Squares: 100}}}}
	for i, c := range []struct {
		now   []Reading
		since int64
	}{
		{at(150, ""), 0},  // what ran beside the repair
		{at(160, ""), 10}, // since
		{nil, 10},         // it was not listed this time
		{at(170, ""), 20},
		{at(5, ""), 20},   // reset: nobody knows what came before the reset
		{at(30, ""), 45},  // from there on
		{at(90, "x"), 45}, // reset, and called more often already than before
		{at(91, "x"), 46},
	} {
		b.take(c.now)
		if got := b.Statements[0].After.Calls; got != c.since {
			t.Errorf("reading %d: %d calls since, want %d", i+1, got, c.since)
		}
	}
	b.forget()
	b.take(at(95, "x"))
	b.take(at(97, "x"))
	if got := b.Statements[0].After.Calls; got != 2 || b.Statements[0].Before.Calls != 100 {
		t.Errorf("judged anew: %d calls since", got)
	}
}

// What plans cost is of those that were written down before and since, and
// begins anew where their counter did.
func TestWhatPlansCost(t *testing.T) {
	at := func(plans int64, cost float64) []Reading {
		return []Reading{{Source: "s", Statement: "1", Touches: true, Usage: Usage{Calls: plans, Plans: plans, Cost: cost}}}
	}
	b := baseline{Statements: []tally{
		{Source: "s", Statement: "1", Touches: true, Before: Usage{Plans: 4, Cost: 4000}, Last: Usage{Calls: 4, Plans: 4, Cost: 4000}},
		{Source: "s", Statement: "2", Touches: true, Before: Usage{Calls: 9}},
		{Source: "s", Statement: "3", Before: Usage{Plans: 1, Cost: 1}, After: Usage{Plans: 1, Cost: 9}},
	}}
	for i, c := range []struct {
		now   []Reading
		since int64
		cost  float64
	}{
		{at(5, 5000), 0, 0}, {at(7, 5016), 2, 8}, {at(1, 1000), 2, 8}, {at(3, 1016), 4, 8},
	} {
		b.take(c.now)
		if got := b.Statements[0].After; got.Plans != c.since || got.PlanCost() != c.cost {
			t.Errorf("reading %d: %d plans since that cost %g, want %d and %g", i+1, got.Plans, got.PlanCost(), c.since, c.cost)
		}
	}
	if list := planned(b.Statements); len(list) != 1 || list[0].Before.PlanCost() != 1000 {
		t.Errorf("%+v", list)
	}
}
