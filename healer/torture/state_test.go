package torture

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/rulestest"
)

// world is what there is: every relation and whatever else is repaired, and every
// row of the tables.
type world struct {
	relations map[string]healer.Snapshot   // and other objects that were healed
	more      map[string][]healer.Snapshot // further ones that are called the same: a table's quarantines
	tables    []rulestest.Table
	rows      map[string]string // of each table
	whole     map[string]string // the same, with those of its rows that are in quarantine
	healed    []healer.Object   // that a quiet repair healed
}

// look takes everything in, with others of the objects that a quiet repair
// healed than relations.
func (l *lives) look(healed []healer.Object) world {
	l.t.Helper()
	ctx := l.t.Context()
	w := world{relations: make(map[string]healer.Snapshot), more: make(map[string][]healer.Snapshot), healed: healed}
	relations, err := l.stage.Look(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	held, err := l.stage.Quarantines(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	plain := l.plain(held)
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		called, s := plain(name), stable(relations[name], plain)
		if _, there := w.relations[called]; there {
			w.more[called] = append(w.more[called], s)
		} else {
			w.relations[called] = s
		}
	}
	for _, o := range healed {
		if o.Kind == "" || o.Kind == healer.ObjectSession {
			continue // it is a relation, or another one in each life
		}
		called := o.String()
		o.Name = strings.ReplaceAll(o.Name, anyStage, l.stage.Name)
		s, err := l.stage.Config.Snapshotter.Snapshot(ctx, o)
		if err != nil {
			l.t.Fatal(err)
		}
		w.relations[called] = stable(s, plain)
	}
	if w.tables, err = l.stage.Tables(ctx); err == nil {
		w.rows, err = l.stage.Rows(ctx, w.tables, false)
	}
	// In the columns that there were: a repair may have added one.
	before := w.tables
	if l.before.tables != nil {
		before = l.before.tables
	}
	if err == nil {
		w.whole, err = l.stage.Rows(ctx, before, true)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return w
}

// settle lets the next process work, in one cycle after the other, until every
// attempt is settled and nothing is repaired any more, and says what its last
// cycle came to. Where an error ends one, there is another process after it.
func (l *lives) settle() (now healer.History, last healer.Result) {
	l.t.Helper()
	ctx, cancel := l.limited()
	defer cancel()
	deadline := time.Now().Add(90 * time.Second)
	settled := false
	cycle := func(h *healer.Healer) (err error) {
		if last, err = h.Heal(ctx, options(l.subject)); err == nil {
			now = l.recall()
			settled = len(last.Repairs) == 0 && !slices.ContainsFunc(now.Attempts, func(a healer.Attempt) bool { return !a.State.Final() })
		}
		return err
	}
	for round := 1; ; round++ {
		err := l.next(&knife{}).do(ctx, func(h *healer.Healer) (err error) {
			for cycles := 0; cycles < 3 && err == nil && !settled; cycles++ {
				err = cycle(h)
			}
			return err
		})
		if settled {
			return now, last
		}
		// On a busy machine a single one may take that long.
		if round >= 5 && time.Now().After(deadline) {
			l.fault("it does not settle: %v, %d repairs, %+v", err, len(last.Repairs), states(now.Attempts))
			l.t.FailNow()
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// recall is what the ledger says, whose chain has to hold.
func (l *lives) recall() healer.History {
	l.t.Helper()
	book, err := ledger.OpenReadOnly(l.state)
	if err != nil {
		l.t.Fatal(err)
	}
	now, recalled := healer.Recall(l.t.Context(), book, time.Now())
	_, chain := book.Verify(l.t.Context())
	_ = book.Close()
	if recalled != nil || chain != nil {
		l.fault("the ledger is not sound: %v, %v", recalled, chain)
		l.t.FailNow()
	}
	return now
}

func states(list []healer.Attempt) []string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s %s verified=%t %s", a.Plan.Finding.Object, a.State, a.Verified, a.Err))
	}
	return out
}

// explain compares what came of a kill with what comes of a quiet repair.
func (l *lives) explain(victim string, want world) {
	l.t.Helper()
	history, last := l.settle()
	verified := make(map[string]int)
	for _, a := range history.Attempts {
		if a.Verified {
			verified[a.Plan.Finding.Fingerprint]++
		}
	}
	for fingerprint, n := range verified {
		if n > 1 {
			l.fault("%s was repaired %d times: %v", fingerprint, n, states(history.Attempts))
		}
	}
	now := l.look(want.healed)
	l.account(victim, want, now, history.Attempts, last)
	l.compareRows("the rows of", now.rows, l.before.rows, want.rows)
	// Who waited for a session that was ended goes on, after a quiet repair too.
	l.compareRows("the rows, with those in quarantine, of", now.whole, l.before.whole, want.whole)
	heard := sync.OnceValue(func() told { return l.told(last) }) // most often nobody need be told
	for _, name := range names(want.relations, now.relations) {
		if diff := want.relations[name].Diff(now.relations[name]); len(diff) > 0 && !l.spared(name, victim, heard(), want, now) {
			l.fault("%s is not as a quiet repair leaves it: %s; %v", name, diff[0], states(history.Attempts))
		}
		for _, s := range now.more[name] {
			if diff := now.relations[name].Diff(s); len(diff) > 0 {
				l.fault("another %s is not as the first: %s", name, diff[0])
			}
		}
	}
}

// compareRows makes sure that the rows of each table that there was are those of
// one of some worlds.
func (l *lives) compareRows(what string, now map[string]string, worlds ...map[string]string) {
	l.t.Helper()
	for name := range l.before.rows {
		if !slices.ContainsFunc(worlds, func(rows map[string]string) bool { return rows[name] == now[name] }) {
			l.fault("%s %s were %s and are %s", what, name, worlds[0][name], now[name])
		}
	}
}

// fault is something that nothing explains.
func (l *lives) fault(format string, args ...any) {
	l.t.Helper()
	if l.why == "" {
		l.why = fmt.Sprintf(format, args...)
	}
	l.t.Errorf(format, args...)
}

// leavings are the rules of what an interruption can leave behind. In a daemon
// they run beside the rule that was interrupted.
var leavings = []string{"index/invalid", "index/reindex-leftover", "index/invalid-unique"}

// told is what a person or another rule is told of: objects, by their names and
// oids, and the tables they are of.
type told struct {
	names map[string]bool
	own   map[uint32]bool // the objects alone
	oids  map[uint32]bool
}

func (s told) add(o healer.Object) {
	s.names[o.String()] = true
	s.own[o.OID] = true
	s.oids[o.OID], s.oids[o.TableOID] = true, true
}

func (l *lives) told(last healer.Result) told {
	l.t.Helper()
	out := told{make(map[string]bool), make(map[uint32]bool), make(map[uint32]bool)}
	for _, p := range last.Plans {
		if p.Decision.Verdict != healer.Proceed {
			out.add(p.Plan.Finding.Object)
		}
	}
	c := l.stage.Config
	c.Rules = l.set
	r, err := healer.New(c).Find(l.t.Context(), healer.Options{Rules: leavings})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range r.Findings {
		out.add(f.Object)
	}
	return out
}

// spared reports whether an object that is not as a quiet repair leaves it is
// explained: its fault is reported and nothing of it is otherwise than before or
// after a quiet repair, or it is as it was before and the crash took the
// statistics that proved the fault.
func (l *lives) spared(name, victim string, heard told, want, now world) bool {
	if _, source, ok := strings.Cut(name, ofTable); ok {
		// It is not there because nothing has moved, and somebody is told so. One that
		// a quiet repair does not leave, or that is empty, is left over.
		_, there := now.relations[name]
		return !there && now.rows[source] == l.before.rows[source] &&
			slices.ContainsFunc(want.healed, func(o healer.Object) bool { return heard.names[o.String()] })
	}
	was, is, leaves := l.before.relations[name], now.relations[name], want.relations[name]
	if l.forgot(victim) && len(was.Diff(is)) == 0 {
		return true
	}
	if !heard.names[name] && (is.OID == 0 || !heard.oids[is.OID]) {
		return false
	}
	switch {
	case !is.Exists():
		return !was.Exists() || !leaves.Exists()
	case !was.Exists() && !leaves.Exists():
		return unfinished(is) && heard.own[is.OID]
	}
	one := func(is, was, leaves string) bool { return is == was || is == leaves }
	if !one(is.Kind, was.Kind, leaves.Kind) || !one(is.Owner, was.Owner, leaves.Owner) {
		return false
	}
	all, before, after := properties(is), properties(was), properties(leaves)
	for _, list := range []map[string]string{all, before, after} {
		for key := range list {
			if !one(all[key], before[key], after[key]) && !l.halfBuilt(key, is, heard, now) {
				return false
			}
		}
	}
	return true
}

// halfBuilt reports whether a property tells of an index that an interrupted
// build left, and that is itself reported.
func (l *lives) halfBuilt(property string, of healer.Snapshot, heard told, now world) bool {
	if unfinished(of) {
		return property == "state" && heard.own[of.OID]
	}
	index, ok := strings.CutPrefix(property, "index ")
	if !ok {
		return false
	}
	is := now.relations[properties(of)["schema"]+"."+index]
	return unfinished(is) && heard.own[is.OID]
}

// unfinished reports whether an object is an index that is not valid.
func unfinished(s healer.Snapshot) bool {
	return strings.HasSuffix(s.Kind, "index") && strings.HasPrefix(properties(s)["state"], "valid f")
}

func properties(s healer.Snapshot) map[string]string {
	out := make(map[string]string, len(s.Properties))
	for _, p := range s.Properties {
		out[p.Name] = p.Value
	}
	return out
}

// ofAttempt is a table that is named after the attempt that made it, in whose
// place it is called by the table whose rows it holds. The server cuts it in the
// names of constraints.
var ofAttempt = regexp.MustCompile(`pgmend_quarantine_[0-9a-z]+`)

const ofTable = "pgmend_quarantine of "

// anyStage is what a stage is called in all lives.
const anyStage = "{stage}"

// plain leaves out of a text what is another in each life: the stage's name in
// the roles', and attempts in the names of their tables.
func (l *lives) plain(held map[string][]string) func(string) string {
	called := make(map[string]string)
	for name, sources := range held {
		table := ofAttempt.FindString(name)
		called[table] = ofTable + strings.Join(sources, ", ")
	}
	return func(text string) string {
		text = strings.ReplaceAll(text, l.stage.Name, anyStage)
		return ofAttempt.ReplaceAllStringFunc(text, func(cut string) string {
			for table, as := range called {
				if strings.HasPrefix(table, cut) {
					return as
				}
			}
			return cut
		})
	}
}

// stable leaves out what a crash changes by itself, as a sequence logs up to 32
// values ahead.
func stable(s healer.Snapshot, plain func(string) string) healer.Snapshot {
	var kept []healer.Property
	for _, p := range s.Properties {
		if p.Name != "last value" {
			kept = append(kept, healer.Property{Name: plain(p.Name), Value: plain(p.Value)})
		}
	}
	s.Owner, s.Properties = plain(s.Owner), kept
	return s
}

func names(a, b map[string]healer.Snapshot) []string {
	var out []string
	for name := range a {
		out = append(out, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
