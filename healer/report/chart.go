package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// The pictures are SVG by hand, in percent of the width, so that they fit a
// phone and paper. They show what the tables beside them say in numbers; as
// text and as Markdown they are left out, except where they say more.

// picture is a block that only pages show.
type picture struct {
	template string
	data     any
}

func (picture) text(Options) string          { return "" }
func (picture) markdown() string             { return "" }
func (p picture) html(Options) (string, any) { return p.template, p.data }

// percent writes a share of the width, kept within it.
func percent(part, whole float64) string {
	if whole <= 0 || part <= 0 {
		return "0"
	}
	return strconv.FormatFloat(min(100, part/whole*100), 'f', 2, 64)
}

// tile is one number that matters.
type tile struct{ Name, Value, Tone, Note string }

// tiles are the numbers at the head of a page.
func tiles(list ...tile) block { return picture{"tiles", list} }

// compared is a number before and after, as bars.
type compared struct {
	Name, Change, Tone string
	Rows               [2]bar
}

type bar struct{ Name, Class, Value, Share string }

func beforeAndAfter(was, is float64, before, after string) [2]bar {
	whole := max(was, is)
	return [2]bar{{"before", "before", before, percent(was, whole)}, {"after", "after", after, percent(is, whole)}}
}

// bars compares numbers before and after. Measures that are no numbers are
// left to the table.
func bars(x healer.Attempt) (block, bool) {
	var out []compared
	for _, b := range x.Before.Measures {
		a := after(x, b)
		was, ok := numeric(b)
		is, measured := numeric(a)
		if !ok || !measured {
			continue
		}
		value := reading(a)
		if gone(x) {
			value = "gone"
		}
		out = append(out, compared{Plain(label(b.Name)), change(b, a), "accent", beforeAndAfter(was, is, reading(b), value)})
	}
	return picture{"bars", out}, len(out) > 0
}

// gone reports whether the object is proven not to be there any more.
func gone(a healer.Attempt) bool {
	return a.Before.Snapshot.Exists() && !a.After.At.IsZero() && !a.After.Snapshot.Exists()
}

// after is a measure's value after a repair. The size of what is gone is
// nothing, whatever a query says of an oid that nobody has.
func after(a healer.Attempt, before rules.Column) rules.Column {
	c := before
	if value, ok := a.After.Measures.Get(before.Name); ok && !value.Null {
		c.Value = value
		return c
	}
	c.Value = rules.Null()
	if gone(a) && isSize(before.Name) {
		c.Value = rules.Text("0")
	}
	return c
}

// numeric is a measured number that a bar can show.
func numeric(c rules.Column) (float64, bool) {
	n, err := strconv.ParseFloat(c.Text, 64)
	return n, err == nil && !c.Null && n >= 0
}

// label makes a column's name readable.
func label(name string) string { return strings.ReplaceAll(name, "_", " ") }

// series is a number over time.
type series struct {
	name   string
	times  []time.Time
	values []float64
	write  func(float64) string
}

// sparks draws each series that has more than one point.
func sparks(all []series) (block, bool) {
	type spark struct{ Name, Last, Label, Points, From, To string }
	var out []spark
	for _, s := range all {
		n := len(s.values)
		if n < 2 || !s.times[n-1].After(s.times[0]) {
			continue
		}
		low, high := s.values[0], s.values[0]
		for _, v := range s.values {
			low, high = min(low, v), max(high, v)
		}
		low = min(low, 0) // a line that does not begin at nothing exaggerates
		var points strings.Builder
		whole := s.times[n-1].Sub(s.times[0]).Seconds()
		for i, v := range s.values {
			y := 28.0
			if high > low {
				y = 28 - (v-low)/(high-low)*26
			}
			fmt.Fprintf(&points, "%.2f,%.2f ", s.times[i].Sub(s.times[0]).Seconds()/whole*100, y)
		}
		out = append(out, spark{
			Name: Plain(s.name), Last: s.write(s.values[n-1]), Points: strings.TrimSpace(points.String()),
			Label: Plain(fmt.Sprintf("%s from %s to %s", s.name, s.write(s.values[0]), s.write(s.values[n-1]))),
			From:  stamp(s.times[0]), To: stamp(s.times[n-1]),
		})
	}
	return picture{"sparks", out}, len(out) > 0
}

// moment is one point of a timeline.
type moment struct{ Text, When, Tone string }

// timeline lists moments in their order.
func timeline(list []moment) block {
	for i := range list {
		list[i].Text = Plain(list[i].Text)
	}
	return picture{"timeline", list}
}

// span is a length of time on a strip, mark a moment.
type (
	span struct{ From, Width, Tone string }
	mark struct{ At, Tone string }
)

// strip is what happened to one object.
type strip struct {
	Name, Note, Label string
	Spans             []span
	Marks             []mark
}

// strips draws objects below each other over one span of time.
func strips(from, to time.Time, rows []strip) block {
	return picture{"strips", struct {
		From, To string
		Rows     []strip
	}{stamp(from), stamp(to), rows}}
}

// within is where a moment lies between two others, in percent.
func within(t, from, to time.Time) float64 {
	whole := to.Sub(from).Seconds()
	if whole <= 0 {
		return 0
	}
	return min(100, max(0, t.Sub(from).Seconds()/whole*100))
}

// branch is a node of a tree and what hangs from it.
type branch struct {
	Text, Note, Tone string
	Below            []branch
}

// tree draws causes and what follows from them.
type tree []branch

func (t tree) html(Options) (string, any) { return "tree", t.plain() }

func (t tree) plain() []branch {
	out := make([]branch, len(t))
	for i, n := range t {
		out[i] = branch{Plain(n.Text), Plain(n.Note), n.Tone, tree(n.Below).plain()}
	}
	return out
}

func (t tree) text(Options) string { return nested(t, "") }

func (t tree) markdown() string {
	return strings.TrimLeft(nestedMarkdown(t, ""), "\n")
}

func nested(list []branch, indent string) string {
	var b strings.Builder
	for _, n := range list {
		b.WriteString(strings.TrimRight(indent+"- "+Plain(n.Text)+" "+Plain(n.Note), " ") + "\n" + nested(n.Below, indent+"  "))
	}
	return b.String()
}

func nestedMarkdown(list []branch, indent string) string {
	var b strings.Builder
	for _, n := range list {
		b.WriteString(strings.TrimRight(indent+"- "+markdown(n.Text)+" "+markdown(n.Note), " ") + "\n" + nestedMarkdown(n.Below, indent+"  "))
	}
	return b.String()
}

// gauge is how much of something is used up.
type gauge struct {
	Name, Value, Share, Tone, Note string
}

// used makes a gauge; from seven tenths on it warns.
func used(name string, share float64, note string) gauge {
	g := gauge{
		Name: Plain(name), Value: fmt.Sprintf("%.1f %% used", share*100), Share: percent(share, 1), Note: Plain(note), Tone: "accent",
	}
	switch {
	case share >= 0.9:
		g.Tone = "bad"
	case share >= 0.7:
		g.Tone = "warn"
	}
	return g
}

func gauges(list []gauge) block { return picture{"gauges", list} }
