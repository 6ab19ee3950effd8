package healer

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// retries is how often a failed repair is tried again before it is
// quarantined, and breakAfter how many failures within breakSpan stop all
// repairs of a database.
const (
	retries    = 1
	breakAfter = 3
	breakSpan  = 24 * time.Hour
)

// guardQuarantine refuses what failed and failed again. A later approval of
// the plan by a person is a new chance.
func (r *run) guardQuarantine(p Plan, _ *rules.Rule) *Decision {
	failed := 0
	for _, a := range slices.Backward(r.memory.attempts) {
		if a.Plan.Finding.Fingerprint != p.Finding.Fingerprint || a.UndoOf != "" {
			continue
		}
		if a.State == Deferred || a.State == Refused {
			continue
		}
		if !a.failed() {
			break
		}
		if ok := r.memory.plans[p.ID].Approval; ok != nil && ok.Approved && ok.At.After(a.Ended) {
			break
		}
		failed++
	}
	if failed > retries {
		return refuse(GuardQuarantine, "%d repairs of it failed in a row; pgmend approve %s allows one more", failed, p.ID)
	}
	return nil
}

// guardBreaker stops all repairs after repeated failures, until somebody has
// looked and resumed.
func (r *run) guardBreaker(Plan, *rules.Rule) *Decision {
	since := r.now().Add(-breakSpan)
	if resumed := r.memory.control.resumed(r.now()); resumed.After(since) {
		since = resumed
	}
	failed := make(map[string]bool)
	for _, a := range r.memory.attempts {
		if a.failed() && a.Ended.After(since) {
			failed[a.Plan.Finding.Fingerprint] = true
		}
	}
	if len(failed) >= breakAfter {
		return refuse(GuardBreaker, "repairs of %d objects failed within %s; look at them, then pgmend resume", len(failed), breakSpan)
	}
	return nil
}

// guardObject refuses objects that are not the site's own to repair.
func (r *run) guardObject(ctx context.Context, p Plan) *Decision {
	s, err := r.cfg.Snapshotter.Snapshot(ctx, p.Finding.Object)
	switch {
	case err != nil:
		r.suspect(err, true)
		return refuse(GuardObject, "its definition cannot be read now: %v", err)
	case s.Extension != "":
		return refuse(GuardObject, "it belongs to the extension %s", s.Extension)
	case s.Temporary:
		return refuse(GuardObject, "it is another session's temporary object")
	case s.System && !maintenance(p):
		return refuse(GuardObject, "it is a system catalog")
	case s.OwnerSuper && !r.cfg.Policy.AllowSuperuser:
		return refuse(GuardOwner, "its owner %s is a superuser, and the healer is not; a superuser may run: %s", s.Owner, script(p))
	}
	return nil
}

// maintenance reports whether the plan only vacuums or analyzes, which system
// catalogs may need too.
func maintenance(p Plan) bool {
	for _, s := range p.Steps {
		if s.Class != "vacuum" && s.Class != "analyze" {
			return false
		}
	}
	return true
}

// script is the plan's SQL for a person to run.
func script(p Plan) string {
	out := ""
	for _, s := range p.Steps {
		out += s.SQL + "; "
	}
	return out
}

// recalled is what guards may ask of the memory: since when the fault has been
// known, and how many repairs of its rule were verified within the last hour.
func (r *run) recalled(f Finding) rules.Values {
	if known, ok := r.memory.findings[f.ID]; ok && known.Status != Resolved {
		f.FirstSeen = known.FirstSeen
	}
	repairs := 0
	for _, a := range r.memory.attempts {
		if a.Verified && a.UndoOf == "" && a.Plan.Finding.Rule == f.Rule && a.Ended.After(r.now().Add(-time.Hour)) {
			repairs++
		}
	}
	return rules.Values{
		"finding.first_seen": rules.Text(f.FirstSeen.Format(time.RFC3339Nano)),
		"repairs.last_hour":  rules.Text(strconv.Itoa(repairs)),
	}
}

// guardRows asks the rule's own guards: any row refuses.
func (r *run) guardRows(ctx context.Context, f Finding, rule *rules.Rule) *Decision {
	values := r.base(rule).Merge(f.Facts, r.recalled(f))
	for _, g := range rule.Guards {
		if slices.Contains(g.Names(), rules.WALFree) {
			free, err := r.walFree(ctx, f)
			if err != nil {
				return refuse(g.Name, "what is free cannot be measured now: %v", err)
			}
			values[rules.WALFree] = free
		}
		rows, err := r.read(ctx, rule, g.Query, values)
		if err != nil {
			return refuse(g.Name, "the guard could not be asked: %v", err)
		}
		if len(rows) > 0 {
			reason := "a row refused"
			if len(rows[0]) > 0 && !rows[0][0].Null {
				reason = rows[0][0].Text
			}
			if rows[0].Text(rules.Damage) != "" {
				r.damage = reason // and that stops all repairs
			}
			return refuse(g.Name, "%s", reason)
		}
	}
	return nil
}
