package pglog

import (
	"strings"
	"time"
)

// stampLen is the length of "2006-01-02 15:04:05.000 ", which begins every
// csv record; a session's start has no milliseconds.
const stampLen = 24

// isStamp says that b begins with a time in milliseconds and a space.
func isStamp(b []byte) bool { return len(b) >= stampLen && matchShape(b, "dddd-dd-dd dd:dd:dd.ddd ") }

func matchShape[T string | []byte](b T, shape string) bool {
	if len(b) < len(shape) {
		return false
	}
	for i := range len(shape) {
		if shape[i] == 'd' {
			if b[i] < '0' || b[i] > '9' {
				return false
			}
		} else if b[i] != shape[i] {
			return false
		}
	}
	return true
}

// abbreviations are offsets in hours for when no time zone is configured.
// Ambiguous ones (IST, CST of China) need Options.Location.
var abbreviations = map[string]float64{
	"UTC": 0, "GMT": 0, "Z": 0, "UCT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
	"MSK": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9,
	"AKDT": -8, "HST": -10, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "ACST": 9.5, "AWST": 8, "NZST": 12, "NZDT": 13,
}

// clock reads the times of one log.
type clock struct {
	loc *time.Location
}

func newClock(loc *time.Location) clock { return clock{loc: loc} }

// parse reads "2026-11-24 14:14:38.720 CET", with or without milliseconds
// and zone; the zero time if it is none.
func (c clock) parse(s string) time.Time {
	if !matchShape(s, "dddd-dd-dd dd:dd:dd") {
		return time.Time{}
	}
	num := func(from, to int) (n int) {
		for _, ch := range s[from:to] {
			n = n*10 + int(ch-'0')
		}
		return n
	}
	rest, nanos := s[19:], 0
	if strings.HasPrefix(rest, ".") {
		scale := int(time.Second)
		for rest = rest[1:]; rest != "" && rest[0] >= '0' && rest[0] <= '9'; rest = rest[1:] {
			scale /= 10
			nanos += int(rest[0]-'0') * scale
		}
	}
	if num(5, 7) < 1 || num(5, 7) > 12 || num(8, 10) < 1 || num(8, 10) > 31 || num(11, 13) > 24 {
		return time.Time{}
	}
	t := time.Date(num(0, 4), time.Month(num(5, 7)), num(8, 10), num(11, 13), num(14, 16), num(17, 19), nanos, time.UTC)
	return t.Add(-c.offset(strings.TrimSpace(rest), t))
}

// offset is what a zone, as PostgreSQL prints it, is east of UTC at the
// local time t.
func (c clock) offset(zone string, t time.Time) time.Duration {
	if zone != "" && (zone[0] == '+' || zone[0] == '-') {
		return numericOffset(zone)
	}
	if c.loc != nil {
		// The abbreviation tells the two hours apart that the clock shows
		// twice, so look at the zone on either side of the change.
		for _, at := range []time.Duration{-26 * time.Hour, 26 * time.Hour, 0} {
			if name, seconds := t.Add(at).In(c.loc).Zone(); name == zone {
				return time.Duration(seconds) * time.Second
			}
		}
		if zone == "" {
			_, seconds := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, c.loc).Zone()
			return time.Duration(seconds) * time.Second
		}
	}
	return time.Duration(abbreviations[zone] * float64(time.Hour))
}

// numericOffset reads -03, +0530 and +05:30.
func numericOffset(zone string) time.Duration {
	digits := strings.ReplaceAll(zone[1:], ":", "")
	var hours, minutes int
	for i, ch := range digits {
		switch {
		case ch < '0' || ch > '9':
			return 0
		case i < 2:
			hours = hours*10 + int(ch-'0')
		case i < 4:
			minutes = minutes*10 + int(ch-'0')
		}
	}
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if zone[0] == '-' {
		return -d
	}
	return d
}
