package logic

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// span is the range of one partition.
type span struct {
	name     string
	oid      string // of the partition
	from, to point
}

// missing is a partition that has to be made.
type missing struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

const (
	// proven is how many ranges in a row have to be equally wide and without a
	// gap before the next one is believed to be like them.
	proven = 3
	// abandoned is after how many intervals without a partition a table counts
	// as one that nobody fills any more.
	abandoned = 12
	// filled is how many ranges are made at once; horizons are at most as far.
	filled = 120
	// looked is how many of the last ranges are looked at.
	looked = 12
)

// position is what the key counts and where it is now; no axis where it is
// nowhere.
func position(f Facts) (*axis, point, error) {
	a, err := newAxis(f["key_type"])
	if err != nil {
		return nil, point{}, err
	}
	p, err := a.parse(f["position"])
	if err != nil {
		return nil, point{}, nil //nolint:nilerr // an empty text, or infinity
	}
	return &a, p, nil
}

// nextPartitions says which partitions are missing for the next intervals: of
// a table partitioned by one column of time or integer, from its ranges, where
// it is now, and how many intervals ahead shall be covered.
func nextPartitions(f Facts) (Facts, error) {
	axis, now, err := position(f)
	if axis == nil {
		return nil, err // an empty table has no position: nothing is missing yet
	}
	horizon, err := strconv.Atoi(f["horizon"])
	if err != nil || horizon < 1 || horizon > 100 {
		return nil, fmt.Errorf("horizon %q is not between 1 and 100 intervals", f["horizon"])
	}
	spans, err := axis.spans(f["ranges"])
	if err != nil || len(spans) == 0 {
		return nil, err
	}
	last := spans[len(spans)-1]
	spans = spans[max(0, len(spans)-looked):]
	out := Facts{"missing": "[]", "obstacle": "", "covered_until": axis.print(last.to), "last_range": last.name, "last_oid": last.oid}
	step, even := axis.step(spans)
	if !even {
		// The width of the last one is as good a guess as any for when to warn.
		width := last.to.distance(last.from)
		if last.to.distance(now) > float64(horizon)*width || now.distance(last.to) > abandoned*width {
			return nil, nil
		}
		out["obstacle"] = "the last ranges differ in their widths or have gaps, so what comes next is for a person to say"
		return out, nil
	}
	return plan(*axis, step, spans, now, horizon, f["name"], out)
}

// plan lists the ranges from the end of the last one until enough intervals
// behind the position are covered.
func plan(axis axis, step step, spans []span, now point, horizon int, table string, out Facts) (Facts, error) {
	last := spans[len(spans)-1]
	until, behind := last.to, 0
	for !now.before(until) {
		// It ends before the position: the intervals up to there are missing too.
		if until, behind = step.after(until), behind+1; behind > abandoned {
			return nil, nil
		}
	}
	need := now
	for range horizon {
		need = step.after(need)
	}
	return fill(axis, step, spans, table, out, func(from point) bool { return from.before(need) })
}

// fill lists the ranges from the end of the last one on, for as long as they
// are needed, in the facts that it returns: none at all where there is none.
func fill(axis axis, step step, spans []span, table string, out Facts, needed func(from point) bool) (Facts, error) {
	namer := axis.namer(spans, step, table)
	var list []missing
	for from := spans[len(spans)-1].to; needed(from); {
		to := step.after(from)
		if !from.before(to) {
			return nil, errors.New("a range has no width")
		}
		name, err := namer(from, to, len(list)+1)
		if err == nil && len(list) == filled {
			err = fmt.Errorf("more than %d partitions are missing up to the greatest key", filled)
		}
		if err != nil {
			out["obstacle"] = err.Error()
			return out, nil //nolint:nilerr // the obstacle is what a person is told
		}
		list = append(list, missing{Name: name, From: axis.print(from), To: axis.print(to)})
		from = to
	}
	if len(list) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(list)
	out["missing"] = string(text)
	return out, err
}

// defaultRanges says which partitions are missing behind the last range for
// the rows of the DEFAULT partition, of which the greatest key is known, and
// what refers to one of them: d.
func defaultRanges(f Facts) (Facts, error) {
	axis, greatest, err := position(f)
	if axis == nil {
		return nil, err // it is empty, or holds nothing but what has no range
	}
	spans, err := axis.spans(f["ranges"])
	if err != nil || len(spans) == 0 {
		return nil, err
	}
	last := spans[len(spans)-1]
	if greatest.before(last.to) {
		return nil, nil
	}
	spans = spans[max(0, len(spans)-looked):]
	out := Facts{"missing": "[]", "obstacle": "", "covered_until": axis.print(last.to), "last_range": last.name, "last_oid": last.oid}
	if out["referrer"], _, err = referred(f["referrers"], "d"); err != nil {
		return nil, err
	}
	step, even := axis.step(spans)
	if !even {
		out["obstacle"] = "the last ranges differ in their widths or have gaps, so what they should be is for a person to say"
		return out, nil
	}
	return fill(*axis, step, spans, f["name"], out, func(from point) bool { return !greatest.before(from) })
}

// spans reads the ranges as the server prints them, in their order. What is no
// plain range (DEFAULT, MINVALUE, MAXVALUE) is left out, except that an open
// end means that nothing can be missing.
func (a axis) spans(text string) ([]span, error) {
	var list []struct{ Name, OID, Bound string }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read the ranges: %w", err)
	}
	var out []span
	for _, r := range list {
		m := boundForm.FindStringSubmatch(r.Bound)
		if m == nil {
			continue
		}
		if m[2] == "MAXVALUE" {
			return nil, nil
		}
		from, err := a.parse(unquote(m[1]))
		if err != nil {
			continue // MINVALUE
		}
		to, err := a.parse(unquote(m[2]))
		if err != nil {
			return nil, fmt.Errorf("read the range %s: %w", r.Bound, err)
		}
		out = append(out, span{r.Name, r.OID, from, to})
	}
	slices.SortFunc(out, func(x, y span) int {
		if x.from.before(y.from) {
			return -1
		}
		return 1
	})
	return out, nil
}
