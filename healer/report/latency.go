package report

import (
	"slices"

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
		sentence("The means of calls that were seen before the repair and since, of the statements that touch the object and took most time since. " +
			"Other things change too: only what is clearly slower than the rest of the database became is called slower."),
	}
}

// statementColumns is how much of a statement is shown.
const statementColumns = 120
