package guidance

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Source says who wrote an advice; reports print it.
type Source string

// BuiltIn is text from a rule file.
const BuiltIn Source = "built-in text"

// Advice is guidance on one finding.
type Advice struct {
	Rule    string   `json:"rule"`
	Title   string   `json:"title"`
	Text    string   `json:"text"` // Markdown, written by the rule's author
	Facts   []Fact   `json:"facts"`
	Related []string `json:"related,omitempty"` // other rules that found something on the same table
	Source  Source   `json:"source"`
}

// Fact is one thing the catalog said of the object. Its text is data from the
// database: whoever shows it escapes it.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// maxFact bounds a fact's text in bytes; definitions can be long.
const maxFact = 2048

// Advise explains a finding by its rule. The other findings serve to name the
// rules that found something on the same table.
func Advise(f healer.Finding, all []*rules.Rule, others []healer.Finding) (Advice, error) {
	i := slices.IndexFunc(all, func(r *rules.Rule) bool { return r.ID == f.Rule })
	if i < 0 {
		return Advice{}, errors.New("no rule " + f.Rule + " is loaded; pgmend rules ls shows those that are")
	}
	a := Advice{Rule: f.Rule, Title: all[i].Title, Text: strings.TrimSpace(all[i].Guidance), Source: BuiltIn}
	for _, name := range slices.Sorted(maps.Keys(f.Facts)) {
		if v := f.Facts[name]; !v.Null && name != "oid" && name != "table_oid" {
			a.Facts = append(a.Facts, Fact{Name: name, Value: clip(v.Text)})
		}
	}
	for _, o := range others {
		if o.ID != f.ID && o.Object.TableOID == f.Object.TableOID && o.Database == f.Database &&
			o.Rule != f.Rule && !slices.Contains(a.Related, o.Rule) {
			a.Related = append(a.Related, o.Rule)
		}
	}
	slices.Sort(a.Related)
	return a, nil
}

// clip cuts a text at a character's boundary and says so.
func clip(s string) string {
	if len(s) <= maxFact {
		return s
	}
	cut := maxFact
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "… (cut)"
}
