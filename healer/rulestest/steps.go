package rulestest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/rules"
)

// events reads lines of a jsonlog. {database} is the stage's, {now} the time.
func (p *proof) events(lines string) []pglog.Event {
	lines = strings.NewReplacer("{database}", p.Name, "{now}", time.Now().UTC().Format("2006-01-02 15:04:05.000 UTC")).Replace(lines)
	decoder := pglog.NewDecoder(pglog.JSON, pglog.Options{})
	var out []pglog.Event
	for _, r := range slices.Concat(decoder.Decode([]byte(lines+"\n")), decoder.Flush()) {
		out = append(out, pglog.Classify(r.Record))
	}
	return out
}

// count lets the book count what lines of a log say, as the daemon does.
func (p *proof) count(lines string) {
	for _, e := range p.events(lines) {
		var statements []parser.Statement
		for _, text := range hearsay.Texts(e) {
			statements = append(statements, parser.Parse(text)...)
		}
		p.book.Note(e, statements)
	}
}

// heard runs the rule as the daemon does after a log event: narrowed to what
// the line says. It has to find something, and nothing that is not wanted; after
// a near miss nothing, or only what is refused.
func (p *proof) heard(ctx context.Context) error {
	rule, ok := p.rule.For(p.major)
	if ok && len(rule.Counts) > 0 {
		return nil // it was counted to be found at all
	}
	for _, e := range p.events(p.story.Log) {
		if !ok || !slices.ContainsFunc(rule.On, e.Matches) {
			return fmt.Errorf("the rule does not wait for the event %s (%s)", e.Kind, e.Record.SQLState)
		}
		found, err := p.narrowed(ctx, e)
		if err != nil {
			return err
		}
		if len(found) == 0 || len(found) >= len(p.story.Want) {
			return fmt.Errorf("the event narrows the rule to %q", found)
		}
	}
	for _, e := range p.events(p.story.Heard) {
		found, err := p.narrowed(ctx, e)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("after the near miss %s it finds %q", e.Record.Statement, found)
		}
	}
	return p.vain(ctx)
}

// vain makes sure that the rule refuses what it finds after an event.
func (p *proof) vain(ctx context.Context) error {
	for _, e := range p.events(p.story.Vain) {
		r, err := p.Plan(ctx, p.about(e))
		if err != nil {
			return err
		}
		if len(r.Plans) == 0 {
			return fmt.Errorf("after %s nothing is refused", e.Record.Statement)
		}
		for _, d := range r.Plans {
			if d.Decision.Verdict != healer.Refuse {
				return fmt.Errorf("after %s %s is %s", e.Record.Statement, name(d.Plan.Finding), d.Decision.Verdict)
			}
		}
	}
	return nil
}

// narrowed is what the rule finds after an event.
func (p *proof) narrowed(ctx context.Context, e pglog.Event) ([]string, error) {
	found, err := p.Find(ctx, p.about(e))
	return objects(found.Findings), err
}

// about is a run that an event narrows.
func (p *proof) about(e pglog.Event) healer.Options {
	o := p.options()
	o.Event = make(rules.Values)
	for name, text := range hearsay.Fields(e, parser.Parse(e.Record.Statement)) {
		if text != "" {
			o.Event["event."+name] = rules.Text(text)
		}
	}
	return o
}

// undo takes every repair back, newest first, or is refused where there is no
// undo; after it the catalog is as it was, and the repair works again.
func (p *proof) undo(ctx context.Context) error {
	attempts, err := p.Attempts(ctx)
	if err != nil {
		return err
	}
	var undone []string
	for _, a := range slices.Backward(attempts) {
		back, err := p.Undo(ctx, a.ID, p.options())
		var refusal *healer.Refusal
		switch {
		case (a.Plan.UndoNone != "" || len(a.Plan.Undo) == 0) && errors.As(err, &refusal):
			continue
		case err != nil:
			return err
		case !back.Verified:
			return fmt.Errorf("the undo of %s is %s: %s", name(a.Plan.Finding), back.State, back.Err)
		}
		undone = append(undone, name(a.Plan.Finding))
		if err := p.Unmute(ctx, a.Plan.Finding.ID, "rulestest"); err != nil {
			return err
		}
	}
	if err := p.restored(ctx, undone, len(undone) == len(attempts)); err != nil {
		return fmt.Errorf("it is not as it was: %w", err)
	}
	return p.heal(ctx, undone)
}

// restored makes sure that the undone objects are as they were before the
// repair, and where all was undone, that everything is.
func (p *proof) restored(ctx context.Context, undone []string, all bool) error {
	now, err := p.look(ctx)
	if err != nil {
		return err
	}
	same := slices.Concat(p.near, undone)
	if all {
		same = p.broken.names(now)
	}
	return p.broken.unchanged(now, same)
}
