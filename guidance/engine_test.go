package guidance

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// engine is one over the built-in packs and rules.
func engine(t testing.TB, ai *Client) *Engine {
	t.Helper()
	set, mistakes := rules.Builtin()
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	e, err := New(Config{Rules: set.For(rules.MaxMajor), AI: ai})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func ask(t testing.TB, e *Engine, q Question) Advice {
	t.Helper()
	a, err := e.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWhatIsAskedAbout(t *testing.T) {
	e := engine(t, nil)
	for text, want := range map[string]string{
		"40P01":                                "postgres/locks",
		"08004":                                "postgres/connections",
		"SQLSTATE: XX001":                      "postgres/corruption",
		"DEADLOCK detected while processing":   "postgres/locks",
		"Warum ist meine Abfrage so langsam?":  "postgres/queries",
		"la réplication a du retard":           "postgres/replication",
		"secuencia atrasada":                   "postgres/sequences",
		"how do I breathe":                     "wellbeing/meditation",
		"ERROR:  53300: sorry":                 "postgres/connections",
		`{"state_code":"23505","message":"x"}`: "postgres/schema",
		"why":                                  "postgres/general",
		"quux":                                 "postgres/general",
		"HOUSE":                                "postgres/general", // five letters are no SQLSTATE
	} {
		if a := ask(t, e, Question{Text: text}); a.Theme != want {
			t.Errorf("%q is about %s, want %s (%v)", text, a.Theme, want, a.Themes)
		}
	}
	if a := ask(t, e, Question{SQLState: "40p01", Text: "vacuum"}); a.Theme != "postgres/locks" {
		t.Errorf("the SQLSTATE counts before the text, got %s", a.Theme)
	}
}

// Several themes and ties are told, in the order of the packs.
func TestSeveralThemes(t *testing.T) {
	a := ask(t, engine(t, nil), Question{Text: "autovacuum waits behind a deadlock"})
	var got []string
	for _, m := range a.Themes {
		got = append(got, m.Theme)
	}
	if diff := cmp.Diff([]string{"postgres/locks", "postgres/vacuum"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.Themes[0].Score < strong+weak || a.Themes[1].Score < strong {
		t.Errorf("scores %v", a.Themes)
	}
}

func TestAFindingIsExplainedByItsRule(t *testing.T) {
	f := healer.Finding{
		ID: "F1", Rule: "index/invalid", Title: "Invalid index", Database: "shop",
		Facts: rules.Values{
			"oid": rules.Text("9"), "size": rules.Text("8192"), "blind": rules.Null(),
			"definition": rules.Text(strings.Repeat("é", maxFact)),
		},
	}
	a := ask(t, engine(t, nil), Question{Finding: &f})
	if a.Theme != "postgres/indexes" || a.Title != "Invalid index" || a.Rules[0] != "index/invalid" ||
		!strings.Contains(a.Summary, "CREATE INDEX CONCURRENTLY") || !strings.Contains(a.Steps[0], "--rule index/invalid") {
		t.Errorf("%+v", a)
	}
	if long := a.Evidence[0].Value; !utf8.ValidString(long) || len(long) > maxFact+16 {
		t.Errorf("a long fact has to be cut between characters, got %d bytes", len(long))
	}
	a.Evidence[0].Value = "cut"
	if diff := cmp.Diff([]Fact{{"definition", "cut"}, {"size", "8192"}}, a.Evidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

// Every rule of the catalogue has a theme that lists it, so that no finding is
// explained by guessing from its title.
func TestEveryRuleHasATheme(t *testing.T) {
	e := engine(t, nil)
	for id := range e.rules {
		found := false
		for _, th := range e.detector.themes {
			for _, r := range th.Rules {
				found = found || r == id
			}
		}
		if !found {
			t.Errorf("no theme of the packs lists the rule %s", id)
		}
	}
}

func TestNothingAsked(t *testing.T) {
	for _, text := range []string{"", " \n\t", "\x00"} {
		if _, err := engine(t, nil).Ask(t.Context(), Question{Text: text}); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q: %v", text, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := engine(t, nil).Ask(ctx, Question{Text: "locks"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
}

// Whatever is asked, the answer is whole and short work.
func FuzzAsk(f *testing.F) {
	f.Add("why is it slow", "40001")
	f.Add("\xff\xfe\x00", "")
	f.Add(strings.Repeat("vacuum ", 10000), "zz")
	e := engine(f, nil)
	f.Fuzz(func(t *testing.T, text, state string) {
		a, err := e.Explain(Question{Text: text, SQLState: state})
		if errors.Is(err, ErrEmpty) {
			return
		}
		if err != nil || a.Theme == "" || a.Summary == "" || len(a.Steps) == 0 || a.Source != Builtin || len(a.Evidence) > 0 && !utf8.ValidString(a.Evidence[0].Value) {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func BenchmarkExplain(b *testing.B) {
	e := engine(b, nil)
	q := Question{Text: "since yesterday our replica lags and the primary's disk fills with WAL, although archiving works"}
	for b.Loop() {
		if _, err := e.Explain(q); err != nil {
			b.Fatal(err)
		}
	}
}
