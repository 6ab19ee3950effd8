package rules

import (
	"slices"
	"strings"
	"testing"
)

const counting = `-- rule: test/counting
-- title: A rule that counts
-- scope: database
-- every: 5m
-- severity: info
-- risk: low
-- hazards: none
-- reads: catalog
-- param min_events: integer = 3
-- param within: duration = 1h

-- detect: log deadlock, lock_timeout

-- guidance
-- Look.
`

func TestARuleCountsLogEvents(t *testing.T) {
	f, err := Parse("test/counting.sql", []byte(counting))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := f.For(15)
	if !slices.Equal(r.Counts, []string{"deadlock", "lock_timeout"}) || !r.Observes() {
		t.Errorf("it counts %q, observes %v", r.Counts, r.Observes())
	}
}

// What the log says proves nothing, so nothing may follow from it.
func TestWhatCountsLogEventsOnlyReports(t *testing.T) {
	for _, c := range []struct{ name, old, new, message string }{
		{"a query", "lock_timeout\n", "lock_timeout\nSELECT 1\n", "has no query"},
		{"another option", "detect: log", "detect: table", "unknown option"},
		{"no kind", "deadlock, lock_timeout", "Deadlock!", "is not an event's kind"},
		{"capture", "-- guidance", "-- capture\nSELECT 1 AS one\n\n-- guidance", "no section but detect and guidance"},
		{"repair", "-- guidance", "-- repair: session\nVACUUM\n\n-- verify\nSELECT 1 AS one\n\n-- undo: none, because so\n\n-- guidance", "no section but detect and guidance"},
		{"another parameter", "min_events: integer", "min_rows: integer", "no parameter min_rows"},
		{"another type", "min_events: integer = 3", "min_events: bytes = 3", "no parameter min_events of type bytes"},
		{"no window", "-- param within: duration = 1h\n", "", "needs the parameter within"},
		{"a hazard", "hazards: none", "hazards: vacuum", "has hazards"},
	} {
		src := strings.Replace(counting, c.old, c.new, 1)
		if _, err := Parse("test/counting.sql", []byte(src)); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
