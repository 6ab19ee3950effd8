package report

import (
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pgmend/pgmend/healer"
)

// sentenceCase makes a clause of ours begin like a sentence.
func sentenceCase(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// happened is the repair from the fault to its verification.
func (r Repair) happened() block {
	a := r.Attempt
	f := a.Plan.Finding
	list := []moment{{Text: "found by " + f.Rule, When: stamp(f.FirstSeen), Tone: tone(severityColour(f.Severity))}}
	if !a.Plan.Made.IsZero() {
		list = append(list, moment{Text: "planned as " + a.Plan.ID, When: stamp(a.Plan.Made)})
	}
	list = append(list, moment{Text: "the intent was durable, by " + a.Actor, When: stamp(a.Started)})
	for i, s := range a.Steps {
		m := moment{Text: fmt.Sprintf("step %d did not run", i+1)}
		switch {
		case s.Err != "":
			m = moment{Text: fmt.Sprintf("step %d failed: %s", i+1, s.Err), Tone: "bad"}
		case s.Done:
			m = moment{Text: fmt.Sprintf("step %d: %s", i+1, s.Outcome.Tag), Tone: "accent"}
		}
		if !s.Outcome.Started.IsZero() {
			m.When = stamp(s.Outcome.Started) + ", took " + Elapsed(s.Outcome.Elapsed)
		}
		list = append(list, m)
	}
	last := moment{Text: string(a.State), Tone: tone(stateColour(a.State)), When: stamp(a.Ended)}
	if a.UndoneBy != "" {
		last.Text = "verified, and undone later by " + a.UndoneBy
	}
	return timeline(append(list, last))
}

// pictures are the measures before and after, and over earlier repairs of the
// same object where there were some.
func (r Repair) pictures() []block {
	var out []block
	if b, ok := bars(r.Attempt); ok {
		out = append(out, b)
	}
	if b, ok := sparks(histories(append(r.Earlier[:len(r.Earlier):len(r.Earlier)], r.Attempt))); ok && len(r.Earlier) > 0 {
		out = append(out, b)
	}
	return out
}

// histories are the measures of one object over its repairs, each measured
// before and after.
func histories(all []healer.Attempt) []series {
	var out []series
	index := make(map[string]int)
	for _, a := range all {
		for _, p := range []healer.Picture{a.Before, a.After} {
			for _, c := range p.Measures {
				n, ok := numeric(c)
				if !ok || p.At.IsZero() {
					continue
				}
				i, known := index[c.Name]
				if !known {
					i = len(out)
					index[c.Name] = i
					out = append(out, series{name: label(c.Name), write: writer(c.Name)})
				}
				out[i].times = append(out[i].times, p.At)
				out[i].values = append(out[i].values, n)
			}
		}
	}
	return out
}

// writer is how numbers of a measure are written.
func writer(name string) func(float64) string {
	if isSize(name) {
		return func(v float64) string { return Size(int64(v)) }
	}
	return func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
}

// brief is a moment without what its neighbours say already.
func brief(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("Jan 2 15:04")
}
