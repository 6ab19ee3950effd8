package logic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ranges writes name=from..to lists as the server prints them.
func ranges(list ...string) string {
	type one struct {
		Name  string `json:"name"`
		Bound string `json:"bound"`
	}
	var out []one
	for _, s := range list {
		name, bound, _ := strings.Cut(s, "=")
		if from, to, ok := strings.Cut(bound, ".."); ok {
			bound = fmt.Sprintf("FOR VALUES FROM (%s) TO (%s)", from, to)
		}
		out = append(out, one{name, bound})
	}
	text, _ := json.Marshal(out)
	return string(text)
}

func TestNextPartitions(t *testing.T) {
	months := []string{"m_2026_09='2026-09-01'..'2026-10-01'", "m_2026_10='2026-10-01'..'2026-11-01'", "m_2026_11='2026-11-01'..'2026-12-01'"}
	for name, c := range map[string]struct {
		facts Facts
		want  []string // name from to
		quiet bool
		block string
	}{
		"months": {
			facts: Facts{"key_type": "date", "position": "2026-11-24", "horizon": "2", "ranges": ranges(months...)},
			want:  []string{"m_2026_12 2026-12-01 2027-01-01", "m_2027_01 2027-01-01 2027-02-01"},
		},
		"in any order, beside a default and an open begin": {
			facts: Facts{"key_type": "date", "position": "2026-11-24", "horizon": "1", "ranges": ranges(months[2], "d=DEFAULT", months[0], "old=MINVALUE..'2026-09-01'", months[1])},
			want:  []string{"m_2026_12 2026-12-01 2027-01-01"},
		},
		"an open end covers all": {
			facts: Facts{"key_type": "date", "position": "2026-11-24", "horizon": "5", "ranges": ranges(append(months, "rest='2026-12-01'..MAXVALUE")...)},
			quiet: true,
		},
		"covered": {
			facts: Facts{"key_type": "date", "position": "2026-09-24", "horizon": "2", "ranges": ranges(months...)},
			quiet: true,
		},
		"days of a timestamptz": {
			facts: Facts{"key_type": "timestamptz", "position": "2026-11-24 13:00:00+00", "horizon": "1", "ranges": ranges(
				"e20261122='2026-11-22 00:00:00+00'..'2026-11-23 00:00:00+00'", "e20261123='2026-11-23 00:00:00+00'..'2026-11-24 00:00:00+00'",
				"e20261124='2026-11-24 00:00:00+00'..'2026-11-25 00:00:00+00'")},
			want: []string{"e20261125 2026-11-25 00:00:00+00 2026-11-26 00:00:00+00"},
		},
		"quarters by year, whose names tell nothing": {
			facts: Facts{"key_type": "timestamp", "position": "2026-11-24 00:00:00", "horizon": "1", "name": "sales", "ranges": ranges(
				"spring='2026-04-01 00:00:00'..'2026-07-01 00:00:00'", "summer='2026-07-01 00:00:00'..'2026-10-01 00:00:00'",
				"autumn='2026-10-01 00:00:00'..'2027-01-01 00:00:00'")},
			want: []string{"sales_p20270101 2027-01-01 00:00:00 2027-04-01 00:00:00"},
		},
		"a month without a partition up to now is made too": {
			facts: Facts{"key_type": "date", "position": "2027-01-02", "horizon": "1", "ranges": ranges(months...)},
			want:  []string{"m_2026_12 2026-12-01 2027-01-01", "m_2027_01 2027-01-01 2027-02-01", "m_2027_02 2027-02-01 2027-03-01"},
		},
		"nobody fills it any more": {
			facts: Facts{"key_type": "date", "position": "2029-01-02", "horizon": "1", "ranges": ranges(months...)},
			quiet: true,
		},
		"integers": {
			facts: Facts{"key_type": "int8", "position": "2500", "horizon": "1", "ranges": ranges("p_0='0'..'1000'", "p_1000='1000'..'2000'", "p_2000='2000'..'3000'")},
			want:  []string{"p_3000 3000 4000"},
		},
		"integers whose names count": {
			facts: Facts{"key_type": "int4", "position": "2500", "horizon": "1", "ranges": ranges("p007=0..1000", "p008=1000..2000", "p009=2000..3000")},
			want:  []string{"p010 3000 4000"},
		},
		"an empty table": {
			facts: Facts{"key_type": "int4", "position": "", "horizon": "1", "ranges": ranges("p1=0..1000", "p2=1000..2000", "p3=2000..3000")},
			quiet: true,
		},
		"a gap": {
			facts: Facts{"key_type": "int4", "position": "2500", "horizon": "1", "ranges": ranges("p1=0..1000", "p2=1500..2000", "p3=2000..3000")},
			block: "widths",
		},
		"two ranges prove nothing": {
			facts: Facts{"key_type": "int4", "position": "1500", "horizon": "1", "ranges": ranges("p1=0..1000", "p2=1000..2000")},
			block: "widths",
		},
		"a name that would be cut": {
			facts: Facts{"key_type": "int4", "position": "2500", "horizon": "1", "name": strings.Repeat("x", 60), "ranges": ranges("a=0..1000", "b=1000..2000", "c=2000..3000")},
			block: "longer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := nextPartitions(c.facts)
			if err != nil {
				t.Fatal(err)
			}
			if (out == nil) != c.quiet || !strings.Contains(out["obstacle"], c.block) || (out["obstacle"] == "") != (c.block == "") {
				t.Fatalf("got %v", out)
			}
			if diff := cmp.Diff(c.want, names(t, out["missing"])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func names(t *testing.T, text string) (out []string) {
	t.Helper()
	if text == "" {
		return nil
	}
	var list []missing
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		out = append(out, m.Name+" "+m.From+" "+m.To)
	}
	return out
}

// Whatever is missing begins where the last range ends, has no gap, and reaches
// behind the position.
func TestNextPartitionsAreSeamless(t *testing.T) {
	for days := range 400 {
		day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days)
		var list []string
		for m := range 4 {
			from := time.Date(day.Year(), day.Month()-3+time.Month(m), 1, 0, 0, 0, 0, time.UTC)
			list = append(list, fmt.Sprintf("m%s='%s'..'%s'", from.Format("200601"), from.Format(time.DateOnly), from.AddDate(0, 1, 0).Format(time.DateOnly)))
		}
		out, err := nextPartitions(Facts{"key_type": "date", "position": day.Format(time.DateOnly), "horizon": "3", "ranges": ranges(list...)})
		if err != nil || out == nil {
			t.Fatalf("%s: %v, %v", day, out, err)
		}
		end := out["covered_until"]
		for _, m := range names(t, out["missing"]) {
			parts := strings.Fields(m)
			if parts[1] != end || parts[0] != "m"+strings.ReplaceAll(parts[1], "-", "")[:6] {
				t.Fatalf("%s: %s does not follow %s", day, m, end)
			}
			end = parts[2]
		}
		if end < day.AddDate(0, 2, 0).Format(time.DateOnly) {
			t.Fatalf("%s: covered until %s only", day, end)
		}
	}
}

func TestDefaultRanges(t *testing.T) {
	tens := ranges("t_0='0'..'10'", "t_10='10'..'20'", "t_20='20'..'30'")
	for name, c := range map[string]struct {
		position string
		want     string // names, or the obstacle; "": no fault
	}{
		"before the last range's end": {"29", ""},
		"empty":                       {"", ""},
		"at its end":                  {"30", "t_30"},
		"up to the greatest":          {"59", "t_30 t_40 t_50"},
		"at the begin of a range":     {"60", "t_30 t_40 t_50 t_60"},
		"far away":                    {"99999", "more than 120 partitions are missing up to the greatest key"},
	} {
		out, err := defaultRanges(Facts{"key_type": "int4", "position": c.position, "ranges": tens, "name": "t"})
		if err != nil {
			t.Fatal(err)
		}
		var list []missing
		if out != nil && json.Unmarshal([]byte(out["missing"]), &list) != nil {
			t.Errorf("%s: %s", name, out["missing"])
		}
		got := out["obstacle"]
		for _, m := range list {
			got = strings.TrimSpace(got + " " + m.Name)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	out, err := defaultRanges(Facts{"key_type": "int4", "position": "99", "ranges": ranges("a='0'..'10'", "b='10'..'30'", "c='30'..'40'"), "name": "t"})
	if err != nil || out["obstacle"] == "" {
		t.Errorf("uneven ranges are filled: %v, %v", out, err)
	}
}
