package guidance

import (
	"math"
	"strings"
	"unicode"
)

// likeness tells how much a text is like the examples of each theme. Keywords
// know what a theme is called; examples know how people talk about it. It is
// Rocchio's classification: a text is its features, each weighted by how rare it
// is among the examples, a theme is the mean of its examples, and likeness is
// the cosine between the two, less the mean of that over all themes.
type likeness struct {
	themes   int
	features map[string]feature
}

// feature is what one feature says.
type feature struct {
	rare  float32 // inverse document frequency
	mean  float32 // its weight in a theme, on the average
	about []share
}

// share is the weight of a feature in a theme that has it.
type share struct {
	theme  int32
	weight float32
}

// likePoints is what a theme would score that a text equals. Of the values
// tried, questions that were not learnt from were told best by this one.
const likePoints = 45

func newLikeness(themes []placed) *likeness {
	l := &likeness{themes: len(themes), features: make(map[string]feature)}
	examples := make([][][]string, len(themes)) // by theme and example, its features
	all, taught := 0, float32(0)
	for i, t := range themes {
		for one := range strings.Lines(t.Examples) {
			list := features(tokens(one))
			if len(list) == 0 {
				continue
			}
			all++
			examples[i] = append(examples[i], list)
			for _, name := range list {
				f := l.features[name]
				f.rare++
				l.features[name] = f
			}
		}
		if examples[i] != nil {
			taught++
		}
	}
	for name, f := range l.features {
		f.rare = float32(math.Log(float64(all)/float64(f.rare)) + 1)
		l.features[name] = f
	}
	for i, list := range examples {
		for name, weight := range l.centroid(list) {
			f := l.features[name]
			f.about = append(f.about, share{int32(i), weight}) //nolint:gosec // there are few themes
			f.mean += weight / taught
			l.features[name] = f
		}
	}
	return l
}

// centroid is the mean of examples, of length 1.
func (l *likeness) centroid(examples [][]string) map[string]float32 {
	sum := make(map[string]float32)
	var order []string // so that the same examples give the same numbers
	for _, list := range examples {
		n := l.length(list)
		for _, name := range list {
			if _, ok := sum[name]; !ok {
				order = append(order, name)
			}
			sum[name] += l.features[name].rare / n
		}
	}
	square := 0.0
	for _, name := range order {
		square += float64(sum[name]) * float64(sum[name])
	}
	for name := range sum {
		sum[name] /= float32(math.Sqrt(square))
	}
	return sum
}

// length is that of the vector a text is.
func (l *likeness) length(names []string) float32 {
	sum := float32(0)
	for _, name := range names {
		sum += l.features[name].rare * l.features[name].rare
	}
	return float32(math.Sqrt(float64(sum)))
}

// points are what each theme scores for words, in the order of the themes. One
// word alone is not like anything that people say.
func (l *likeness) points(words []string) []int {
	names := features(words)
	n, mean, likes := l.length(names), float32(0), make([]float32, l.themes)
	out := make([]int, l.themes)
	if n == 0 || len(words) < 2 {
		return out
	}
	for _, name := range names {
		f := l.features[name]
		mean += f.rare / n * f.mean
		for _, s := range f.about {
			likes[s.theme] += f.rare / n * s.weight
		}
	}
	for i, like := range likes {
		// A theme without examples is not unlike anything.
		out[i] = max(0, int(math.Round(likePoints*float64(like-mean))))
	}
	return out
}

// features are what a text is compared by, each once: its words without their
// endings, two that follow each other, the parts of an identifier, and four
// letters that follow each other, which stand for other forms, other languages
// and slips. Numbers are nobody's, but an SQLSTATE has five characters.
func features(words []string) (out []string) {
	seen := make(map[string]bool)
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	before := ""
	for _, w := range words {
		if parts := strings.Split(w, "_"); len(parts) > 1 {
			for _, part := range parts {
				if len(part) > 2 {
					add("_" + part)
				}
			}
		}
		if w = stem(w); w == "" {
			continue
		}
		add(w)
		if before != "" {
			add(before + " " + w)
		}
		before = w
		letters := []rune("^" + w + "$")
		for i := 0; i+4 <= len(letters); i++ {
			add("#" + string(letters[i:i+4]))
		}
	}
	return out
}

// stem takes the commonest English endings off. What is left need not be a
// word, only the same for all forms of one.
func stem(w string) string {
	if strings.TrimFunc(w, unicode.IsDigit) == "" && len(w) != 5 {
		return ""
	}
	for _, ending := range []string{"ing", "ed", "es", "s"} {
		if bare, ok := strings.CutSuffix(w, ending); ok && len(bare) >= 4 {
			return bare
		}
	}
	return w
}
