package healer

import (
	"context"
	"errors"
	"time"

	"github.com/pgmend/pgmend/rules"
)

// Surroundings are what goes on around a repair: who would be harmed by it,
// and what it would be harmed by.
type Surroundings struct {
	Inhibitors    []Inhibitor
	Damage        []Damage
	EventTriggers []EventTrigger
}

// Inhibitor is something that forbids a repair while it lasts.
type Inhibitor struct {
	Guard   string // "base backup", "migration" …
	Reason  string
	Claimed bool // anybody can make it seem so: it delays, and does not forbid
}

// Damage is what the server itself has counted of damaged pages.
type Damage struct {
	What string
	At   time.Time // the last time
}

// The guards over what is around a repair.
const (
	GuardVersion      = "version"
	GuardSurroundings = "surroundings"
	GuardCorruption   = "corruption"
)

// guardVersion refuses servers that nobody has tested this on, and those whose
// bugs make a repair harmful and which a minor release mends: until 13.7 and
// 14.3 an owner's code escapes from REINDEX and the like (CVE-2022-1552), and
// until 14.4 a concurrent build can miss rows (release notes of 14.4).
func (r *run) guardVersion(Plan, *rules.Rule) *Decision {
	v := r.server.Version
	switch {
	case v < rules.MinMajor*10000 || v >= (rules.MaxMajor+1)*10000:
		return refuse(GuardVersion, "PostgreSQL %d is not tested; repairs run on %d to %d", v/10000, rules.MinMajor, rules.MaxMajor)
	case v < 130007, v >= 140000 && v < 140004:
		return refuse(GuardVersion, "PostgreSQL %d.%d has bugs that make repairs unsafe; the newest minor release mends them", v/10000, v%10000)
	}
	return nil
}

// guardAround refuses while something goes on that the plan's repair or undo
// would disturb, or that would disturb it. What cannot be seen counts as going
// on.
func (r *run) guardAround(ctx context.Context, p Plan, steps []PlannedStep, mode rules.Mode) *Decision {
	if r.cfg.Operator == nil {
		return nil // it only plans
	}
	around, err := r.cfg.Operator.Around(ctx, p.Finding.Object)
	if err != nil {
		return wait(GuardSurroundings, time.Time{}, "what goes on around it cannot be seen: %v", err)
	}
	for _, d := range around.Damage {
		if d.At.After(r.memory.control.resumed(r.now())) {
			r.damage = d.What
			return refuse(GuardCorruption, "the server counted %s, last at %s; look into it, then pgmend resume",
				d.What, d.At.Format(time.RFC3339))
		}
	}
	if d := r.guardEventTriggers(around.EventTriggers, steps, mode); d != nil {
		return d
	}
	var claim *Inhibitor
	for i := range around.Inhibitors {
		switch in := &around.Inhibitors[i]; {
		case !in.Claimed && in.Guard == "fork":
			return refuse(GuardVersion, "%s is not a PostgreSQL that this is tested with", in.Reason)
		case p.Finding.Object.Kind == ObjectSession && in.Guard != GuardSurroundings:
			// Ending a session changes no object; whose may be ended is the
			// rule's to guard.
		case !in.Claimed && in.Guard == "patroni":
			if d := r.guardPatroni(ctx, in); d != nil {
				return d
			}
		case !in.Claimed:
			return wait(in.Guard, time.Time{}, "%s", in.Reason)
		default:
			claim = in
		}
	}
	return r.guardClaim(ctx, p, claim)
}

// guardPatroni refuses while Patroni is paused, which is a person's maintenance
// of the cluster. The database does not know it, so somebody has to be asked.
func (r *run) guardPatroni(ctx context.Context, in *Inhibitor) *Decision {
	if r.cfg.Patroni == nil {
		return refuse("patroni", "%s, and whether it is paused is unknown; name its REST API as connection.patroni", in.Reason)
	}
	paused, err := r.cfg.Patroni(ctx)
	switch {
	case err != nil:
		return wait("patroni", time.Time{}, "whether Patroni is paused cannot be asked: %v", err)
	case paused:
		return wait("patroni", time.Time{}, "Patroni is paused; patronictl resume ends that")
	}
	return nil
}

// suspect notes an error that says that data are damaged (appendix A of the
// documentation, class XX): a heap page or, from one of our own queries, the
// catalog. An index that is damaged can be rebuilt, and is its rule's.
func (r *run) suspect(err error, catalog bool) {
	if state := sqlState(err); state == "XX001" || state == "XX002" && catalog {
		r.damage = err.Error()
	}
}

// freeze stops all repairs where damage was seen in this run, until a person
// has looked.
func (r *run) freeze(ctx context.Context) error {
	if r.damage == "" {
		return nil
	}
	what := r.damage
	r.damage = ""
	err := r.stop(ctx, GuardCorruption, "data are damaged: %s", what)
	c, again := recallControl(ctx, r.cfg.Ledger)
	r.memory.control = c
	return errors.Join(err, again)
}
