package guidance

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tokens are the words of a text: letters, digits and what holds an
// identifier together, without case and accents.
func tokens(text string) []string {
	folded := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1 // an accent, taken off its letter
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
	return strings.FieldsFunc(folded, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// phrase is a keyword made ready: its words, and what it weighs.
type phrase struct {
	theme  int // index into the detector's themes
	weight int
	text   string   // as the pack has it
	words  []string // without the stars
	open   []bool   // words that may end in any way
}

// detector finds themes by their words and examples. It is made once and only read.
type detector struct {
	themes []placed
	first  map[string][]phrase // phrases by their first word, where that is whole
	open   []phrase            // those that begin with an open word
	like   *likeness
}

// placed is a theme and the pack it stands in.
type placed struct {
	*Theme
	pack *Pack
}

func (t placed) id() string { return t.pack.Name + "/" + t.Name }

func newDetector(packs []*Pack) *detector {
	d := &detector{first: make(map[string][]phrase)}
	for _, p := range packs {
		for i := range p.Themes {
			t := &p.Themes[i]
			d.themes = append(d.themes, placed{t, p})
			seen := map[string]bool{}
			for _, language := range sortedKeys(t.Keywords) {
				w := t.Keywords[language]
				d.add(seen, w.Strong, strong)
				d.add(seen, w.Usual, usual)
				d.add(seen, w.Weak, weak)
			}
		}
	}
	d.like = newLikeness(d.themes)
	return d
}

// add makes the keywords of the last theme ready. What two languages share
// counts once.
func (d *detector) add(seen map[string]bool, list []string, weight int) {
	for _, text := range list {
		p := phrase{theme: len(d.themes) - 1, weight: weight, text: text}
		for _, field := range strings.Fields(text) {
			bare := strings.TrimSuffix(field, "*")
			for _, w := range tokens(bare) {
				p.words, p.open = append(p.words, w), append(p.open, false)
			}
			if n := len(p.open); n > 0 && bare != field {
				p.open[n-1] = true
			}
		}
		// A phrase says more than its words do apart.
		p.weight += (len(p.words) - 1) * (weight + 1) / 2
		key := strings.Join(p.words, " ")
		if seen[key] || len(p.words) == 0 {
			continue
		}
		seen[key] = true
		if p.open[0] {
			d.open = append(d.open, p)
		} else {
			d.first[p.words[0]] = append(d.first[p.words[0]], p)
		}
	}
}

// detect returns the themes whose words stand in the text, or whose examples
// are like it, the best first. Of equal ones the one that stands first in the packs comes first.
func (d *detector) detect(text string) []Match {
	words := tokens(text)
	scores := make([]Match, len(d.themes))
	for i := range words {
		for _, list := range [][]phrase{d.first[words[i]], d.open} {
			for _, p := range list {
				m := &scores[p.theme]
				if p.stands(words[i:]) && !slices.Contains(m.Words, p.text) {
					m.Words = append(m.Words, p.text)
					m.Score += p.weight
				}
			}
		}
	}
	var out []Match
	for i, points := range d.like.points(words) {
		m := scores[i]
		if m.Score += points; m.Score > 0 {
			m.Theme = d.themes[i].id()
			m.Words = filled(m.Words)
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

// stands reports whether the phrase begins the words.
func (p phrase) stands(words []string) bool {
	if len(words) < len(p.words) {
		return false
	}
	for i, w := range p.words {
		if words[i] != w && (!p.open[i] || !strings.HasPrefix(words[i], w)) {
			return false
		}
	}
	return true
}

// least is what the words of a theme have to say together: one weak word
// alone, such as "why", is about nothing.
const least = usual

// likely keeps the themes that come near the best one.
func likely(all []Match) []Match {
	out := []Match{}
	for _, m := range all {
		if m.Score >= least && 2*m.Score >= all[0].Score {
			out = append(out, m)
		}
	}
	return out
}
