package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// units are pg_size_pretty's (src/backend/utils/adt/dbsize.c): the size from
// which the next unit is used, whether the unit is rounded, and its bits.
var units = [...]struct {
	name  string
	limit int64
	round int
	bits  int
}{
	{"bytes", 10 * 1024, 0, 0}, {"kB", 20*1024 - 1, 1, 10}, {"MB", 20*1024 - 1, 1, 20},
	{"GB", 20*1024 - 1, 1, 30}, {"TB", 20*1024 - 1, 1, 40}, {"PB", 20*1024 - 1, 1, 50},
}

// Size writes bytes as the server's pg_size_pretty does.
func Size(bytes int64) string {
	n := bytes
	for i, u := range units {
		if i == len(units)-1 || (n < u.limit && n > -u.limit) {
			if u.round == 1 {
				n = halve(n)
			}
			return strconv.FormatInt(n, 10) + " " + u.name
		}
		next := units[i+1]
		// One bit more is kept while a unit is rounded.
		n /= 1 << (next.bits - u.bits - next.round + u.round)
	}
	return ""
}

// halve divides by two, away from zero.
func halve(n int64) int64 {
	if n < 0 {
		return (n - 1) / 2
	}
	return (n + 1) / 2
}

// Elapsed writes a duration as a person says it.
func Elapsed(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	s := d.Round(time.Second).String()
	for _, nothing := range []string{"m0s", "h0m"} { // 10m, not 10m0s
		if strings.HasSuffix(s, nothing) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// stamp writes a moment, in UTC.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// isSize reports whether a measure's name says that it counts bytes.
func isSize(name string) bool {
	return name == "size" || name == "bytes" || strings.HasSuffix(name, "_size") || strings.HasSuffix(name, "_bytes")
}

// reading writes one measured value.
func reading(c rules.Column) string {
	if c.Null {
		return "unknown"
	}
	if n, err := strconv.ParseInt(c.Text, 10, 64); err == nil && isSize(c.Name) {
		return Size(n)
	}
	return c.Text
}

// change writes what became of a number.
func change(before, after rules.Column) string {
	a, errA := strconv.ParseFloat(before.Text, 64)
	b, errB := strconv.ParseFloat(after.Text, 64)
	switch {
	case before.Null || after.Null || errA != nil || errB != nil:
		if before.Text == after.Text {
			return "unchanged"
		}
		return "changed"
	case a == b:
		return "unchanged"
	case a == 0:
		return "from nothing"
	}
	return growth(a, b)
}

// growth is by how much a number that is not 0 changed.
func growth(from, to float64) string { return fmt.Sprintf("%+.0f %%", (to-from)/from*100) }

// value is a measured value in JSON: a number where it is one.
func value(c rules.Column) any {
	if c.Null {
		return nil
	}
	if n, err := strconv.ParseInt(c.Text, 10, 64); err == nil {
		return n
	}
	if number.MatchString(c.Text) {
		if n, err := strconv.ParseFloat(c.Text, 64); err == nil {
			return n
		}
	}
	return c.Text
}
