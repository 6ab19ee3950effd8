package healer

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/pgmend/pgmend/rules"
)

// render asks what is only known under the locks held, makes sure that
// nothing objects, and renders the statement from the rule's own text.
func (j *job) render(ctx context.Context, s Session, step PlannedStep) (string, error) {
	template := j.action.Steps[step.Index]
	if template.Gives != "" {
		return j.given(ctx, s, step)
	}
	values := j.values.Merge(step.Each)
	for _, let := range template.Let {
		rows, err := j.ask(ctx, s, let, values, step.Role)
		if err != nil {
			return "", fmt.Errorf("line %d: let: %w", let.Line, err)
		}
		if len(rows) != 1 {
			return "", fmt.Errorf("line %d: let returned %d rows, one is needed", let.Line, len(rows))
		}
		values = values.Merge(rows[0].Values(""))
	}
	for _, assert := range template.Assert {
		rows, err := j.ask(ctx, s, assert, values, step.Role)
		if err != nil {
			return "", fmt.Errorf("line %d: assert: %w", assert.Line, err)
		}
		if len(rows) > 0 {
			return "", fmt.Errorf("line %d: assertion failed: %s", assert.Line, firstText(rows[0]))
		}
	}
	sql, err := template.Inline(values)
	if err != nil {
		return "", err
	}
	if len(template.Let) == 0 {
		planned, err := preview(template, values)
		if err != nil || planned != step.SQL {
			return "", errors.New("the statement is not the planned one any more")
		}
	}
	return sql, rules.CheckRendered(sql, step.Class)
}

// given is a statement that the approved baseline gave when it was planned, after
// nothing objects to it.
func (j *job) given(ctx context.Context, s Session, step PlannedStep) (string, error) {
	if step.Assert != "" {
		rows, err := j.ask(ctx, s, rules.Query{Template: rules.Verbatim(step.Assert)}, nil, step.Role)
		if err != nil {
			return "", fmt.Errorf("assert: %w", err)
		}
		if len(rows) > 0 {
			return "", fmt.Errorf("assertion failed: %s", firstText(rows[0]))
		}
	}
	return step.SQL, rules.CheckRendered(step.SQL, step.Class)
}

// preview renders a step as its plan did, which did not know the values of a run.
func preview(step rules.Step, values rules.Values) (string, error) {
	known := maps.Clone(values)
	maps.DeleteFunc(known, func(name string, _ rules.Value) bool { return rules.OfRun(name) })
	sql, _, err := step.Preview(known)
	return sql, err
}

func (j *job) ask(ctx context.Context, s Session, q rules.Query, v rules.Values, role string) ([]rules.Row, error) {
	return s.Read(ctx, Read{
		Application: j.attempt.application(), Query: q.Template, Values: v, Role: role,
	})
}

func firstText(row rules.Row) string {
	if len(row) == 0 || row[0].Null {
		return "a row"
	}
	return row[0].Text
}
