package report_test

import (
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

// What a finding measured is drawn, and nothing else is.
func TestPicturesOfAFinding(t *testing.T) {
	for name, c := range map[string]struct {
		facts rules.Values
		want  []string
	}{
		"a sequence at its end": {rules.Values{"last_value": rules.Text("1950"), "usable": rules.Text("2000"), "used_percent": rules.Text("97.5")},
			[]string{"97.5 % used", "at 1\u202f950 of 2\u202f000", `class="bad" width="97.50%"`}},
		"a sequence that is behind": {rules.Values{"last_value": rules.Text("1500"), "max_value": rules.Text("9223372036854775807"), "column_max": rules.Text("2000")},
			[]string{"75.0 % used", `class="warn"`}},
		"a narrow key":  {rules.Values{"least_percent_used": rules.Text("12.5"), "column": rules.Text("Id")}, []string{"12.5 % used", "&#34;Id&#34;"}},
		"a wraparound":  {rules.Values{"xid_age": rules.Text("2100000000"), "mxid_age": rules.Text("7")}, []string{"97.9 % used", "0.0 % used", "multixact ids"}},
		"a blocker":     {rules.Values{"waiters": rules.Text("12"), "pid": rules.Text("77"), "role": rules.Text("ada"), "state": rules.Text("idle in transaction")}, []string{"process 77 ada", "12 sessions wait for it"}},
		"nothing of it": {rules.Values{"last_value": rules.Text("x"), "xid_age": rules.Null()}, nil},
	} {
		f := finding("F1", "public", "orders")
		f.Facts = c.facts
		got := string(page(t, report.Repair{Attempt: attempt(f)}.Write))
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", name, want, got)
			}
		}
		if c.want == nil && (strings.Contains(got, `class="gauge"`) || strings.Contains(got, `class="tree`)) {
			t.Errorf("%s: something is drawn that was not measured", name)
		}
	}
}
