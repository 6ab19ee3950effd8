package logic

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
)

// boundForm is how the server prints the bounds of a range with one column.
var boundForm = regexp.MustCompile(`^FOR VALUES FROM \(([^,]+)\) TO \(([^,]+)\)$`)

func unquote(s string) string { return strings.Trim(s, "'") }

// point is a value of the partition key: a time or an integer.
type point struct {
	time    time.Time
	integer *big.Int // nil: it is a time
}

func (p point) before(o point) bool {
	if p.integer != nil {
		return p.integer.Cmp(o.integer) < 0
	}
	return p.time.Before(o.time)
}

// distance is how far p is behind o; seconds, or what the integer counts.
func (p point) distance(o point) float64 {
	if p.integer != nil {
		d, _ := new(big.Float).SetInt(new(big.Int).Sub(p.integer, o.integer)).Float64()
		return d
	}
	return p.time.Sub(o.time).Seconds()
}

// axis is what the partition key counts.
type axis struct {
	layout string // of times; "": integers
}

func newAxis(keyType string) (axis, error) {
	switch keyType {
	case "date":
		return axis{time.DateOnly}, nil
	case "timestamp":
		return axis{time.DateTime}, nil
	case "timestamptz":
		return axis{"2006-01-02 15:04:05-07"}, nil
	case "int2", "int4", "int8":
		return axis{}, nil
	}
	return axis{}, fmt.Errorf("a key of the type %s is not understood", keyType)
}

func (a axis) parse(text string) (point, error) {
	if a.layout == "" {
		n, ok := new(big.Int).SetString(text, 10)
		if !ok {
			return point{}, fmt.Errorf("%q is not an integer", text)
		}
		return point{integer: n}, nil
	}
	t, err := time.Parse(a.layout, text)
	return point{time: t}, err
}

func (a axis) print(p point) string {
	if a.layout == "" {
		return p.integer.String()
	}
	return p.time.Format(a.layout)
}

// step is the width of every range: months, a duration, or an integer.
type step struct {
	months  int
	length  time.Duration
	integer *big.Int
}

func (s step) after(p point) point {
	switch {
	case s.integer != nil:
		return point{integer: new(big.Int).Add(p.integer, s.integer)}
	case s.months > 0:
		return point{time: p.time.AddDate(0, s.months, 0)}
	}
	return point{time: p.time.Add(s.length)}
}

// step finds the one width of the last ranges; it is false where they have
// none, have gaps, or are too few to tell.
func (a axis) step(spans []span) (step, bool) {
	if len(spans) < proven {
		return step{}, false
	}
	last := spans[len(spans)-1]
	var tries []step
	if a.layout == "" {
		tries = []step{{integer: new(big.Int).Sub(last.to.integer, last.from.integer)}}
	} else {
		// A range from a month's first day to another's is one of months, also where
		// all of them happen to have 31 days.
		if months := monthsBetween(last.from.time, last.to.time); months > 0 {
			tries = append(tries, step{months: months})
		}
		tries = append(tries, step{length: last.to.time.Sub(last.from.time)})
	}
	for _, s := range tries {
		if s.fits(spans) {
			return s, true
		}
	}
	return step{}, false
}

// fits reports whether each range is one step and begins where the one before
// it ended.
func (s step) fits(spans []span) bool {
	for i, sp := range spans {
		next := s.after(sp.from)
		if next.before(sp.to) || sp.to.before(next) || !sp.from.before(sp.to) {
			return false
		}
		if i > 0 && (spans[i-1].to.before(sp.from) || sp.from.before(spans[i-1].to)) {
			return false
		}
	}
	return true
}

// monthsBetween counts the months between two first days of a month at
// midnight; 0 where they are none.
func monthsBetween(from, to time.Time) int {
	midnight := func(t time.Time) bool { return t.Day() == 1 && t.Equal(t.Truncate(24*time.Hour)) }
	if !midnight(from) || !midnight(to) {
		return 0
	}
	return (to.Year()-from.Year())*12 + int(to.Month()-from.Month())
}
