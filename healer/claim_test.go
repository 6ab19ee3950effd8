package healer

import (
	"testing"
	"time"
)

// What anybody can claim delays a repair for an hour a day, as a short dump of
// every night does, and not for longer: not by being there all day, nor by coming and going,
// nor by being there whenever somebody looks.
// hazard: 31, 39
func TestAClaimIsBelievedForAnHourADay(t *testing.T) {
	type look struct {
		after time.Duration
		there bool
		held  bool
	}
	times := func(n int, list ...look) (out []look) {
		for range n {
			out = append(out, list...)
		}
		return out
	}
	const minute = time.Minute
	for name, c := range map[string]struct {
		looks []look
	}{
		"a short dump every night": {looks: times(10,
			look{24*time.Hour - 15*minute, true, true}, look{10 * minute, true, true}, look{5 * minute, false, false})},
		"a dump of forty minutes every night": {looks: times(3,
			look{23 * time.Hour, true, true}, look{20 * minute, true, true}, look{20 * minute, true, true}, look{20 * minute, false, false})},
		"a dump that never ends": {looks: append(append([]look{{0, true, true}, {20 * minute, true, true}, {20 * minute, true, true}},
			times(9, look{20 * minute, true, false})...),
			look{10 * time.Hour, true, false}, look{25 * time.Hour, false, false}, look{minute, true, true},
			look{-30 * 24 * time.Hour, true, true}, look{25 * minute, true, true}, look{25 * minute, true, true}, look{25 * minute, true, false})},
		"who comes and goes": {looks: append(times(5, look{minute, true, true}, look{minute, false, false}),
			times(60, look{minute, true, false}, look{minute, false, false})...)},
		"whenever somebody looks": {looks: []look{
			{24 * time.Hour, true, true}, {24 * time.Hour, true, true}, {24 * time.Hour, true, true}, {24 * time.Hour, true, false},
			{24 * time.Hour, false, false}, {24 * time.Hour, true, true}}},
	} {
		t.Run(name, func(t *testing.T) {
			now, remembered := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), claims{}
			for i, l := range c.looks {
				now = now.Add(l.after)
				if !l.there {
					remembered.gone()
					continue
				}
				remembered.seen(now)
				if left := remembered.left(now); (left > 0) != l.held {
					t.Fatalf("look %d, %s later: %s left of %+v", i+1, l.after, left, remembered)
				}
			}
			if n := len(remembered.Spans); n > claimSpans {
				t.Errorf("it remembers %d", n)
			}
		})
	}
}
