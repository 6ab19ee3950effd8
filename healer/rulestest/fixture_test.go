package rulestest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer/rulestest"
)

const variants = `-- About it.
-- set: min_size=0, min_rows=1
-- quiet
SELECT 'quiet';

-- setup
SELECT 'old';

-- setup (15)
SELECT 'fifteen';

-- want
"app.a\nb"
app.c refused: a guard

-- plan
OLD

-- plan (16)
SIXTEEN

-- case: later
-- requires: pg>=14, pg<=17
-- setup
SELECT 'later';

-- want
app.later
`

func TestFixturesHaveCasesAndVariants(t *testing.T) {
	f, err := rulestest.ParseFixture(variants)
	if err != nil {
		t.Fatal(err)
	}
	names := func(major int) (out []string) {
		cases, err := f.For(major)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			out = append(out, c.Name+"/"+c.Plan)
		}
		return out
	}
	for major, want := range map[int][]string{
		13: {"/OLD"}, 14: {"/OLD", "later/"}, 15: {"/OLD", "later/"}, 16: {"/SIXTEEN", "later/"}, 18: {"/SIXTEEN"},
	} {
		if diff := cmp.Diff(want, names(major)); diff != "" {
			t.Errorf("%d: %s", major, diff)
		}
	}
	cases, err := f.For(15)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"min_size=0", "min_rows=1"}, cases[0].Sets); diff != "" {
		t.Error(diff)
	}
	want := []rulestest.Wanted{{Object: "app.a\nb"}, {Object: "app.c", Refused: "a guard"}}
	if diff := cmp.Diff(want, cases[0].Want); diff != "" {
		t.Error(diff)
	}
}

// What -update writes is read back as it was planned, and the rest stays.
func TestGoldensAreWrittenIntoTheirVariant(t *testing.T) {
	f, err := rulestest.ParseFixture(variants)
	if err != nil {
		t.Fatal(err)
	}
	text := f.WithPlans(17, map[string]string{"": "NEW\nTWO", "later": "LATER"})
	want := strings.Replace(variants, "SIXTEEN\n", "NEW\nTWO\n", 1) + "\n-- plan\nLATER\n"
	if diff := cmp.Diff(want, text); diff != "" {
		t.Fatal(diff)
	}
	again, err := rulestest.ParseFixture(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, again.WithPlans(17, map[string]string{"": "NEW\nTWO", "later": "LATER"})); diff != "" {
		t.Error(diff)
	}
}

func TestBadFixturesAreRefused(t *testing.T) {
	for want, text := range map[string]string{
		"stands before":              "SELECT 1;\n",
		"the section want is miss":   "-- quiet\n-- setup\nSELECT 1;\n",
		"want names nothing":         "-- quiet\n-- setup\n-- want\n",
		"the section quiet is miss":  "-- setup\n-- want\napp.a\n",
		"there twice":                "-- quiet\n-- quiet\n-- setup\n-- want\napp.a\n",
		"unknown mark":               "-- quiet\n-- @nonsense\n-- setup\n-- want\napp.a\n",
		"is not pg>=N":               "-- requires: 15\n-- quiet\n-- setup\n-- want\napp.a\n",
		"invalid syntax":             "-- quiet\n-- setup\n-- want\n\"app.a\n",
		"later: the section setup":   "-- quiet\n-- setup\n-- want\napp.a\n-- case: later\n-- want\napp.a\n",
		"later: setup: unknown mark": "-- quiet\n-- setup\n-- want\napp.a\n-- case: later\n-- setup (16)\n-- @x\n-- setup\n-- want\napp.a\n",
	} {
		if _, err := rulestest.ParseFixture(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error = %v, want %q in it", text, err, want)
		}
	}
}
