package guidance

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// testdata/questions.tsv holds 200 questions with the theme an expert gives
// them. Whoever wrote them had not seen the packs, and the packs were not
// written from them: a word is not added to a pack because of this file.
func TestThemesOfQuestions(t *testing.T) {
	f, err := os.Open("testdata/questions.tsv")
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
		t.Logf("%s, not %s: %s %v", a.Theme, want, text, a.Themes)
	}
	t.Logf("%d of %d", right, all)
}
