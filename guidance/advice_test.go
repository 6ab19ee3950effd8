package guidance

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

func TestAdvise(t *testing.T) {
	all := []*rules.Rule{
		{ID: "index/invalid", Title: "Invalid index", Guidance: "\nA build was interrupted.\n"},
		{ID: "statistics/stale", Title: "Stale statistics"},
	}
	f := healer.Finding{
		ID: "F1", Rule: "index/invalid", Database: "shop", Object: healer.Object{TableOID: 7},
		Facts: rules.Values{
			"oid": rules.Text("9"), "size": rules.Text("8192"), "blind": rules.Null(),
			"definition": rules.Text(strings.Repeat("é", maxFact)),
		},
	}
	got, err := Advise(f, all, []healer.Finding{
		f,
		{ID: "F2", Rule: "statistics/stale", Database: "shop", Object: healer.Object{TableOID: 7}},
		{ID: "F3", Rule: "vacuum/dead-tuples", Database: "other", Object: healer.Object{TableOID: 7}},
	})
	if err != nil {
		t.Fatal(err)
	}
	long := got.Facts[0].Value
	if !utf8.ValidString(long) || len(long) > maxFact+16 {
		t.Errorf("a long fact has to be cut between characters, got %d bytes", len(long))
	}
	got.Facts[0].Value = "cut"
	want := Advice{
		Rule: "index/invalid", Title: "Invalid index", Text: "A build was interrupted.", Source: BuiltIn,
		Facts:   []Fact{{"definition", "cut"}, {"size", "8192"}},
		Related: []string{"statistics/stale"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Advise (-want +got):\n%s", diff)
	}
}

func TestAdviseOfAnUnknownRule(t *testing.T) {
	if _, err := Advise(healer.Finding{Rule: "index/none"}, nil, nil); err == nil {
		t.Error("a rule that is not loaded has no advice")
	}
}
