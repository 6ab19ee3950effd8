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

// BenchmarkNew is what an engine costs, once for a process.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Config{}); err != nil {
			b.Fatal(err)
		}
	}
}
