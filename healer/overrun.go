package healer

import (
	"context"
	"fmt"
	"time"
)

const (
	// blindFor is how long a statement may run while it cannot be seen what it
	// costs: one question may fail on a busy server, and a build of hours is not
	// thrown away for that; but a disk is full within minutes.
	blindFor = 10 * time.Second
	// askFor bounds one question.
	askFor = 5 * time.Second
)

// watch is what is asked while the job's statements run, if they write much; a
// reason ends the statement.
func (j *job) watch() func(context.Context) string {
	if !writes(j.steps) {
		return nil
	}
	var blind time.Time
	return func(ctx context.Context) string {
		why, unseen := j.overrun(ctx)
		switch {
		case why != "" || unseen == "":
			blind = time.Time{}
			return why
		case blind.IsZero():
			blind = j.now()
		case j.now().Sub(blind) >= blindFor:
			return fmt.Sprintf("for %s %s", blindFor, unseen)
		}
		return ""
	}
}

// paid asks the same between two transactions, where nothing is lost by waiting.
func (j *job) paid(ctx context.Context) string {
	if !writes(j.steps) {
		return ""
	}
	why, unseen := j.overrun(ctx)
	if why == "" {
		return unseen
	}
	return why
}

// overrun says why the job costs too much by now, and otherwise what of it
// cannot be seen.
func (j *job) overrun(ctx context.Context) (why, unseen string) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	b, err := j.cfg.Operator.Budget(ctx, j.attempt.Plan.Finding.Object, false)
	if err != nil {
		return "", fmt.Sprintf("what it costs could not be seen: %v", err)
	}
	return j.cfg.Policy.Limits.overrun(b)
}

// overrun looks at what there is while a statement runs.
func (l Limits) overrun(b Budget) (why, unseen string) {
	for _, d := range b.Disks {
		switch {
		case d.Known && d.Free < l.DiskReserve:
			return fmt.Sprintf("only %s are left free under %s", size(d.Free), d.Path), ""
		case !d.Known && !l.UnknownDisk:
			unseen = fmt.Sprintf("how much is free under %s could not be seen", shown(d.Path))
		}
	}
	var seen []Backlog
	for _, w := range b.Backlogs {
		if w.unseen() {
			unseen = fmt.Sprintf("how far the %s %s is behind could not be seen", w.What, w.Name)
		} else {
			seen = append(seen, w)
		}
	}
	if d := l.backlog(Budget{Backlogs: seen}, 0, 2); d != nil {
		return d.Reason, ""
	}
	return "", unseen
}
