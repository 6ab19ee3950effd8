package healer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// planLife is how long a plan, and so an approval of it, is good for.
const planLife = 24 * time.Hour

// build makes the plan of a finding. The same fault on the same server gives
// the same plan id, so an approval outlives the process and nothing else.
func (r *run) build(ctx context.Context, rule *rules.Rule, f Finding) (Plan, error) {
	values := r.base(rule).Merge(f.Facts)
	p := Plan{
		Finding: f, Risk: f.Risk, Hazards: rule.Hazards, RuleHash: rule.Hash,
		UndoNone: rule.Undo.None, Made: r.now(),
	}
	p.Expires = p.Made.Add(planLife)
	var err error
	if p.Mode, err = modeOf(rule.Repair, values, "mode"); err != nil {
		return Plan{}, fmt.Errorf("plan the repair: %w", err)
	}
	if p.Steps, err = r.steps(ctx, rule, rule.Repair, p.Mode, values); err != nil {
		return Plan{}, fmt.Errorf("plan the repair: %w", err)
	}
	if undo := rule.Undo.Action; undo != nil {
		if p.UndoMode, err = modeOf(undo, values, "undo_mode"); err == nil {
			p.Undo, err = r.steps(ctx, rule, undo, p.UndoMode, values)
		}
		if err != nil {
			return Plan{}, fmt.Errorf("plan the undo: %w", err)
		}
	}
	if p.Verify, _, err = rule.Verify.Preview(values); err != nil {
		return Plan{}, fmt.Errorf("plan the verification: %w", err)
	}
	for _, g := range rule.Guards {
		p.Guards = append(p.Guards, g.Name)
	}
	p.Locks = locks(p.Steps)
	p.Basis = basis(rule, p)
	sum := digest(r.server.SystemIdentifier, f.Database, f.Fingerprint, p.Basis)
	p.ID = "P" + sum[:11]
	return p, nil
}

// steps renders the statements of an action as far as they are known now.
func (r *run) steps(ctx context.Context, rule *rules.Rule, a *rules.Action, mode rules.Mode, values rules.Values) ([]PlannedStep, error) {
	var out []PlannedStep
	for i, step := range a.Steps {
		if step.Gives != "" {
			given, err := r.declared(rule, mode, i, step, values)
			if err != nil {
				return nil, err
			}
			out = append(out, given...)
			continue
		}
		if step.If != nil {
			rows, err := r.read(ctx, rule, *step.If, values)
			if err != nil {
				return nil, fmt.Errorf("line %d: if: %w", step.Line, err)
			}
			if len(rows) == 0 {
				continue
			}
		}
		eachRows := []rules.Row{nil}
		if step.Each != nil {
			var err error
			if eachRows, err = r.read(ctx, rule, *step.Each, values); err != nil {
				return nil, fmt.Errorf("line %d: each: %w", step.Line, err)
			}
		}
		for _, row := range eachRows {
			each := row.Values("each.")
			sql, missing, err := step.Preview(values.Merge(each))
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", step.Line, err)
			}
			missing = slices.DeleteFunc(missing, rules.OfRun)
			if len(missing) > 0 && len(step.Let) == 0 {
				return nil, fmt.Errorf("line %d: no value for %v", step.Line, missing)
			}
			out = append(out, PlannedStep{
				SQL: sql, Class: step.Class, Role: roleFor(step, values.Merge(each)), Index: i, Each: each,
			})
		}
	}
	return out, nil
}

// roleFor says as whom a statement runs. What belongs to an owner runs as
// that owner, who has exactly the rights it needs: the server sandboxes the
// maintenance commands, and package pg the rest.
func roleFor(step rules.Step, values rules.Values) string {
	if role := values["run_as"].Text; role != "" {
		return role
	}
	switch step.Class {
	case "alter_system", "select":
		if !step.AsOwner {
			return ""
		}
	}
	// What a row of `each` names may be another's than the finding's object.
	if role := values["each.owner"].Text; role != "" {
		return role
	}
	return values["owner"].Text
}

// basis hashes what the plan rests on: the rule, the facts that do not drift
// and the SQL of repair and undo.
func basis(rule *rules.Rule, p Plan) string {
	parts := []string{rule.ID, rule.Hash}
	for _, k := range slices.Sorted(maps.Keys(p.Finding.Facts)) {
		if v := p.Finding.Facts[k]; !v.Drifts() {
			parts = append(parts, k, fmt.Sprint(v.Null), v.Text)
		}
	}
	for _, steps := range [][]PlannedStep{p.Steps, p.Undo} {
		parts = append(parts, "steps")
		for _, s := range steps {
			parts = append(parts, s.Role, s.SQL)
		}
	}
	return digest(parts...)
}

// digest is the SHA-256 of the parts, each with its length before it, which
// keeps ("a", "bc") and ("ab", "c") apart.
func digest(parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}
