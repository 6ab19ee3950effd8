package guidance

import (
	"strings"
	"testing"
	"testing/fstest"
)

const small = `
pack: site
title: Ours
general: other
themes:
  - {name: other, title: Other, summary: s, steps: [a]}
  - {name: billing, title: Billing, summary: s, steps: [a], keywords: {en: {strong: [invoice*, "credit note"]}}, links: [{title: t, url: "https://www.postgresql.org/docs/current/"}]}
`

func TestAPackIsJustAFile(t *testing.T) {
	p, err := ParsePack("site.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	own, err := BuiltinPacks()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Packs: append(own, p)})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"the invoices", "a CREDIT  note"} {
		if a := ask(t, e, Question{Text: text}); a.Theme != "site/billing" {
			t.Errorf("%q: %s", text, a.Theme)
		}
	}
	if _, err := New(Config{Packs: append(own, own[0])}); err == nil {
		t.Error("the same pack twice is let through")
	}
}

func TestABadPackIsRefusedAndTheOthersGoOn(t *testing.T) {
	files := fstest.MapFS{"good.yaml": {Data: []byte(small)}}
	for name, change := range map[string][2]string{
		"unknown.yaml": {"title: Ours", "titel: Ours"},
		"general.yaml": {"general: other", "general: none"},
		"name.yaml":    {"name: billing", "name: Bill Ing"},
		"twice.yaml":   {"name: billing", "name: other"},
		"link.yaml":    {"www.postgresql.org", "www.postgresql.org.example.com"},
		"scheme.yaml":  {"https:", "javascript:"},
		"word.yaml":    {"invoice*", `"!*"`},
		"steps.yaml":   {"steps: [a], keywords", "keywords"},
		"syntax.yaml":  {"themes:", "themes: ["},
	} {
		files[name] = &fstest.MapFile{Data: []byte(strings.Replace(small, change[0], change[1], 1))}
	}
	packs, err := LoadPacks(files, "*.yaml")
	if len(packs) != 1 || packs[0].Name != "site" {
		t.Errorf("%d packs are left, want the good one", len(packs))
	}
	if err == nil {
		t.Fatal("nothing is said of the bad ones")
	}
	for name := range files {
		if name != "good.yaml" && !strings.Contains(err.Error(), name+":") {
			t.Errorf("nothing is said of %s in\n%v", name, err)
		}
	}
}

// TestKeywordsInFiveLanguages: people ask in their own language, and a theme
// that lacks one would lose to those that have it.
func TestKeywordsInFiveLanguages(t *testing.T) {
	own, err := BuiltinPacks()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range own {
		for _, th := range p.Themes {
			for _, language := range []string{"en", "de", "fr", "es", "it"} {
				if th.Name != p.General && len(th.Keywords[language].Strong) == 0 {
					t.Errorf("%s/%s names itself by no word of %q", p.Name, th.Name, language)
				}
			}
		}
	}
}
