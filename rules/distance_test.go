package rules_test

import (
	"testing"

	"github.com/pgmend/pgmend/rules"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"orders", "orders", 0}, {"orders", "oders", 1}, {"orders", "ordres", 1}, {"orders", "oderrs", 2},
		{"äöü", "äüö", 1}, {"kitten", "sitting", 3},
	} {
		if got, back := rules.Distance(c.a, c.b), rules.Distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("between %q and %q: %d, and %d the other way round", c.a, c.b, got, back)
		}
	}
}
