package event

import (
	"log/slog"

	"github.com/pgmend/pgmend/healer"
)

// Event is one entry of the catalogue.
type Event struct {
	Code    string // PGM-nnnn; once given it never means anything else
	Name    string // of its alert rules
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
		{"PGM-1001", "PgmendCycleStarted", healer.CycleStarted, debug, "unknown", "a cycle started", ""},
		{"PGM-1002", "PgmendHeartbeat", healer.CycleCompleted, info, "success", "a cycle completed: the heartbeat", "alert when it stays away"},
		{"PGM-1101", "PgmendRuleSkipped", healer.RuleSkipped, warn, "unknown", "something could not be judged", "see the hint; a blind rule needs a GRANT"},
		{"PGM-2001", "PgmendFindingOpened", healer.FindingOpened, warn, "unknown", "a fault was found", ""},
		{"PGM-2002", "PgmendFindingStays", healer.FindingUpdated, debug, "unknown", "a fault is still there", ""},
		{"PGM-2003", "PgmendFindingResolved", healer.FindingResolved, info, "success", "a fault is gone", ""},
		{"PGM-2004", "PgmendFindingMuted", healer.FindingMuted, info, "unknown", "a finding was muted", ""},
		{"PGM-2005", "PgmendFindingUnmuted", healer.FindingUnmuted, info, "unknown", "a finding was unmuted", ""},
		{"PGM-3001", "PgmendPlanProposed", healer.PlanProposed, info, "unknown", "a repair was planned", ""},
		{"PGM-3002", "PgmendPlanApproved", healer.PlanApproved, info, "success", "a plan was approved", ""},
		{"PGM-3003", "PgmendPlanRejected", healer.PlanRejected, info, "failure", "a plan was rejected", ""},
		{"PGM-3004", "PgmendPlanVoid", healer.PlanVoid, info, "unknown", "a plan was void: its basis changed", ""},
		{"PGM-4001", "PgmendRepairWaiting", healer.RepairWaiting, info, "unknown", "a repair waits", "approve it, or configure a window"},
		{"PGM-4002", "PgmendRepairRefused", healer.RepairRefused, info, "failure", "a guard refused a repair", "see the guard and its reason"},
		{"PGM-4003", "PgmendRepairBegins", healer.RepairIntended, info, "unknown", "a repair begins", ""},
		{"PGM-4004", "PgmendStepBegins", healer.StepStarted, debug, "unknown", "a statement begins", ""},
		{"PGM-4005", "PgmendStepEnded", healer.StepFinished, debug, "unknown", "a statement ended", ""},
		{"PGM-4006", "PgmendRepairApplied", healer.RepairApplied, debug, "unknown", "a repair's statements are through", ""},
		{"PGM-4007", "PgmendRepairVerified", healer.RepairVerified, info, "success", "a repair is verified", ""},
		{"PGM-4008", "PgmendRepairFailed", healer.RepairFailed, bad, "failure", "a repair failed", "pgmend repairs show ID"},
		{"PGM-4009", "PgmendRepairDeferred", healer.RepairDeferred, info, "unknown", "a repair yielded to somebody", ""},
		{"PGM-4010", "PgmendRepairInterrupted", healer.RepairInterrupted, warn, "unknown", "a repair was interrupted", ""},
		{"PGM-4011", "PgmendRepairReconciled", healer.RepairReconciled, warn, "unknown", "an interrupted repair was looked into", "pgmend repairs show ID"},
		{"PGM-4012", "PgmendRepairUndone", healer.RepairUndone, info, "success", "a repair was undone", ""},
		{"PGM-4013", "PgmendStatementsSlower", healer.WatchSlower, warn, "failure", "a repair made statements slower", "pgmend repairs show ID; it is undone, or says what keeps it"},
		{"PGM-4014", "PgmendWatchEnded", healer.WatchEnded, info, "unknown", "the statements after a repair were watched", ""},
		{"PGM-5001", "PgmendPaused", healer.HealerPaused, warn, "unknown", "all repairs are paused", "pgmend resume"},
		{"PGM-5002", "PgmendResumed", healer.HealerResumed, info, "unknown", "repairs run again", ""},
		{"PGM-5003", "PgmendClaimIgnored", healer.ClaimIgnored, warn, "unknown", "a session claimed for too long what delays repairs", "see who it is; a repair goes on beside it"},
		{"PGM-6001", "PgmendStarted", DaemonStarted, info, "success", "pgmend runs", ""},
		{"PGM-6002", "PgmendWaiting", DaemonWaiting, warn, "unknown", "waiting for PostgreSQL", "pgmend doctor"},
		{"PGM-6003", "PgmendHangs", DaemonHangs, bad, "failure", "something hangs; systemd starts pgmend again", "report it, with the log"},
		{"PGM-6004", "PgmendConfigAccepted", ConfigAccepted, info, "success", "the configuration is accepted", ""},
		{"PGM-6005", "PgmendConfigRefused", ConfigRefused, bad, "failure", "the configuration is refused, and the running one kept", "pgmend config check"},
		{"PGM-6101", "PgmendLogFollowed", LogFollowed, info, "success", "the server's log is followed", ""},
		{"PGM-6102", "PgmendLogUnreadable", LogUnreadable, warn, "failure", "a log cannot be read now, so faults are found by the schedule only", "pgmend doctor"},
		{"PGM-6103", "PgmendLogGap", LogGap, warn, "failure", "a piece of the log was destroyed before it was read", ""},
		{"PGM-6104", "PgmendLogQuarantined", LogQuarantined, bad, "failure", "a record of the log ended the process twice and is passed over", "report it, with the record"},
		{"PGM-6105", "PgmendLogUnconfirmed", LogUnconfirmed, warn, "unknown", "an event of the log may be a client's forgery, so no rule acts on it", "log_destination = csvlog or jsonlog, or a log_line_prefix without %u, %d and %a"},
		{"PGM-6106", "PgmendLogLinesMissing", LogLinesMissing, warn, "failure", "lines of a session never came into the log", "the disk was full, or the log's path loses lines"},
		{"PGM-9001", "PgmendTest", AlertTested, info, "unknown", "a test of the alerts", ""},
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
