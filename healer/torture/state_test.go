package torture

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/ledger"
)

// look takes everything in.
func (l *lives) look() world {
	l.t.Helper()
	w := world{relations: make(map[string]healer.Snapshot)}
	relations, err := l.stage.Look(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	plain := l.plain(relations)
	for name, s := range relations {
		w.relations[plain(name)] = stable(s, plain)
	}
	tables, err := l.stage.Tables(l.t.Context())
	if err == nil {
		w.rows, err = l.stage.Rows(l.t.Context(), tables, false)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return w
}

// settle lets the next processes work until every attempt is settled and
// nothing is repaired any more, and says what they repaired.
func (l *lives) settle() (attempts []healer.Attempt, last healer.Result) {
	l.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		r, err := l.run(&knife{})
		book, opened := ledger.OpenReadOnly(l.state)
		if opened != nil {
			l.t.Fatal(opened)
		}
		now, recalled := healer.Recall(l.t.Context(), book, time.Now())
		_, chain := book.Verify(l.t.Context())
		_ = book.Close()
		if recalled != nil || chain != nil {
			l.t.Fatalf("the ledger is not sound: %v, %v", recalled, chain)
		}
		open := slices.ContainsFunc(now.Attempts, func(a healer.Attempt) bool { return !a.State.Final() })
		if err == nil && !open && len(r.Repairs) == 0 {
			return now.Attempts, r
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("it does not settle: %v, %d repairs, %+v", err, len(r.Repairs), states(now.Attempts))
		}
	}
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
	attempts, last := l.settle()
	verified := make(map[string]int)
	for _, a := range attempts {
		if a.Verified {
			verified[a.Plan.Finding.Fingerprint]++
		}
	}
	for fingerprint, n := range verified {
		if n > 1 {
			l.t.Errorf("%s was repaired %d times: %v", fingerprint, n, states(attempts))
		}
	}
	reported := l.reported(last)
	now := l.look()
	for name, rows := range l.before.rows {
		if now.rows[name] != rows && now.rows[name] != want.rows[name] {
			l.t.Errorf("the rows of %s were %s and are %s", name, rows, now.rows[name])
		}
	}
	for _, name := range names(want.relations, now.relations) {
		if diff := want.relations[name].Diff(now.relations[name]); len(diff) > 0 && !l.spared(name, diff[0], victim, reported, now) {
			l.t.Errorf("%s is not as a quiet repair leaves it: %s; %v", name, diff[0], states(attempts))
		}
	}
}

// leavings are the rules of what an interruption can leave behind. In a daemon
// they run beside the rule that was interrupted.
var leavings = []string{"index/invalid", "index/reindex-leftover", "index/invalid-unique"}

// reported lists the names of objects that a person or another rule is told of.
func (l *lives) reported(last healer.Result) []string {
	l.t.Helper()
	var out []string
	for _, p := range last.Plans {
		if p.Decision.Verdict != healer.Proceed {
			out = append(out, p.Plan.Finding.Object.Name)
		}
	}
	c := l.stage.Config
	c.Rules = l.set
	r, err := healer.New(c).Find(l.t.Context(), healer.Options{Rules: leavings})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range r.Findings {
		out = append(out, f.Object.Name)
	}
	return out
}

// spared reports whether an object that is not as a quiet repair leaves it is
// explained: its fault is reported, or it is as it was before and the crash took
// the statistics that proved the fault.
func (l *lives) spared(name, diff, victim string, reported []string, now world) bool {
	for _, object := range reported {
		if strings.Contains(name, object) || strings.Contains(diff, object) {
			return true
		}
	}
	if strings.Contains(name, "pgmend_quarantine ") {
		return true // each attempt has its own, and it stays: somebody's rows are in it
	}
	unproved := victim != "daemon" && strings.Contains(l.rule.Detect.Text, "pg_stat_get_")
	return unproved && len(l.before.relations[name].Diff(now.relations[name])) == 0
}

// ofAttempt is a table that is named after the attempt that made it. The server
// cuts it in the names of constraints.
var ofAttempt = regexp.MustCompile(`pgmend_quarantine_[0-9a-z]+`)

// plain leaves out of a text what is another in each life: the stage's name in
// the roles', and attempts in the names of their tables, which are numbered in
// the order in which they were made.
func (l *lives) plain(relations map[string]healer.Snapshot) func(string) string {
	var made []string
	for name := range relations {
		made = append(made, ofAttempt.FindAllString(name, -1)...)
	}
	slices.Sort(made)
	made = slices.Compact(made)
	return func(text string) string {
		text = strings.ReplaceAll(text, l.stage.Name, "stage")
		return ofAttempt.ReplaceAllStringFunc(text, func(cut string) string {
			i := slices.IndexFunc(made, func(name string) bool { return strings.HasPrefix(name, cut) })
			return fmt.Sprintf("pgmend_quarantine %d", i+1)
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
