package healer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// tries is how often an operation that yielded or met a lock is begun again.
const tries = 5

// job runs the steps of one attempt: of a repair or of an undo.
type job struct {
	*run
	rule    *rules.Rule
	attempt *Attempt
	action  *rules.Action
	steps   []PlannedStep
	values  rules.Values

	err       error // why it did not get to its end
	tidied    error // why what it left could not be cleared up
	stopped   bool  // it was asked to stop
	sent      bool  // a statement or COMMIT was sent, and its answer never came
	circled   bool  // rows that others hold or change were listed again and again
	unsettled bool  // it was asked to stop before it was known what came of it
}

// stopTime is how long an attempt that is asked to stop may still clear up and
// look at what came of it. A concurrent drop waits for every older transaction,
// and a verification for the statistics; what they do not get done in this time
// the next start does, as after a crash.
const stopTime = 2 * time.Second

// inTime is a context that ends stopTime after another one.
func inTime(asked context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(asked))
	kept := context.AfterFunc(asked, func() { time.AfterFunc(stopTime, cancel) })
	return ctx, func() { kept(); cancel() }
}

// do runs the steps, again from where it was after a yield. Whatever happened,
// it clears up what was left. Its error is kept for finish.
func (j *job) do(ctx context.Context) {
	for try := 1; ; try++ {
		moved := j.attempt.moved()
		j.err = j.try(ctx)
		if j.attempt.moved() > moved && !j.circled {
			try = 1 // it got on: whoever came in between did not keep it from its work
		}
		j.stopped = ctx.Err() != nil
		if j.err == nil || lost(j.err) || errors.Is(j.err, errUndurable) {
			return // in the last two cases only the next reconciliation may act
		}
		if j.clearUp(ctx); j.tidied != nil || j.unsettled {
			return
		}
		if j.allDone() {
			j.err = nil // a drop that was cut short has been finished
			return
		}
		if !yielded(j.err) || try == tries || j.stopped || j.circled {
			j.err = errors.Join(j.err, j.discard(context.WithoutCancel(ctx)))
			return
		}
		// Jitter, so that two parties that met do not meet again.
		delay := time.Duration(try)*200*time.Millisecond + rand.N(300*time.Millisecond)
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
		if why := j.mayTryAgain(ctx); why != "" {
			j.err = errors.Join(&Yield{Reason: why}, j.err, j.discard(context.WithoutCancel(ctx)))
			return
		}
	}
}

// clearUp clears up what the steps left.
func (j *job) clearUp(asked context.Context) {
	ctx, cancel := inTime(asked)
	defer cancel()
	if j.tidied = j.tidy(ctx); j.tidied != nil && (ctx.Err() != nil || yielded(j.tidied)) {
		j.tidied, j.unsettled = nil, true
	}
}

func (j *job) allDone() bool {
	for i := range j.steps {
		if !j.done(i) {
			return false
		}
	}
	return true
}

// yielded reports whether an error means that somebody else came first.
func yielded(err error) bool {
	var y *Yield
	if errors.As(err, &y) {
		return true
	}
	switch sqlState(err) {
	case "55P03", "40P01", "40001": // lock not available, deadlock, serialization
		return true
	case "53300", "25P03": // no connection is left; our transaction idled with its locks
		return true
	}
	return false
}

// try runs the steps that are not done in one session.
func (j *job) try(ctx context.Context) (err error) {
	ctx, cancel, err := j.within(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	defer func() {
		var closed *Yield
		if err != nil && !lost(err) && errors.As(context.Cause(ctx), &closed) {
			err = closed
		}
	}()
	switch j.attempt.mode() {
	case rules.Batches:
		return j.batches(ctx)
	case rules.Transaction:
		// They were rolled back together.
		j.attempt.Steps = nil
	}
	s, err := j.open(ctx, j.attempt.mode())
	if err != nil {
		return err
	}
	defer func() { err = j.shut(ctx, s, err) }()
	for i, step := range j.steps {
		if j.done(i) {
			continue
		}
		if err := j.step(ctx, s, i, step); err != nil {
			return err
		}
	}
	return nil
}

// open begins a session for steps.
func (j *job) open(ctx context.Context, mode rules.Mode) (Session, error) {
	s, err := j.cfg.Operator.Begin(ctx, Operation{
		Application: j.attempt.application(),
		Database:    j.values["run_in"].Text, Signals: j.action.Signals(),
		Mode: mode, Deadline: j.deadline(), LockTimeout: j.action.LockTimeout,
		Server: j.server, Alarm: j.watch(),
	})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return s, nil
}

// shut ends it, with what its steps came to: a transaction is committed where
// that is nil.
func (j *job) shut(ctx context.Context, s Session, err error) error {
	commit := err == nil
	j.sent = j.sent || commit && j.attempt.mode() != rules.Session
	closed := s.Close(context.WithoutCancel(ctx), commit)
	if commit && closed != nil {
		err = fmt.Errorf("commit: %w", closed)
	}
	j.sent = j.sent && lost(err)
	return err
}

// longestStep is what an Operation's default deadline comes to.
const longestStep = time.Hour

// done reports whether the i-th step ran already, in this attempt or in an
// interrupted one on the same basis.
func (j *job) done(i int) bool {
	return i < len(j.attempt.Steps) && j.attempt.Steps[i].Done
}

func (j *job) step(ctx context.Context, s Session, i int, step PlannedStep) error {
	if i > 0 && j.attempt.mode() != rules.Batches { // which asks before each transaction
		if why := j.mayGoOn(ctx); why != "" {
			return &Yield{Reason: why}
		}
	}
	sql, err := j.render(ctx, s, step)
	if err != nil {
		return fmt.Errorf("step %d: %w", i+1, err)
	}
	j.attempt.begin(i, StepRun{SQL: sql, Class: step.Class, Role: step.Role})
	j.attempt.State = Running
	if err := j.save(ctx, j.attempt, StepStarted); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &Yield{Reason: "it was asked to stop"}
	}
	j.pulse.expect(cmp.Or(j.deadline(), longestStep))
	out, err := s.Exec(ctx, Statement{SQL: sql, Class: step.Class, Role: step.Role, Alone: step.Alone})
	j.sent = lost(err)
	if err == nil {
		err = judge(step, out)
	}
	done := &j.attempt.Steps[i]
	done.Outcome, done.Done = out, err == nil
	if err != nil {
		done.Err = err.Error()
		j.attempt.HandedTo = j.action.Steps[step.Index].Fails[sqlState(err)]
	}
	if saved := j.save(ctx, j.attempt, StepFinished); saved != nil {
		return errors.Join(err, saved)
	}
	if err != nil {
		return fmt.Errorf("step %d: %w", i+1, err)
	}
	return nil
}

// judge says whether a statement that returned also did what it was for. A
// WARNING is a failure (VACUUM by a non-owner "succeeds" with one), except
// that of a lock that was skipped; and a repairing SELECT has to return
// something true.
func judge(step PlannedStep, out Outcome) error {
	for _, n := range out.Notices {
		switch {
		case n.SQLState == "55P03":
			return &Yield{Reason: n.Message}
		case n.Severity == "WARNING" && step.Class == "reindex_index" && n.SQLState == "01000":
			// It names a collation of another version, for which the index is being
			// rebuilt. REINDEX INDEX skips nothing with a warning.
		case n.Severity == "WARNING":
			return &DatabaseError{SQLState: n.SQLState, Message: "warning: " + n.Message}
		}
	}
	if step.Class != "select" {
		return nil
	}
	if len(out.Rows) == 0 || len(out.Rows[0]) == 0 {
		return errors.New("it returned no row, so it repaired nothing")
	}
	v := out.Rows[0][0]
	if b, err := strconv.ParseBool(v.Text); v.Null || (err == nil && !b && v.Type == oidBool) {
		return errors.New("it returned false or null, so it repaired nothing")
	}
	return nil
}

// oidBool is pg_catalog.bool (src/include/catalog/pg_type.dat).
const oidBool = 16
