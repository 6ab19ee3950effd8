package rulestest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/rules"
)

// heard runs the rule as the daemon does after a log event: narrowed to what
// the line says. It has to find something, and nothing that is not wanted.
func (p *proof) heard(ctx context.Context) error {
	decoder := pglog.NewDecoder(pglog.JSON, pglog.Options{})
	records := slices.Concat(decoder.Decode([]byte(p.story.Log+"\n")), decoder.Flush())
	for _, r := range records {
		o := p.options()
		o.Event = make(rules.Values)
		event := pglog.Classify(r.Record)
		for name, text := range event.Fields() {
			if text != "" {
				o.Event["event."+name] = rules.Text(text)
			}
		}
		rule, ok := p.rule.For(p.major)
		if !ok || !slices.ContainsFunc(rule.On, event.Matches) {
			return fmt.Errorf("the rule does not wait for the event %s (%s)", event.Kind, event.Record.SQLState)
		}
		found, err := p.Find(ctx, o)
		if err != nil {
			return err
		}
		if len(found.Findings) == 0 || len(found.Findings) >= len(p.story.Want) {
			return fmt.Errorf("the event narrows the rule to %q", objects(found.Findings))
		}
	}
	return nil
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
