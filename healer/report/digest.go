package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// tiles are the period in numbers.
func (s Summary) tiles() block {
	verified, failed := 0, 0
	for _, t := range s.tallies() {
		verified, failed = verified+t.Verified, failed+t.Failed
	}
	approval, others := s.waiting()
	count := func(name string, n int, tone, note string) tile {
		if n == 0 {
			tone = ""
		}
		return tile{name, fmt.Sprint(n), tone, note}
	}
	list := []tile{
		count("findings opened", len(s.opened()), "", ""), count("findings closed", len(s.closed()), "good", ""),
		count("open now", len(s.open()), "warn", ""), count("repairs verified", verified, "good", fmt.Sprintf("of %d attempted", len(s.Repairs))),
		count("repairs failed", failed, "bad", ""), count("wait for an approval", len(approval), "warn", ""),
		count("held back or refused", len(others)+len(s.refused()), "warn", ""),
	}
	if bytes, n := s.reclaimed(); n > 0 {
		list = append(list, tile{"space reclaimed", Size(bytes), "", fmt.Sprintf("measured by %d repairs", n)})
	}
	return tiles(list...)
}

// most is how many objects a picture shows.
const most = 16

// pictures are the period to look at.
func (s Summary) pictures(d *document) {
	if rows := s.strips(); len(rows) > 0 {
		note := ""
		if n := len(s.Findings) - len(rows); n > 0 {
			note = fmt.Sprintf("The %d newest of %d findings. ", len(rows), len(s.Findings))
		}
		d.add("Faults and repairs",
			onlyPages(note+"A line is how long a fault was there, a dot a repair."), strips(s.From, s.To, rows))
	}
	if len(s.days) > 1 {
		d.add("Trend", s.trend())
	}
	if list := headroom(s.open()); len(list) > 0 {
		d.add("Headroom", gauges(list))
	}
	if b, ok := sparks(s.histories()); ok {
		d.add("Measured by repairs, over time", b)
	}
}

// onlyPages is a sentence that explains a picture.
func onlyPages(text string) block { return picture{"sentence", Plain(text)} }

// strips are the newest findings, each with its repairs.
func (s Summary) strips() []strip {
	repairs := make(map[string][]mark)
	for _, a := range s.Repairs {
		repairs[a.Plan.Finding.ID] = append(repairs[a.Plan.Finding.ID],
			mark{fmt.Sprintf("%.2f", within(a.Started, s.From, s.To)), cmp.Or(tone(stateColour(a.State)), "plain")})
	}
	list := slices.Clone(s.Findings)
	slices.SortStableFunc(list, func(a, b healer.Finding) int { return b.FirstSeen.Compare(a.FirstSeen) })
	var out []strip
	for _, f := range list[:min(most, len(list))] {
		end, note, c := s.To, "open since "+brief(f.FirstSeen), cmp.Or(tone(severityColour(f.Severity)), "plain")
		switch f.Status {
		case healer.Resolved:
			end, note = f.LastSeen, fmt.Sprintf("%s, gone after %s", brief(f.FirstSeen), Elapsed(f.LastSeen.Sub(f.FirstSeen)))
		case healer.Muted:
			note, c = "muted", "plain"
		}
		from := within(f.FirstSeen, s.From, s.To)
		title := Plain(f.Rule + " " + where(f))
		out = append(out, strip{
			Name: title, Note: note, Label: title + ": " + note, Marks: repairs[f.ID],
			Spans: []span{{fmt.Sprintf("%.2f", from), fmt.Sprintf("%.2f", max(0.4, within(end, s.From, s.To)-from)), c}},
		})
	}
	return out
}

// trend draws what was opened and what was repaired on each day.
func (s Summary) trend() block {
	type bar struct{ Tone, X, Width, Y, Height string }
	highest := 1
	for _, d := range s.days {
		highest = max(highest, d.opened, d.verified)
	}
	var list []bar
	slot := 100 / float64(len(s.days))
	opened, verified := 0, 0
	for i, d := range s.days {
		opened, verified = opened+d.opened, verified+d.verified
		for j, v := range []struct {
			tone string
			n    int
		}{{"warn", d.opened}, {"good", d.verified}} {
			h := float64(v.n) / float64(highest) * 96
			list = append(list, bar{v.tone, fmt.Sprintf("%.2f", (float64(i)+0.15+0.36*float64(j))*slot),
				fmt.Sprintf("%.2f", slot*0.32), fmt.Sprintf("%.2f", 99-h), fmt.Sprintf("%.2f", h)})
		}
	}
	first, last := s.days[0].start.Format(time.DateOnly), s.days[len(s.days)-1].start.Format(time.DateOnly)
	return picture{"days", struct {
		Label, From, To, Legend string
		Bars                    []bar
	}{
		fmt.Sprintf("%d findings opened and %d repairs verified from %s to %s", opened, verified, first, last), first, last,
		fmt.Sprintf("opened (amber) and repaired (green) on each day; at most %d", highest), list,
	}}
}

// histories are the measures of objects that were repaired in the period and
// before.
func (s Summary) histories() []series {
	by := make(map[string][]healer.Attempt)
	var order []string
	for _, a := range s.Repairs {
		if _, ok := by[a.Plan.Finding.ID]; !ok {
			by[a.Plan.Finding.ID] = nil
			order = append(order, a.Plan.Finding.ID)
		}
	}
	for _, a := range slices.Concat(s.before, s.Repairs) {
		if _, ok := by[a.Plan.Finding.ID]; ok {
			by[a.Plan.Finding.ID] = append(by[a.Plan.Finding.ID], a)
		}
	}
	var out []series
	for _, id := range order {
		if len(by[id]) < 2 || len(out) >= most {
			continue
		}
		for _, h := range histories(by[id]) {
			h.name = where(by[id][0].Plan.Finding) + ": " + h.name
			out = append(out, h)
		}
	}
	return out
}

// entry is one repair that opens to show more.
type entry struct {
	Tone, State, Title, When string
	Blocks                   []shown
}

type entries []healer.Attempt

func (entries) text(Options) string { return "" }
func (entries) markdown() string    { return "" }

func (list entries) html(o Options) (string, any) {
	out := make([]entry, 0, len(list))
	for _, a := range list {
		e := entry{
			Tone: tone(stateColour(a.State)), State: string(a.State), Title: Plain(a.Plan.Finding.Rule + " · " + where(a.Plan.Finding)),
			When: brief(a.Started),
		}
		if t := took(a); t != "" {
			e.When += ", took " + t
		}
		e.Blocks = showAll(short(a), o)
		out = append(out, e)
	}
	return "entries", out
}

// short is a repair within a digest.
func short(a healer.Attempt) []block {
	out := []block{sentence(sentenceCase(verdictLine(a)) + ". " + a.ID + ", by " + a.Actor + ".")}
	var sql strings.Builder
	for _, s := range a.Steps {
		sql.WriteString(statement(s.SQL))
	}
	if sql.Len() > 0 {
		out = append(out, code(sql.String()))
	}
	if b, ok := bars(a); ok {
		out = append(out, b)
	}
	if lines := differences(a); len(lines) > 0 {
		out = append(out, bullets(lines))
	}
	if a.Plan.UndoNone != "" {
		out = append(out, sentence("No undo: "+a.Plan.UndoNone+"."))
	} else if a.UndoneBy == "" && a.State == healer.Verified {
		out = append(out, sentence("pgmend undo "+a.ID+" takes it back."))
	}
	return out
}

// entries adds the repairs, each to be opened.
func (s Summary) entries(d *document) {
	if len(s.Repairs) > 0 {
		d.add("Repairs", entries(s.Repairs))
	}
}

// causes draws which finding waits for which: a cause comes before its
// symptoms.
func causes(fs []healer.Finding) tree {
	below := make(map[string][]healer.Finding)
	for _, f := range fs {
		if f.BlockedBy != "" && f.Status == healer.Open {
			below[f.BlockedBy] = append(below[f.BlockedBy], f)
		}
	}
	var grow func(cause string, seen []string) []branch
	grow = func(cause string, seen []string) []branch {
		var out []branch
		for _, f := range below[cause] {
			if slices.Contains(seen, f.ID) {
				continue // a ring of causes is drawn once
			}
			n := branch{Text: f.Rule + " " + where(f), Note: f.Title}
			for _, key := range []string{f.Rule, f.Rule + " " + where(f)} {
				n.Below = append(n.Below, grow(key, append(seen, f.ID))...)
			}
			out = append(out, n)
		}
		return out
	}
	var out tree
	keys := make([]string, 0, len(below))
	for cause := range below {
		keys = append(keys, cause)
	}
	slices.Sort(keys)
	for _, cause := range keys {
		// What waits itself hangs from its own cause.
		if waits(cause, fs) {
			continue
		}
		out = append(out, branch{Text: cause, Note: "comes first", Tone: "warn", Below: grow(cause, nil)})
	}
	return out
}

func waits(cause string, fs []healer.Finding) bool {
	return slices.ContainsFunc(fs, func(f healer.Finding) bool {
		return f.BlockedBy != "" && f.Status == healer.Open && (f.Rule == cause || f.Rule+" "+where(f) == cause)
	})
}
