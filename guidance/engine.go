package guidance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// Config is what an Engine works with.
type Config struct {
	Packs []*Pack       // nil: the built-in ones
	Rules []*rules.Rule // that may be named, with their authors' texts
	AI    *Client       // nil: none is configured
}

// Engine answers questions. Its methods may be called from any goroutine.
type Engine struct {
	packs    []*Pack
	detector *detector
	rules    map[string]*rules.Rule
	ai       *Client
	masks    []redaction // of what an AI is sent
}

// New makes an Engine.
func New(c Config) (*Engine, error) {
	if c.Packs == nil {
		var err error
		if c.Packs, err = BuiltinPacks(); err != nil {
			return nil, err
		}
	}
	if len(c.Packs) == 0 {
		return nil, errors.New("guidance needs a pack")
	}
	names := map[string]bool{}
	for _, p := range c.Packs {
		if names[p.Name] {
			return nil, fmt.Errorf("guidance pack %s is there twice", p.Name)
		}
		names[p.Name] = true
	}
	e := &Engine{packs: c.Packs, detector: newDetector(c.Packs), rules: make(map[string]*rules.Rule), ai: c.AI}
	if e.ai != nil {
		e.masks = redactions()
	}
	for _, r := range c.Rules {
		e.rules[r.ID] = r
	}
	return e, nil
}

// Themes returns what the text is about, the likeliest theme first; none where
// no word of it is known.
func (e *Engine) Themes(text string) []Match { return e.detector.detect(text) }

// Ask answers, by the AI where one is configured and does its part, otherwise
// from the packs. The only error is of a question that asks nothing, or of a
// context that ended.
func (e *Engine) Ask(ctx context.Context, q Question) (Advice, error) {
	q, err := q.settle()
	if err != nil {
		return Advice{}, err
	}
	if err := ctx.Err(); err != nil {
		return Advice{}, err
	}
	a := e.builtin(q)
	if e.ai == nil {
		return a, nil
	}
	answer, err := e.ai.ask(ctx, e.prompt(q, a))
	if err == nil {
		err = e.check(&answer)
	}
	if err != nil {
		a.Note = "the AI did not answer: " + err.Error()
		return a, nil //nolint:nilerr // the built-in answer says why
	}
	return answer.over(a), nil
}

// Explain answers from the packs and the rules alone, at once.
func (e *Engine) Explain(q Question) (Advice, error) {
	q, err := q.settle()
	if err != nil {
		return Advice{}, err
	}
	return e.builtin(q), nil
}

func (e *Engine) builtin(q Question) Advice {
	t, matches := e.theme(q)
	a := Advice{
		SchemaVersion: SchemaVersion, Theme: t.id(), Title: t.Title, Themes: matches, Summary: t.Summary,
		Evidence: q.evidence(), Steps: filled(t.Steps), Risks: filled(t.Risks), Links: filled(t.Links),
		Rules: e.known(t.Rules), Source: Builtin,
	}
	if q.Finding != nil {
		e.about(&a, q.Finding)
	}
	return a
}

// about puts what the rule's author wrote before the theme's own words.
func (e *Engine) about(a *Advice, f *healer.Finding) {
	if f.Title != "" {
		a.Title = f.Title
	}
	rule := e.rules[f.Rule]
	if rule == nil {
		return
	}
	if text := strings.TrimSpace(rule.Guidance); text != "" {
		a.Summary = text
	}
	first := "See what would be done, and what would undo it; `pgmend plan --rule " + rule.ID + "`."
	if rule.Observes() {
		first = "See the evidence; `pgmend scan --rule " + rule.ID + "`. The rule only reports."
	}
	a.Steps = append([]string{first}, a.Steps...)
	a.Rules = append([]string{rule.ID}, slices.DeleteFunc(a.Rules, func(id string) bool { return id == rule.ID })...)
}

// theme decides what the question is about: by the rule, by the SQLSTATE, by
// the words, and otherwise in general.
func (e *Engine) theme(q Question) (placed, []Match) {
	matches := likely(e.Themes(q.Text))
	if q.Finding != nil {
		for _, t := range e.detector.themes {
			if slices.Contains(t.Rules, q.Finding.Rule) {
				return t, matches
			}
		}
		if found := e.Themes(q.Finding.Title + " " + strings.ReplaceAll(q.Finding.Rule, "/", " ")); len(found) > 0 {
			return e.placed(found[0].Theme), matches
		}
	}
	if t, ok := e.byState(q.SQLState); ok {
		return t, matches
	}
	if len(matches) > 0 {
		return e.placed(matches[0].Theme), matches
	}
	return e.placed(e.packs[0].Name + "/" + e.packs[0].General), matches
}

// byState finds the theme of an SQLSTATE, or of its class.
func (e *Engine) byState(state string) (placed, bool) {
	if len(state) != 5 {
		return placed{}, false
	}
	for _, wanted := range []string{state, state[:2]} {
		for _, t := range e.detector.themes {
			if slices.Contains(t.SQLStates, wanted) {
				return t, true
			}
		}
	}
	return placed{}, false
}

func (e *Engine) placed(id string) placed {
	i := slices.IndexFunc(e.detector.themes, func(t placed) bool { return t.id() == id })
	return e.detector.themes[i] // ids come from the detector, and every pack has its general theme
}

// known keeps the rules that are loaded.
func (e *Engine) known(ids []string) []string {
	out := []string{}
	for _, id := range ids {
		if e.rules[id] != nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// filled copies a list; consumers read lists, never null.
func filled[T any](list []T) []T { return append([]T{}, list...) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
