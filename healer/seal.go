package healer

import (
	"cmp"
	"context"
	"fmt"

	"github.com/pgmend/pgmend/rules"
)

// seal keeps in the attempt, and so in the ledger, how it left what its undo
// rests on. That is out of the patient, where whoever owns the tables may
// change rows together with their checksums.
func (j *job) seal(ctx context.Context) error {
	a := j.attempt
	if j.rule.Seal == nil || len(a.Steps) == 0 {
		return nil
	}
	if made, err := j.made(ctx, cmp.Or(a.UndoOf, a.ID)); err != nil || !made {
		return err
	}
	var err error
	a.Sealed, err = j.sealed(ctx, j.rule, j.values)
	return err
}

func (r *run) sealed(ctx context.Context, rule *rules.Rule, values rules.Values) (rules.Row, error) {
	rows, err := r.read(ctx, rule, *rule.Seal, values)
	if err != nil {
		return nil, fmt.Errorf("seal what was moved: %w", err)
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("seal what was moved: %d rows, one is needed", len(rows))
	}
	return rows[0], nil
}

// unsealed says how what was moved is not as its repair left it, or as an undo
// that did not get to its end.
func (r *run) unsealed(rule *rules.Rule) func(context.Context, Attempt) (string, error) {
	return func(ctx context.Context, a Attempt) (string, error) {
		if rule.Seal == nil {
			return "", nil
		}
		left := a.Sealed
		for _, back := range r.memory.attempts {
			if back.UndoOf == a.ID && (back.Sealed != nil || back.moved() > 0) {
				left = back.Sealed
			}
		}
		if left == nil {
			return "nobody knows how it left the rows that it moved, because they could not be read at its end; " + byHand, nil
		}
		now, err := r.sealed(ctx, rule, r.base(rule).Merge(a.Plan.Finding.Facts, rules.RunValues(a.ID)))
		if err != nil {
			return "", err
		}
		for _, was := range left {
			if is, ok := now.Get(was.Name); !ok || is.Text != was.Text || is.Null != was.Null {
				return fmt.Sprintf("%s was %s and is %s; %s", was.Name, was.Text, is.Text, byHand), nil
			}
		}
		return "", nil
	}
}

const byHand = "docs/quarantine.md says how to put rows back by hand"
