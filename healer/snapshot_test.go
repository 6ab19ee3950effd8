package healer

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func snapshots() *rapid.Generator[Snapshot] {
	word := rapid.StringMatching(`[ab]{0,2}`)
	property := rapid.Custom(func(t *rapid.T) Property {
		return Property{Name: rapid.StringMatching(`[ab]{1,2}`).Draw(t, "name"), Value: word.Draw(t, "value")}
	})
	return rapid.Custom(func(t *rapid.T) Snapshot {
		return Snapshot{
			OID: rapid.Uint32().Draw(t, "oid"), Kind: word.Draw(t, "kind"), Owner: word.Draw(t, "owner"),
			Properties: rapid.SliceOfNDistinct(property, 0, 3, func(p Property) string { return p.Name }).Draw(t, "properties"),
		}
	})
}

func TestHashAndDiffAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := snapshots().Draw(t, "a"), snapshots().Draw(t, "b")
		if rapid.Bool().Draw(t, "alike") {
			b = a
			b.OID++
			b.Properties = slices.Clone(a.Properties)
			slices.Reverse(b.Properties)
		}
		if same := len(a.Diff(b)) == 0; same != (a.Hash() == b.Hash()) {
			t.Errorf("same = %t, but the hashes are %s and %s", same, a.Hash(), b.Hash())
		}
	})
}

func TestDiffNamesWhatChanged(t *testing.T) {
	a := Snapshot{Kind: "table", Owner: "anna", Properties: []Property{{"acl", "x"}, {"comment", "old"}}}
	b := Snapshot{Kind: "table", Owner: "bert", Properties: []Property{{"acl", "x"}, {"options", "fillfactor=50"}}}
	want := []string{
		`owner was "anna" and is "bert"`, `comment was "old" and is nothing`, `options was nothing and is "fillfactor=50"`,
	}
	if diff := cmp.Diff(want, a.Diff(b)); diff != "" {
		t.Error(diff)
	}
	// The other way round, too: what is only in the other one is not lost.
	if got := b.Diff(a); len(got) != 3 {
		t.Errorf("Diff = %v", got)
	}
}
