package healer

import (
	"context"
	"strings"
)

// said is what is remembered of a decision: a line that decides whether the
// next one is news, and the reason.
func (d Decision) said() string { return string(d.Verdict) + " " + d.Guard + "\n" + d.Reason }

// news reports whether a decision is another than what was remembered. The
// reason may hold numbers that change from one pass to the next.
func (d Decision) news(before string) bool {
	a, _, _ := strings.Cut(d.said(), "\n")
	b, _, _ := strings.Cut(before, "\n")
	return a != b
}

func decisionKey(plan string) string { return "decision/" + plan }

// Decided returns what was last decided about a plan that did not run, for
// reports. Where nothing held it back there is none.
func Decided(ctx context.Context, s State, plan string) (d Decision, found bool, err error) {
	text, found, err := s.Get(ctx, decisionKey(plan))
	if err != nil || !found {
		return d, false, err
	}
	head, reason, _ := strings.Cut(text, "\n")
	verdict, guard, _ := strings.Cut(head, " ")
	return Decision{Verdict: Verdict(verdict), Guard: guard, Reason: reason}, true, nil
}
