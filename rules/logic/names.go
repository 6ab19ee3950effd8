package logic

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// longestName is how many bytes of a name the server keeps.
const longestName = 63

// namer makes the name of the nth new range.
type namer func(from, to point, n int) (string, error)

// dateLayouts are how names carry the begin of their range, the most telling
// first: a name that holds a day also holds its year.
var dateLayouts = [...]string{
	"2006_01_02_15_04", "20060102_1504", "20060102150405", "200601021504", "2006_01_02_15", "20060102_15", "2006010215",
	"2006_01_02", "2006-01-02", "20060102", "2006m01d02", "2006_01", "2006-01", "2006m01", "200601", "06_01_02", "060102", "2006",
}

// namer finds out how the partitions are called. All of the last ones have to
// follow the scheme; where none fits, the table's name and the range's begin
// make the name.
func (a axis) namer(spans []span, s step, table string) namer {
	for _, make := range a.schemes(spans[len(spans)-1], s) {
		if follows(make, spans) {
			return checked(make)
		}
	}
	if counted, ok := counting(spans); ok {
		return checked(counted)
	}
	return checked(func(from, _ point, _ int) (string, error) {
		if a.layout == "" {
			return table + "_p" + from.integer.String(), nil
		}
		layout := "20060102"
		if s.months == 0 && s.length%(24*60*60*1e9) != 0 {
			layout = "20060102_150405"
		}
		return table + "_p" + from.time.Format(layout), nil
	})
}

func follows(make namer, spans []span) bool {
	for _, sp := range spans {
		if name, err := make(sp.from, sp.to, 0); err != nil || name != sp.name {
			return false
		}
	}
	return true
}

// schemes are the ways in which the last name can come from its range.
func (a axis) schemes(last span, s step) []namer {
	var out []namer
	add := func(text string, print func(from, to point) string) {
		at := strings.LastIndex(last.name, text)
		if text == "" || at < 0 {
			return
		}
		before, behind := last.name[:at], last.name[at+len(text):]
		out = append(out, func(from, to point, _ int) (string, error) { return before + print(from, to) + behind, nil })
	}
	if a.layout == "" {
		for _, print := range []func(from, to point) string{
			func(from, _ point) string { return from.integer.String() },
			func(_, to point) string { return to.integer.String() },
			func(_, to point) string { return new(big.Int).Sub(to.integer, big.NewInt(1)).String() },
			func(from, _ point) string { return new(big.Int).Div(from.integer, s.integer).String() },
		} {
			add(print(last.from, last.to), print)
		}
		return out
	}
	for _, layout := range dateLayouts {
		print := func(from, _ point) string { return from.time.Format(layout) }
		add(print(last.from, last.to), print)
	}
	week := func(from, _ point) string {
		year, week := from.time.ISOWeek()
		return fmt.Sprintf("%04dw%02d", year, week)
	}
	add(week(last.from, last.to), week)
	return out
}

var numbered = regexp.MustCompile(`^(.*?)(\d+)$`)

// counting is a scheme of names that end in a number, one more each time.
func counting(spans []span) (namer, bool) {
	var prefix string
	var number, width int
	for i, sp := range spans {
		m := numbered.FindStringSubmatch(sp.name)
		if m == nil {
			return nil, false
		}
		n, err := strconv.Atoi(m[2])
		if err != nil || i > 0 && (m[1] != prefix || n != number+1 || len(m[2]) != width && m[2][0] == '0') {
			return nil, false
		}
		prefix, number, width = m[1], n, len(m[2])
	}
	return func(_, _ point, n int) (string, error) { return fmt.Sprintf("%s%0*d", prefix, width, number+n), nil }, true
}

// checked refuses a name that the server would cut.
func checked(make namer) namer {
	return func(from, to point, n int) (string, error) {
		name, err := make(from, to, n)
		if err == nil && len(name) > longestName {
			return "", fmt.Errorf("the name %s is longer than the %d bytes that the server keeps", name, longestName)
		}
		return name, err
	}
}
