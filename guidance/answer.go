package guidance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// answer is what a model may say.
type answer struct {
	Theme   string   `json:"theme"`
	Summary string   `json:"summary"`
	Steps   []string `json:"steps"`
	Risks   []string `json:"risks"`
	Rules   []string `json:"rules"`
	Links   []string `json:"links"`

	title string // of the theme, filled in by the check
}

// The bounds of an answer. What is longer is refused: a model that does not
// keep to the form cannot be trusted with the content.
const (
	maxAnswer  = 64 << 10 // bytes of the whole reply
	maxSummary = 1200     // characters
	maxStep    = 600      // characters of one step or risk
	maxSteps   = 8
	maxRisks   = 5
	maxLinks   = 4
)

// read takes the JSON object out of a model's message: alone, or in the code
// fence that some put around it.
func (a *answer) read(message string) error {
	text := strings.TrimSpace(message)
	if inner, ok := strings.CutPrefix(text, "```"); ok {
		inner = strings.TrimPrefix(inner, "json")
		text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(inner), "```"))
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(a); err != nil {
		// The decoder's error can quote the model's text.
		return errors.New("its answer is not the JSON object that was asked for")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("its answer goes on after the JSON object")
	}
	return nil
}

// check refuses an answer that is out of form, and cleans one that is not. A
// theme, a rule or an address that does not exist is an error: it was made up.
func (e *Engine) check(a *answer) error {
	i := slices.IndexFunc(e.detector.themes, func(t placed) bool { return t.id() == a.Theme })
	if i < 0 {
		return errors.New("it named a theme that does not exist")
	}
	a.title = e.detector.themes[i].Title
	if len(a.Steps) == 0 || len(a.Steps) > maxSteps || len(a.Risks) > maxRisks || len(a.Links) > maxLinks {
		return errors.New("its lists are empty or too long")
	}
	var err error
	if a.Summary, err = plain(a.Summary, maxSummary); err != nil {
		return fmt.Errorf("its summary %w", err)
	}
	for _, list := range [][]string{a.Steps, a.Risks} {
		for i := range list {
			if list[i], err = plain(list[i], maxStep); err != nil {
				return fmt.Errorf("a step or a risk %w", err)
			}
		}
	}
	for _, id := range a.Rules {
		if e.rules[id] == nil {
			return errors.New("it named a rule that does not exist")
		}
	}
	for _, link := range a.Links {
		if !documentation(link) {
			return errors.New("it linked to something else than PostgreSQL's documentation")
		}
	}
	return nil
}

// plain makes one line of text without control, direction and markup
// characters. It is escaped again wherever it is shown.
func plain(s string, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("is not UTF-8")
	}
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.C, r), r == '<', r == '>': // controls, bidirectional and invisible ones; tags
			return -1
		}
		return r
	}, s)), " ")
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "", errors.New("is empty")
	case n > most:
		return "", fmt.Errorf("is longer than %d characters", most)
	}
	return s, nil
}

// over puts the answer over the built-in advice. What was measured stays ours.
func (a answer) over(b Advice) Advice {
	out := b
	out.Source, out.Theme, out.Summary = AI, a.Theme, a.Summary
	if b.Theme != a.Theme {
		out.Title = a.title
	}
	out.Steps, out.Risks, out.Rules = filled(a.Steps), filled(a.Risks), filled(a.Rules)
	if len(a.Links) > 0 {
		out.Links = []Link{}
		for _, l := range a.Links {
			out.Links = append(out.Links, Link{Title: "PostgreSQL documentation", URL: l})
		}
	}
	return out
}
