package report

import (
	"slices"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Summary is what happened in a period: the digest.
type Summary struct {
	From, To time.Time
	Findings []healer.Finding // open, or last seen in the period
	Repairs  []healer.Attempt // started in the period
	Held     []healer.Planned // plans of now that did not run, with what held them back
	Home     string           // of a file among others: their index
	Version  string           // of pgmend

	before []healer.Attempt // that began before the period
	days   []day            // up to the period's end, oldest first
}

// day is what happened on one day, for the trend.
type day struct {
	start                    time.Time
	opened, closed, verified int
}

// trend is over how many days the trend reaches.
const trend = 28

// Period chooses what falls into a period: attempts that began in it, and
// findings that are open or were still seen in it.
func Period(from, to time.Time, fs []healer.Finding, as []healer.Attempt) Summary {
	s := Summary{From: from, To: to}
	for _, f := range fs {
		if f.Status == healer.Open && !f.FirstSeen.After(to) || !f.LastSeen.Before(from) && !f.LastSeen.After(to) {
			s.Findings = append(s.Findings, f)
		}
	}
	for _, a := range as {
		switch {
		case a.Started.Before(from):
			s.before = append(s.before, a)
		case a.Started.Before(to):
			s.Repairs = append(s.Repairs, a)
		}
	}
	s.days = trends(to, fs, as)
	return s
}

// trends counts by day, from the first day on of which the ledger knows.
func trends(to time.Time, fs []healer.Finding, as []healer.Attempt) []day {
	today := to.UTC().Truncate(24 * time.Hour)
	days := make([]day, trend)
	for i := range days {
		days[i].start = today.AddDate(0, 0, i-trend+1)
	}
	count := func(t time.Time, what func(*day)) {
		if i := int(t.UTC().Truncate(24*time.Hour).Sub(days[0].start) / (24 * time.Hour)); !t.Before(days[0].start) && i < trend && !t.After(to) {
			what(&days[i])
		}
	}
	for _, f := range fs {
		count(f.FirstSeen, func(d *day) { d.opened++ })
		if f.Status == healer.Resolved {
			count(f.LastSeen, func(d *day) { d.closed++ })
		}
	}
	for _, a := range as {
		if a.State == healer.Verified {
			count(a.Started, func(d *day) { d.verified++ })
		}
	}
	first := slices.IndexFunc(days, func(d day) bool { return d.opened+d.closed+d.verified > 0 })
	if first < 0 {
		return nil
	}
	return days[first:]
}

// opened are the findings that came in the period.
func (s Summary) opened() []healer.Finding {
	return s.which(func(f healer.Finding) bool { return !f.FirstSeen.Before(s.From) && !f.FirstSeen.After(s.To) })
}

// closed are the findings that went in the period.
func (s Summary) closed() []healer.Finding {
	return s.which(func(f healer.Finding) bool { return f.Status == healer.Resolved })
}

func (s Summary) open() []healer.Finding {
	return s.which(func(f healer.Finding) bool { return f.Status == healer.Open })
}

func (s Summary) which(yes func(healer.Finding) bool) []healer.Finding {
	var out []healer.Finding
	for _, f := range s.Findings {
		if yes(f) {
			out = append(out, f)
		}
	}
	return out
}

// waiting are the plans that wait for a guard, or with others for any but it.
func (s Summary) waiting() (approval, others []healer.Planned) {
	for _, p := range s.Held {
		if p.Decision.Guard == healer.GuardApproval {
			approval = append(approval, p)
		} else {
			others = append(others, p)
		}
	}
	return approval, others
}

// refused are the repairs that a guard stopped after they were intended.
func (s Summary) refused() []healer.Attempt {
	var out []healer.Attempt
	for _, a := range s.Repairs {
		if a.State == healer.Refused {
			out = append(out, a)
		}
	}
	return out
}

// reclaimed is the space that verified repairs gave back: what they measured
// before less what they measured after. What nobody measured does not count.
func (s Summary) reclaimed() (bytes int64, measured int) {
	for _, a := range s.Repairs {
		if n, ok := reclaimed(a); ok {
			bytes, measured = bytes+n, measured+1
		}
	}
	return bytes, measured
}

func reclaimed(a healer.Attempt) (bytes int64, measured bool) {
	if a.State != healer.Verified || a.UndoOf != "" {
		return 0, false
	}
	for _, b := range a.Before.Measures {
		x, ok := numeric(b)
		if !ok || !isSize(b.Name) {
			continue
		}
		if y, ok := numeric(after(a, b)); ok {
			return int64(x - y), true
		}
	}
	return 0, false
}
