package report

import (
	"strconv"

	"github.com/pgmend/pgmend/healer"
)

// headroom is how much is used up of what findings measured: of a sequence and
// the column it fills, of a narrow key, and of transaction ids. What a finding
// did not measure is not drawn.
func headroom(fs []healer.Finding) []gauge {
	var out []gauge
	for _, f := range fs {
		list := left(f)
		if len(out)+len(list) > most {
			break
		}
		out = append(out, list...)
	}
	return out
}

func left(f healer.Finding) []gauge {
	fact := func(name string) (float64, bool) {
		n, err := strconv.ParseFloat(f.Facts[name].Text, 64)
		return n, err == nil && n >= 0
	}
	last, hasLast := fact("last_value")
	top, hasTop := fact("usable")
	if !hasTop {
		top, hasTop = fact("max_value")
		if column, ok := fact("column_max"); ok {
			top = min(top, column)
		}
	}
	var out []gauge
	if percent, ok := fact("used_percent"); ok && hasLast && hasTop {
		out = append(out, used(where(f), percent/100, "at "+many(int64(last))+" of "+many(int64(top))))
	} else if hasLast && hasTop && top > 0 {
		out = append(out, used(where(f), last/top, "at "+many(int64(last))+" of "+many(int64(top))))
	}
	if percent, ok := fact("least_percent_used"); ok {
		out = append(out, used(where(f)+", column "+quoted(f.Facts["column"].Text), percent/100, "at least, by the number of rows"))
	}
	for _, age := range []struct{ fact, what string }{{"xid_age", "transaction ids"}, {"mxid_age", "multixact ids"}} {
		if n, ok := fact(age.fact); ok {
			out = append(out, used(where(f)+": "+age.what, n/wraparound, "age "+many(int64(n))+" of "+many(wraparound)))
		}
	}
	return out
}

// seen are the pictures of one finding: its headroom, and who holds up whom.
func seen(f healer.Finding) []block {
	var out []block
	if list := left(f); len(list) > 0 {
		out = append(out, gauges(list))
	}
	if waiters := f.Facts["waiters"].Text; waiters != "" {
		root := branch{
			Text: session(f.Facts["pid"].Text, f.Facts["role"].Text, f.Facts["application"].Text), Note: f.Facts["state"].Text, Tone: "bad",
			Below: []branch{{Text: waiters + " sessions wait for it", Note: join("the first since", f.Facts["first_waits_since"].Text)}},
		}
		out = append(out, picture{"tree", tree{root}.plain()})
	}
	if f.BlockedBy != "" {
		cause := branch{Text: f.BlockedBy, Note: "comes first", Tone: "warn", Below: []branch{{Text: f.Rule + " " + where(f), Note: f.Title}}}
		if by := f.Facts["held_by"].Text; by != "" {
			cause.Note = by + ", comes first"
		}
		out = append(out, picture{"tree", tree{cause}.plain()})
	}
	return out
}
