package rules

import (
	"fmt"
	"strings"
)

// Mistake is one thing wrong in a rule file.
type Mistake struct {
	File    string
	Line    int // 1-based
	Message string
	Hint    string
}

// Error implements error.
func (m Mistake) Error() string {
	s := fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Message)
	if m.Hint != "" {
		s += "; " + m.Hint
	}
	return s
}

// Mistakes are all that is wrong in one file, in the order of their lines.
type Mistakes []Mistake

// Error implements error.
func (list Mistakes) Error() string {
	lines := make([]string, len(list))
	for i, m := range list {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// didYouMean names the candidate nearest to a misspelt word.
func didYouMean(word string, candidates []string) string {
	if best := Nearest(word, candidates); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// Nearest returns the candidate that a misspelt word most likely means, ""
// where none is near: the first at the least Distance, at most half the word.
func Nearest(word string, candidates []string) string {
	best, distance := "", len(word)/2+1
	for _, c := range candidates {
		if d := Distance(word, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}
