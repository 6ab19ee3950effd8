package healer

import (
	"context"
	"errors"
	"fmt"

	"github.com/pgmend/pgmend/rules"
)

// maxRounds is how often steps that repeat are gone through again because rows
// were changed by others meanwhile.
const maxRounds = 5

// batches runs each step that is not done in a transaction of its own, and
// neighbours that repeat until a whole round of them changes no row. What was
// committed stays, so between two transactions it may stop at any time: the
// rows that are left are found again.
func (j *job) batches(ctx context.Context) error {
	for from := 0; from < len(j.steps); {
		to := from + 1
		for j.repeats(from) && to < len(j.steps) && j.repeats(to) {
			to++
		}
		if err := j.rounds(ctx, from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (j *job) repeats(i int) bool { return j.action.Steps[j.steps[i].Index].Repeat }

// rounds runs the steps from one to before another, once, or where they repeat
// until none has anything to do.
func (j *job) rounds(ctx context.Context, from, to int) error {
	if j.done(from) {
		return nil
	}
	for range maxRounds {
		changed := false
		for i := from; i < to; i++ {
			n, err := j.batch(ctx, i)
			for ; err == nil && n > 0 && j.repeats(i); n, err = j.batch(ctx, i) {
				changed = true
			}
			if err != nil {
				return err
			}
		}
		if changed {
			continue
		}
		for i := from; i < to; i++ {
			j.attempt.Steps[i].Done = true
		}
		return j.save(ctx, j.attempt, StepFinished)
	}
	j.circled = true
	return &Yield{Reason: fmt.Sprintf("after %d rounds there are still rows to move, which others hold or change meanwhile", maxRounds)}
}

// batch runs one step in a transaction and returns how many rows it changed.
// Its intent is durable before, with what the batches before it came to.
func (j *job) batch(ctx context.Context, i int) (changed int64, err error) {
	if why := j.between(ctx); why != "" {
		return 0, &Yield{Reason: why}
	}
	s, err := j.open(ctx, rules.Transaction)
	if err != nil {
		return 0, err
	}
	var before Outcome
	if i < len(j.attempt.Steps) {
		before = j.attempt.Steps[i].Outcome
	}
	err = j.shut(ctx, s, j.step(ctx, s, i, j.steps[i]))
	if i >= len(j.attempt.Steps) {
		return 0, err // it did not even begin
	}
	step := &j.attempt.Steps[i]
	step.Done = false // it is when there is nothing more for it to do
	changed = step.Outcome.Changed
	if err != nil {
		changed, step.Outcome.Changed = 0, 0 // they were rolled back
	} else {
		step.Batches++
	}
	step.Outcome.add(before)
	return changed, err
}

// add makes one outcome of this batch and of those before it.
func (o *Outcome) add(before Outcome) {
	if before.Started.IsZero() {
		return
	}
	o.Started = before.Started
	o.Changed += before.Changed
	o.Elapsed += before.Elapsed
	o.WALBytes += before.WALBytes
	o.Delayed += before.Delayed
}

// between asks between two transactions what is asked between two statements,
// and whether those who read the WAL keep up.
func (j *job) between(ctx context.Context) string {
	if why := j.mayGoOn(ctx); why != "" {
		return why
	}
	return j.paid(ctx)
}

// begin notes that a step begins, or begins again.
func (a *Attempt) begin(i int, s StepRun) {
	if i < len(a.Steps) {
		s.Batches, s.Outcome = a.Steps[i].Batches, a.Steps[i].Outcome
		a.Steps[i] = s
		return
	}
	a.Steps = append(a.Steps, s)
}

// moved counts the transactions that the attempt committed batch by batch.
func (a *Attempt) moved() int {
	n := 0
	for _, s := range a.Steps {
		n += s.Batches
	}
	return n
}

// partial reports whether an attempt that did not get to its end left
// something behind that its undo can take back.
func (a *Attempt) partial() bool {
	return a.Plan.Mode == rules.Batches && a.UndoOf == "" && a.State.Final() && !a.Verified && a.moved() > 0
}

// The tables that an attempt made for itself, in the schema of its object.
const (
	dropWorklist   = "DROP TABLE IF EXISTS {schema}.{run.worklist}" //nolint:gosec // it is no credential
	anyQuarantined = "SELECT 1 FROM {schema}.{run.quarantine} LIMIT 1"
	dropQuarantine = "DROP TABLE {schema}.{run.quarantine}"
)

// discard drops what an attempt that does not go on needs no more: the list of
// rows still to move, and the quarantine, if no row has got into it. An attempt
// that was cut short may have made them without knowing it any more.
func (j *job) discard(ctx context.Context) error {
	if j.action.Mode != rules.Batches || j.attempt.UndoOf != "" || len(j.attempt.Steps) == 0 {
		return nil
	}
	made, err := j.made(ctx, j.attempt.ID)
	if err != nil {
		return err
	}
	s, err := j.open(ctx, rules.Transaction)
	if err != nil {
		return err
	}
	err = j.drops(ctx, s, made)
	if err = errors.Join(err, s.Close(ctx, err == nil)); err != nil {
		return fmt.Errorf("drop the list of rows still to move: %w", err)
	}
	return nil
}

// drops drops them; the quarantine is there only where it was made.
func (j *job) drops(ctx context.Context, s Session, made bool) error {
	if err := j.dropTable(ctx, s, dropWorklist); err != nil || !made {
		return err
	}
	held, err := rules.ParseTemplate(anyQuarantined, 0)
	if err != nil {
		return err
	}
	rows, err := j.ask(ctx, s, rules.Query{Template: held}, j.values, j.values["owner"].Text)
	if err != nil || len(rows) > 0 {
		return err
	}
	return j.dropTable(ctx, s, dropQuarantine)
}

func (j *job) dropTable(ctx context.Context, s Session, text string) error {
	t, err := rules.ParseTemplate(text, 0)
	if err != nil {
		return err
	}
	sql, err := t.Inline(j.values)
	if err != nil {
		return err
	}
	_, err = s.Exec(ctx, Statement{SQL: sql, Class: "drop_table", Role: j.values["owner"].Text})
	return err
}

// gone reports whether the quarantine of an attempt is not there any more,
// which is what its undo ends with.
func (j *job) gone(ctx context.Context, done Attempt) error {
	made, err := j.made(ctx, done.ID)
	switch {
	case err != nil:
		return err
	case made:
		return fmt.Errorf("rows of %s are still in quarantine", done.Plan.Finding.Object.Name)
	}
	return nil
}

// made reports whether there is a quarantine of an attempt.
func (j *job) made(ctx context.Context, attempt string) (bool, error) {
	s, err := j.cfg.Snapshotter.Snapshot(ctx, Object{
		Schema: j.attempt.Plan.Finding.Object.Schema, Name: rules.RunValues(attempt)[rules.RunQuarantine].Text,
	})
	return err == nil && s.Exists(), err
}
