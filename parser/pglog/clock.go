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

// clock reads the times of one log. It remembers the last second, because
// the lines of a busy log share it.
type clock struct {
	loc    *time.Location
	second string // "2026-11-24 14:14:38"
	zone   string // " CET", with its space
	unix   int64
}

func newClock(loc *time.Location) *clock { return &clock{loc: loc} }

// secondLen is the length of a time down to the second.
const secondLen = len("2006-01-02 15:04:05")

// known is the length of a time that begins s, of the escape m, t or s, if it
// is of the second that was read last; 0 if not.
func (c *clock) known(escape byte, s string) int {
	n := secondLen
	if c.second == "" || len(s) <= n || s[:n] != c.second {
		return 0
	}
	if escape == 'm' {
		if len(s) < n+4 || s[n] != '.' || !isDigit(s[n+1]) || !isDigit(s[n+2]) || !isDigit(s[n+3]) {
			return 0
		}
		n += 4
	}
	end := n + len(c.zone)
	if len(s) <= end || s[n:end] != c.zone || isZone(s[end]) {
		return 0
	}
	return end
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// parse reads "2026-11-24 14:14:38.720 CET", with or without milliseconds
// and zone; the zero time if it is none.
func (c *clock) parse(s string) time.Time {
	if n := len(s) - len(c.zone); c.second != "" && n >= secondLen && s[:secondLen] == c.second && s[n:] == c.zone {
		switch {
		case n == secondLen:
			return time.Unix(c.unix, 0).UTC()
		case n == secondLen+4 && s[secondLen] == '.' && isDigit(s[n-1]) && isDigit(s[n-2]) && isDigit(s[n-3]):
			ms := int64(s[n-3]-'0')*100 + int64(s[n-2]-'0')*10 + int64(s[n-1]-'0')
			return time.Unix(c.unix, ms*int64(time.Millisecond)).UTC()
		}
	}
	if !matchShape(s, "dddd-dd-dd dd:dd:dd") {
		return time.Time{}
	}
	num := func(from, to int) (n int) {
		for _, ch := range s[from:to] {
			n = n*10 + int(ch-'0')
		}
		return n
	}
	rest, nanos := s[secondLen:], 0
	if strings.HasPrefix(rest, ".") {
		scale := int(time.Second)
		for rest = rest[1:]; rest != "" && isDigit(rest[0]); rest = rest[1:] {
			scale /= 10
			nanos += int(rest[0]-'0') * scale
		}
	}
	if num(5, 7) < 1 || num(5, 7) > 12 || num(8, 10) < 1 || num(8, 10) > 31 || num(11, 13) > 24 {
		return time.Time{}
	}
	t := time.Date(num(0, 4), time.Month(num(5, 7)), num(8, 10), num(11, 13), num(14, 16), num(17, 19), 0, time.UTC)
	t = t.Add(-c.offset(strings.TrimSpace(rest), t))
	c.second, c.unix = copyOf(s[:secondLen]), t.Unix()
	if c.zone != rest {
		c.zone = copyOf(rest)
	}
	return t.Add(time.Duration(nanos))
}

// offset is what a zone, as PostgreSQL prints it, is east of UTC at the
// local time t.
func (c *clock) offset(zone string, t time.Time) time.Duration {
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
