package torture

import (
	"regexp"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// count counts findings by their objects, as these are called in every life.
type count map[string]int

// account makes sure of every object that a quiet repair heals that it is healed,
// or that somebody is told why not, or that the crash itself explains why
// nothing is found. A rule that could not be judged explains nothing.
func (l *lives) account(victim string, want, now world, attempts []healer.Attempt, last healer.Result) {
	l.t.Helper()
	found, reported := l.found(last)
	healed, seen := make(count), make(map[string]bool)
	for _, a := range attempts {
		f := a.Plan.Finding
		if a.Verified && a.UndoOf == "" && !found[f.Fingerprint] && !seen[f.Fingerprint] {
			seen[f.Fingerprint] = true
			healed[l.called(f.Object)]++
		}
	}
	wanted, objects := make(count), make(map[string]healer.Object)
	for _, o := range want.healed {
		wanted[o.String()]++
		objects[o.String()] = o
	}
	for name, n := range wanted {
		switch {
		case healed[name]+reported[name] >= n:
		case l.endedBy(victim, objects[name]):
			l.crash = name + " ended with the server"
		case l.unproved(victim, name, now):
			l.crash = "the crash took the statistics that prove the fault of " + name
		default:
			l.fault("of %s, which a quiet repair heals, %d is healed and %d reported, of %d: %v", name, healed[name], reported[name], n, states(attempts))
		}
	}
}

// found are the fingerprints of what is still found, and reported counts those of
// them, with what could not be judged, of which is said why nothing was done.
func (l *lives) found(last healer.Result) (found map[string]bool, reported count) {
	l.t.Helper()
	found, reported = make(map[string]bool), make(count)
	said := make(map[string]bool)
	for _, p := range last.Plans {
		if f := p.Plan.Finding; p.Decision.Verdict != healer.Proceed && p.Decision.Reason != "" {
			said[f.Fingerprint] = true
		}
	}
	for _, s := range last.Skips {
		if s.Object == "" {
			l.fault("the rule could not be judged: %s: %s", s.Reason, s.Message)
			continue
		}
		reported[strings.ReplaceAll(s.Object, l.stage.Name, anyStage)]++
	}
	for _, f := range last.Findings {
		found[f.Fingerprint] = true
		name := l.called(f.Object)
		switch {
		case said[f.Fingerprint]:
			reported[name]++
		case reported[name] == 0:
			l.fault("%s is found, and neither repaired nor is it said why not", name)
		}
	}
	return found, reported
}

// called is what an object is called in every life.
func (l *lives) called(o healer.Object) string { return l.anywhere(o).String() }

// anywhere is an object as it is found in every life: but for sessions, whose
// names are their processes', it has its name.
func (l *lives) anywhere(o healer.Object) healer.Object {
	if o.Kind == healer.ObjectSession {
		return healer.Object{Kind: o.Kind, Name: "of this life"}
	}
	o.Name = strings.ReplaceAll(o.Name, l.stage.Name, anyStage)
	return o
}

// endedBy reports whether the crash ended what was at fault: a session does not
// outlive the server. Whatever else is repaired does.
func (l *lives) endedBy(victim string, o healer.Object) bool {
	return victim != "daemon" && o.Kind == healer.ObjectSession
}

// cumulative are what the server counts and forgets in a crash: the statistics
// and, from version 17 on, since when a slot is inactive.
var cumulative = regexp.MustCompile(`pg_stat_get_(live|dead|mod|ins|tuples|numscans|last|db|bgwriter)|pg_stat_(bgwriter|checkpointer|wal|user_indexes)\b|inactive_since`)

// forgot reports whether the victim's death took what proves the rule's faults.
func (l *lives) forgot(victim string) bool {
	if victim == "daemon" {
		return false
	}
	for _, q := range []*rules.Query{&l.rule.Detect, l.rule.Capture, l.rule.Prove} {
		if q != nil && cumulative.MatchString(q.Text) {
			return true
		}
	}
	return false
}

// unproved reports whether an object is as it was before, and what proved its
// fault is forgotten.
func (l *lives) unproved(victim, name string, now world) bool {
	return l.forgot(victim) && len(l.before.relations[name].Diff(now.relations[name])) == 0
}
