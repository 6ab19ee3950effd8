package healer

import (
	"testing"
	"time"
)

// hazard: 49
func TestWindow(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("this machine has no time zone database: %v", err)
	}
	night := &Window{
		Days: []time.Weekday{time.Saturday}, Start: 23 * time.Hour, Length: 4 * time.Hour, Location: berlin,
	}
	spring := &Window{Start: 2*time.Hour + 30*time.Minute, Length: time.Hour, Location: berlin}
	at := func(s string) time.Time {
		t.Helper()
		when, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct {
		name   string
		window *Window
		now    time.Time
		left   time.Duration
		next   time.Time
	}{
		{"before", night, at("2026-11-28 22:59"), 0, at("2026-11-28 23:00")},
		{"opens", night, at("2026-11-28 23:00"), 4 * time.Hour, at("2026-12-05 23:00")},
		{"over midnight, on a day that is not listed", night, at("2026-11-29 02:00"), time.Hour, at("2026-12-05 23:00")},
		{"closes", night, at("2026-11-29 03:00"), 0, at("2026-12-05 23:00")},
		{"another day", night, at("2026-11-27 23:30"), 0, at("2026-11-28 23:00")},
		// On 29 March 2026 the clock goes from 02:00 to 03:00, and Go reads
		// the missing 02:30 as 03:30.
		{"the hour that is skipped", spring, at("2026-03-29 03:45"), 45 * time.Minute, at("2026-03-30 02:30")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.window.Left(c.now); got != c.left {
				t.Errorf("Left = %s, want %s", got, c.left)
			}
			if got := c.window.Next(c.now); !got.Equal(c.next) {
				t.Errorf("Next = %s, want %s", got, c.next)
			}
		})
	}
}

func TestPolicyLastGlobWins(t *testing.T) {
	p := Policy{Rules: []PerRule{
		{"*", WillObserve}, {"index/*", WillAuto}, {"index/unused", WillOff},
	}}
	for rule, want := range map[string]Will{
		"vacuum/dead-tuples": WillObserve, "index/invalid": WillAuto, "index/unused": WillOff,
	} {
		if got := p.For(rule); got != want {
			t.Errorf("For(%s) = %s, want %s", rule, got, want)
		}
	}
	if got := (Policy{}).For("index/invalid"); got != WillAuto {
		t.Errorf("the zero policy leaves the decision to the risk, got %s", got)
	}
}
