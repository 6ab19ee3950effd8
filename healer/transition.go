package healer

import (
	"context"
	"time"
)

// Observer is told of every transition after it is durable. Live output, log
// events and metrics are observers; none of them can stop a repair.
type Observer interface {
	Observe(ctx context.Context, t Transition)
}

// Transition is one thing that happened, in the order of Action's list.
type Transition struct {
	At       time.Time `json:"at"`
	Action   Action    `json:"action"`
	Database string    `json:"database,omitempty"`
	Finding  *Finding  `json:"finding,omitempty"`
	Plan     *Plan     `json:"plan,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
	Attempt  *Attempt  `json:"attempt,omitempty"`
	Step     *StepRun  `json:"step,omitempty"`
	Skip     *Skip     `json:"skip,omitempty"`
	Message  string    `json:"message,omitempty"`
}

// Action names a transition; it is also the event.action in the log.
type Action string

// The transitions, in the order in which they come.
const (
	CycleStarted      Action = "cycle.started"
	RuleSkipped       Action = "rule.skipped"
	FindingOpened     Action = "finding.opened"
	FindingUpdated    Action = "finding.updated"
	FindingResolved   Action = "finding.resolved"
	FindingMuted      Action = "finding.muted"
	FindingUnmuted    Action = "finding.unmuted"
	PlanProposed      Action = "plan.proposed"
	PlanApproved      Action = "plan.approved"
	PlanRejected      Action = "plan.rejected"
	PlanVoid          Action = "plan.void"
	RepairWaiting     Action = "repair.waiting"
	RepairRefused     Action = "repair.refused"
	RepairIntended    Action = "repair.intended"
	StepStarted       Action = "step.started"
	StepFinished      Action = "step.finished"
	RepairApplied     Action = "repair.applied"
	RepairVerified    Action = "repair.verified"
	RepairFailed      Action = "repair.failed"
	RepairDeferred    Action = "repair.deferred"
	RepairInterrupted Action = "repair.interrupted"
	RepairReconciled  Action = "repair.reconciled"
	RepairUndone      Action = "repair.undone"
	WatchSlower       Action = "watch.slower"
	WatchEnded        Action = "watch.ended"
	HealerPaused      Action = "healer.paused"
	HealerResumed     Action = "healer.resumed"
	ClaimIgnored      Action = "claim.ignored"
	CycleCompleted    Action = "cycle.completed"
)
