package healer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// WatchPolicy says when statements count as slower after a change. The zero
// value has the defaults.
type WatchPolicy struct {
	Length time.Duration // how long a change is watched; 0: 24 h, below: not at all
	Factor float64       // how much longer a statement has to take on average; 0: 2
	Calls  int64         // how often it was called at least, before and after; 0: 50
	Least  time.Duration // how much longer in time; 0: 1 ms
}

// withDefaults fills in what is not set.
func (p WatchPolicy) withDefaults() WatchPolicy {
	if p.Length == 0 {
		p.Length = 24 * time.Hour
	}
	if p.Factor == 0 {
		p.Factor = 2
	}
	if p.Calls == 0 {
		p.Calls = 50
	}
	if p.Least == 0 {
		p.Least = time.Millisecond
	}
	return p
}

// Usage is what the calls of a statement took.
type Usage struct {
	Calls   int64   `json:"calls"`
	TotalMS float64 `json:"total_ms"`
	Squares float64 `json:"squares"`         // the sum of the squares of their times, in ms²
	Plans   int64   `json:"plans,omitempty"` // that the server wrote down
	Cost    float64 `json:"cost,omitempty"`  // the sum of what it had estimated them to cost
}

// Mean is what a call took on average, in milliseconds.
func (u Usage) Mean() float64 {
	if u.Calls == 0 {
		return 0
	}
	return u.TotalMS / float64(u.Calls)
}

// PlanCost is what a plan was estimated to cost on average.
func (u Usage) PlanCost() float64 {
	if u.Plans == 0 {
		return 0
	}
	return u.Cost / float64(u.Plans)
}

// doubt is the square of the standard error of the mean.
func (u Usage) doubt() float64 {
	if u.Calls == 0 {
		return 0
	}
	n := float64(u.Calls)
	return max(u.Squares/n-u.Mean()*u.Mean(), 0) / n
}

// since is what came after an earlier reading of the same counters. Where they
// began again meanwhile, because somebody reset them or their keeper was started
// again, nobody knows what of it came when, and it is nothing.
func (u Usage) since(before Usage) Usage {
	if u.Calls < before.Calls || u.TotalMS < before.TotalMS || u.Plans < before.Plans {
		return Usage{}
	}
	return Usage{u.Calls - before.Calls, u.TotalMS - before.TotalMS, max(u.Squares-before.Squares, 0), u.Plans - before.Plans, max(u.Cost-before.Cost, 0)}
}

// Add adds what other calls of it took.
func (u *Usage) Add(o Usage) {
	u.Calls += o.Calls
	u.TotalMS += o.TotalMS
	u.Squares += o.Squares
	u.Plans += o.Plans
	u.Cost += o.Cost
}

// tally is one statement while a change is watched.
type tally struct {
	Source    string `json:"source"`
	Statement string `json:"statement"`
	Text      string `json:"text"`
	Touches   bool   `json:"touches"`
	Before    Usage  `json:"before"` // until the change
	After     Usage  `json:"after"`  // since the change
	Last      Usage  `json:"last"`   // the counters when they were last read
	Began     string `json:"began,omitempty"`
}

// Comparison is what a statement took before a change and since.
type Comparison struct {
	Source string `json:"source"` // where that is seen: the log, pg_stat_statements
	Text   string `json:"text"`   // its literals masked
	Before Usage  `json:"before"`
	After  Usage  `json:"after"`
}

// String says it in words.
func (s Comparison) String() string {
	return fmt.Sprintf("%s took %s on average in %d calls before, and %s in %d since, by %s",
		s.Text, shownMS(s.Before.Mean()), s.Before.Calls, shownMS(s.After.Mean()), s.After.Calls, s.Source)
}

func shownMS(ms float64) string { return fmt.Sprintf("%.3g ms", ms) }

// sure is how many standard errors a difference has to be: a few slow calls
// among many are chance.
const sure = 4

// compare finds the statements that touch what was changed and could be
// compared, those that took most first, and those of them that are clearly
// slower since. Each has to be slower than the rest of the database has become,
// for which no change of one table is to blame: a backup, a busy hour, a cold
// cache after a restart.
func compare(p WatchPolicy, list []tally) (slower, compared []Comparison) {
	p = p.withDefaults()
	general := make(map[string]float64)
	for source, of := range bySource(list) {
		general[source] = drift(p, of)
	}
	for _, t := range list {
		if !t.Touches || t.Before.Calls < p.Calls || t.After.Calls < p.Calls {
			continue
		}
		compared = append(compared, Comparison{t.Source, t.Text, t.Before, t.After})
		before, after := t.Before.Mean()*general[t.Source], t.After.Mean()
		gain := after - before
		if after < before*p.Factor || gain*float64(time.Millisecond) < float64(p.Least) {
			continue
		}
		if gain < sure*math.Sqrt(t.Before.doubt()*general[t.Source]*general[t.Source]+t.After.doubt()) {
			continue
		}
		slower = append(slower, compared[len(compared)-1])
	}
	slices.SortStableFunc(slower, func(a, b Comparison) int { return cmp.Compare(b.cost(), a.cost()) })
	slices.SortStableFunc(compared, func(a, b Comparison) int { return cmp.Compare(b.After.TotalMS, a.After.TotalMS) })
	return slower, compared
}

// A setting holds for all statements, so there are none to compare with, and a
// backup or a busy hour looks the same. It is to blame only where several
// statements are clearly slower, and the busiest ones are so together, each by
// the time that its calls since would have taken before.
const (
	leastSlower = 3
	busiest     = 20
)

// together are the statements for which a setting is to blame, by one of the
// sources, and where it is not, why.
func together(p WatchPolicy, slower, compared []Comparison) (blamed []Comparison, fine string) {
	p = p.withDefaults()
	fine = "no statement is clearly slower"
	for _, source := range sources(compared) {
		of := func(list []Comparison) []Comparison {
			return slices.DeleteFunc(slices.Clone(list), func(c Comparison) bool { return c.Source != source })
		}
		top, clear := of(compared), of(slower)
		slices.SortStableFunc(top, func(a, b Comparison) int { return cmp.Compare(b.Before.TotalMS, a.Before.TotalMS) })
		var was, is float64
		for _, c := range top[:min(len(top), busiest)] {
			was += c.Before.Mean() * float64(c.After.Calls)
			is += c.After.TotalMS
		}
		if len(clear) >= leastSlower && is >= was*p.Factor {
			blamed = append(blamed, clear...)
			continue
		}
		fine = fmt.Sprintf("%d of %d statements are clearly slower, and the busiest ones take %.2g times as long together, by %s; "+
			"a setting is to blame from %d statements and %.2g times", len(clear), len(of(compared)), is/max(was, 1e-9), source, leastSlower, p.Factor)
	}
	return blamed, fine
}

// sources are where the statements were seen, each once.
func sources(list []Comparison) (out []string) {
	for _, c := range list {
		if !slices.Contains(out, c.Source) {
			out = append(out, c.Source)
		}
	}
	return out
}

// planned are the statements that touch what was changed and whose plans were
// written down before and since, those whose plans changed most first. What a plan was
// estimated to cost judges nothing: it is shown.
func planned(list []tally) (out []Comparison) {
	for _, t := range list {
		if t.Touches && t.Before.PlanCost() > 0 && t.After.PlanCost() > 0 {
			out = append(out, Comparison{t.Source, t.Text, t.Before, t.After})
		}
	}
	slices.SortStableFunc(out, func(a, b Comparison) int { return cmp.Compare(b.replanned(), a.replanned()) })
	return out
}

// replanned is how much another cost the plans have, whichever way.
func (s Comparison) replanned() float64 {
	return math.Abs(math.Log(s.After.PlanCost() / s.Before.PlanCost()))
}

// cost is what the calls since took longer, in milliseconds.
func (s Comparison) cost() float64 { return s.After.TotalMS - s.Before.Mean()*float64(s.After.Calls) }

func bySource(list []tally) map[string][]tally {
	out := make(map[string][]tally)
	for _, t := range list {
		out[t.Source] = append(out[t.Source], t)
	}
	return out
}

// drift is by how much the statements that touch nothing of the change have
// become slower: what their calls since took, by what as many took before. It
// is never below 1: that others are faster proves nothing against a change.
func drift(p WatchPolicy, list []tally) float64 {
	var was, is float64
	for _, t := range list {
		if !t.Touches && t.Before.Calls >= p.Calls && t.After.Calls >= p.Calls {
			was += t.Before.Mean() * float64(t.After.Calls)
			is += t.After.TotalMS
		}
	}
	if was <= 0 {
		return 1
	}
	return max(is/was, 1)
}

// blame says in words what became slower.
func blame(slower []Comparison) string {
	var parts []string
	for _, s := range slower {
		parts = append(parts, s.String())
	}
	return strings.Join(parts, "; ")
}
