package report

import (
	"slices"
	"strconv"

	"github.com/pgmend/pgmend/healer"
)

// latency is what the statements that touch the object took before a repair
// and since, of those that the watch compared.
func latency(w *healer.Watch) []block {
	if w == nil || len(w.Compared) == 0 {
		return nil
	}
	slower := func(c healer.Comparison) bool {
		return slices.ContainsFunc(w.Slower, func(s healer.Comparison) bool { return s.Source == c.Source && s.Text == c.Text })
	}
	l := &grid{list{name: "statements", columns: []string{"statement", "mean before", "mean since", "change", "calls before", "calls since", "by"}}}
	var out []compared
	for _, c := range w.Compared {
		was, is := c.Before.Mean(), c.After.Mean()
		x := compared{Plain(clip(c.Text, statementColumns)), "", "accent", beforeAndAfter(was, is, length(was), length(is))}
		if was > 0 {
			x.Change = growth(was, is)
		}
		colour := plain
		if slower(c) {
			x.Tone, colour = "bad", red
		}
		out = append(out, x)
		l.add(nil, colour, clip(c.Text, statementColumns), length(was), length(is), x.Change, number64(c.Before.Calls), number64(c.After.Calls), c.Source)
	}
	return []block{
		picture{"bars", out}, l,
		sentence("The means of calls that were seen before the repair and since, of the statements that touch the object (for a setting, of all of the server) and took most time since. " +
			"Other things change too: only what is clearly slower than the rest of the database became is called slower."),
	}
}

// statementColumns is how much of a statement is shown.
const statementColumns = 120

// planCosts is what the plans of those statements were estimated to cost, where
// auto_explain wrote some down.
func planCosts(w *healer.Watch) []block {
	if w == nil || len(w.Planned) == 0 {
		return nil
	}
	l := &grid{list{name: "plans", columns: []string{"statement", "cost before", "cost since", "change", "plans before", "plans since", "by"}}}
	var out []compared
	for _, c := range w.Planned {
		was, is := c.Before.PlanCost(), c.After.PlanCost()
		x := compared{Plain(clip(c.Text, statementColumns)), growth(was, is), "accent", beforeAndAfter(was, is, cost(was), cost(is))}
		out = append(out, x)
		l.add(nil, plain, clip(c.Text, statementColumns), cost(was), cost(is), x.Change, number64(c.Before.Plans), number64(c.After.Plans), c.Source)
	}
	return []block{
		picture{"bars", out}, l,
		sentence("The means of what the server itself had estimated the plans to cost that auto_explain wrote into the log before the repair and since, in the planner's units. " +
			"pgmend explains no statement from a log, and judges by times, not by these."),
	}
}

// cost writes what a plan costs, in the planner's units, as EXPLAIN does.
func cost(units float64) string { return strconv.FormatFloat(units, 'f', 2, 64) }
