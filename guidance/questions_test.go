package guidance

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// Questions with the theme that an expert gives them, by one who had seen
// neither the packs nor any question before. No word or example was added to a
// pack because of them: what is told right here is what the detection is worth
// on new questions. Keywords alone tell 179.
func TestThemesOfUnseenQuestions(t *testing.T) {
	const least = 190 // 95 of a hundred
	f, err := os.Open("testdata/unseen.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := engine(t, nil)
	all, right := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		want, text, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			t.Fatalf("no tab in %q", lines.Text())
		}
		all++
		a, err := e.Explain(Question{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if a.Theme == want {
			right++
			continue
		}
		t.Logf("%s, not %s: %s", a.Theme, want, text)
	}
	t.Logf("%d of %d", right, all)
	if all != 200 || right < least {
		t.Errorf("%d of %d are right; %d are wanted", right, all, least)
	}
}

// Questions in the five languages that the packs know beside English, each
// with its language and theme, by one who had not seen the packs. No word or
// example was added because of them.
func TestThemesInOtherLanguages(t *testing.T) {
	const least = 12 // of 14 in each
	f, err := os.Open("testdata/languages.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := engine(t, nil)
	all, right := map[string]int{}, map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) != 3 {
			t.Fatalf("not three cells in %q", lines.Text())
		}
		language, want := cells[0], cells[1]
		a, err := e.Explain(Question{Text: cells[2]})
		if err != nil {
			t.Fatal(err)
		}
		all[language]++
		if a.Theme == want {
			right[language]++
			continue
		}
		t.Logf("%s: %s, not %s: %s", language, a.Theme, want, cells[2])
	}
	for language, n := range all {
		t.Logf("%s: %d of %d", language, right[language], n)
		if n != 14 || right[language] < least {
			t.Errorf("%s: %d of %d are right; %d of 14 are wanted", language, right[language], n, least)
		}
	}
	if len(all) != 5 {
		t.Errorf("%d languages", len(all))
	}
}

// BenchmarkNew is what an engine costs, once for a process.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Config{}); err != nil {
			b.Fatal(err)
		}
	}
}
