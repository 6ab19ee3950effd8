package event

import (
	"log/slog"

	"github.com/pgmend/pgmend/healer"
)

// Event is one entry of the catalogue.
type Event struct {
	Code    string // PGM-nnnn; once given it never means anything else
	Action  healer.Action
	Level   slog.Level
	Outcome string // success, failure, unknown: as the Elastic Common Schema has it
	Title   string
	ToDo    string // what a person should do; "": nothing
}

// Catalogue lists every event, in the order of its codes.
func Catalogue() []Event {
	const info, warn, bad, debug = slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelDebug
	return []Event{
		{"PGM-1001", healer.CycleStarted, debug, "unknown", "a cycle started", ""},
		{"PGM-1002", healer.CycleCompleted, debug, "success", "a cycle completed: the heartbeat", "alert when it stays away"},
		{"PGM-1101", healer.RuleSkipped, warn, "unknown", "something could not be judged", "see the hint; a blind rule needs a GRANT"},
		{"PGM-2001", healer.FindingOpened, warn, "unknown", "a fault was found", ""},
		{"PGM-2002", healer.FindingUpdated, debug, "unknown", "a fault is still there", ""},
		{"PGM-2003", healer.FindingResolved, info, "success", "a fault is gone", ""},
		{"PGM-2004", healer.FindingMuted, info, "unknown", "a finding was muted", ""},
		{"PGM-2005", healer.FindingUnmuted, info, "unknown", "a finding was unmuted", ""},
		{"PGM-3001", healer.PlanProposed, info, "unknown", "a repair was planned", ""},
		{"PGM-3002", healer.PlanApproved, info, "success", "a plan was approved", ""},
		{"PGM-3003", healer.PlanRejected, info, "failure", "a plan was rejected", ""},
		{"PGM-3004", healer.PlanVoid, info, "unknown", "a plan was void: its basis changed", ""},
		{"PGM-4001", healer.RepairWaiting, info, "unknown", "a repair waits", "approve it, or configure a window"},
		{"PGM-4002", healer.RepairRefused, info, "failure", "a guard refused a repair", "see the guard and its reason"},
		{"PGM-4003", healer.RepairIntended, info, "unknown", "a repair begins", ""},
		{"PGM-4004", healer.StepStarted, debug, "unknown", "a statement begins", ""},
		{"PGM-4005", healer.StepFinished, debug, "unknown", "a statement ended", ""},
		{"PGM-4006", healer.RepairApplied, debug, "unknown", "a repair's statements are through", ""},
		{"PGM-4007", healer.RepairVerified, info, "success", "a repair is verified", ""},
		{"PGM-4008", healer.RepairFailed, bad, "failure", "a repair failed", "pgmend repairs show ID"},
		{"PGM-4009", healer.RepairDeferred, info, "unknown", "a repair yielded to somebody", ""},
		{"PGM-4010", healer.RepairInterrupted, warn, "unknown", "a repair was interrupted", ""},
		{"PGM-4011", healer.RepairReconciled, warn, "unknown", "an interrupted repair was looked into", "pgmend repairs show ID"},
		{"PGM-4012", healer.RepairUndone, info, "success", "a repair was undone", ""},
		{"PGM-5001", healer.HealerPaused, warn, "unknown", "all repairs are paused", "pgmend resume"},
		{"PGM-5003", healer.ClaimIgnored, warn, "unknown", "a session claimed for too long what delays repairs", "see who it is; a repair goes on beside it"},
		{"PGM-5002", healer.HealerResumed, info, "unknown", "repairs run again", ""},
	}
}

// byAction returns the catalogue by action.
func byAction() map[healer.Action]Event {
	out := make(map[healer.Action]Event)
	for _, e := range Catalogue() {
		out[e.Action] = e
	}
	return out
}
