package rules

import (
	"strings"
	"testing"
)

// What a server that is killed meanwhile would not start with is in no rule and
// taken from no baseline.
// hazard: 8
func TestNoUnloggedRelationIsMade(t *testing.T) {
	rule := &Rule{Hazards: []string{"create_table", "sequence"}}
	for _, sql := range []string{"CREATE UNLOGGED TABLE a.b (c int)", "CREATE UNLOGGED SEQUENCE a.s"} {
		if _, err := CheckDeclared(rule, Transaction, []string{sql}); err == nil || !strings.Contains(err.Error(), "does not start again") {
			t.Errorf("%s: %v", sql, err)
		}
		if _, err := CheckDeclared(rule, Transaction, []string{strings.Replace(sql, "UNLOGGED ", "", 1)}); err != nil {
			t.Error(err)
		}
	}
}
