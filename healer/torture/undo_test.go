package torture

import (
	"slices"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// repair heals where nothing is killed, and notes which of its repairs is taken
// back: the last that can be.
func (l *lives) repair(k *knife) []healer.Attempt {
	l.t.Helper()
	r, err := l.run(k)
	if err != nil {
		l.t.Fatal(err)
	}
	if len(r.Repairs) == 0 {
		for _, p := range r.Plans {
			l.t.Logf("%s: %+v", p.Plan.Finding.Object, p.Decision)
		}
		l.t.Fatalf("%s repaired nothing", l.rule.ID)
	}
	for _, a := range r.Repairs {
		if !a.Verified {
			l.t.Fatalf("the quiet repair of %s is %s: %s", a.Plan.Finding.Object, a.State, a.Err)
		}
		if len(a.Plan.Undo) > 0 {
			l.undoes = a.ID
		}
	}
	return r.Repairs
}

// undo takes the repair back where nothing is killed, and returns the boundaries
// that it passes.
func (l *lives) undo() []string {
	l.t.Helper()
	ctx, cancel := l.limited()
	defer cancel()
	k := new(knife)
	back, err := l.next(k).undo(ctx, l.undoes)
	if err != nil || !back.Verified {
		l.t.Fatalf("the quiet undo of %s is %s: %s, %v", back.Plan.Finding.Object, back.State, back.Err, err)
	}
	if history, _ := l.settle(); !l.undone(history) {
		l.t.Fatalf("the quiet undo of %s was not carried out: %v", back.Plan.Finding.Object, states(history.Attempts))
	}
	return k.labels
}

// undone reports whether the repair was taken back, and makes sure that all that
// the ledger says agrees: who took it back, that its finding is muted then and
// only then, and that nothing was repaired again.
func (l *lives) undone(history healer.History) bool {
	l.t.Helper()
	done := l.done(history)
	finding := done.Plan.Finding
	taken, repairs := false, 0
	for _, a := range history.Attempts {
		switch {
		case a.UndoOf == done.ID:
			taken = taken || a.Verified
			if a.Verified && done.UndoneBy != a.ID {
				l.fault("%s took back %s, which is %s and says %q", a.ID, finding.Object, done.State, done.UndoneBy)
			}
		case a.Plan.Finding.Fingerprint == finding.Fingerprint:
			repairs++
		}
	}
	if repairs > 1 {
		l.fault("%s was repaired again: %v", finding.Object, states(history.Attempts))
	}
	undone := done.State == healer.Undone
	if undone != taken || !undone && done.State != healer.Verified {
		l.fault("%s is %s, and an undo of it verified=%t", finding.Object, done.State, taken)
	}
	if muted := l.muted(history); muted != undone && !l.begun(history) {
		l.fault("%s is %s, and its finding muted=%t", finding.Object, done.State, muted)
	}
	return undone
}

// muted reports whether the finding of the repair is muted.
func (l *lives) muted(history healer.History) bool {
	id := l.done(history).Plan.Finding.ID
	return slices.ContainsFunc(history.Findings, func(f healer.Finding) bool { return f.ID == id && f.Status == healer.Muted })
}

// done is the repair that is taken back.
func (l *lives) done(history healer.History) healer.Attempt {
	i := slices.IndexFunc(history.Attempts, func(a healer.Attempt) bool { return a.ID == l.undoes })
	return history.Attempts[i]
}

// begun reports whether an undo in several transactions was cut short after it
// had begun: then it may have got half-way.
func (l *lives) begun(history healer.History) bool {
	return slices.ContainsFunc(history.Attempts, func(a healer.Attempt) bool {
		return a.UndoOf == l.undoes && !a.Verified && len(a.Steps) > 0 && a.Plan.UndoMode != rules.Transaction
	})
}

// explainUndo compares what came of a kill in an undo with what the ledger says
// came of it: a quiet undo, or the repair as it was. One that got half-way is
// muted, so that it can be gone on with; then it is.
func (l *lives) explainUndo(left quiet) {
	l.t.Helper()
	history, _ := l.settle()
	undone := l.undone(history)
	if !undone && l.muted(history) {
		l.undo()
		undone = true
	}
	want := left.repaired
	if undone {
		want = left.undone
	}
	now := l.look(want.healed)
	l.compareRows("the rows of", now.rows, want.rows)
	l.compareRows("the rows, with those in quarantine, of", now.whole, want.whole)
	for _, name := range names(want.relations, now.relations) {
		if diff := want.relations[name].Diff(now.relations[name]); len(diff) > 0 {
			l.fault("%s is not as the ledger says: %s; %v", name, diff[0], states(history.Attempts))
		}
		if n, m := len(now.more[name]), len(want.more[name]); n != m {
			l.fault("of %s there are %d more, not %d", name, n, m)
		}
	}
}
