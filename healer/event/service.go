package event

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pgmend/pgmend/healer"
)

// What the daemon says of itself, beside the healer's transitions.
const (
	DaemonStarted   healer.Action = "daemon.started"
	DaemonWaiting   healer.Action = "daemon.waiting"
	DaemonHangs     healer.Action = "daemon.hangs"
	ConfigAccepted  healer.Action = "config.accepted"
	ConfigRefused   healer.Action = "config.refused"
	LogFollowed     healer.Action = "log.followed"
	LogUnreadable   healer.Action = "log.unreadable"
	LogGap          healer.Action = "log.gap"
	LogQuarantined  healer.Action = "log.quarantined"
	LogUnconfirmed  healer.Action = "log.unconfirmed"
	LogLinesMissing healer.Action = "log.lines_missing"
	AlertTested     healer.Action = "alert.tested"
)

// Actions lists those of all events.
func Actions() []healer.Action {
	var out []healer.Action
	for _, e := range Catalogue() {
		out = append(out, e.Action)
	}
	return out
}

// Tell writes an event of the daemon itself.
func Tell(ctx context.Context, log *slog.Logger, action healer.Action, attrs ...slog.Attr) {
	for _, e := range Catalogue() {
		if e.Action == action {
			log.LogAttrs(ctx, e.Level, e.Title, append(e.head(), attrs...)...)
			return
		}
	}
}

// head are the keys that every event has.
func (e Event) head() []slog.Attr {
	return []slog.Attr{
		slog.String(KeyCode, e.Code), slog.String(KeyAction, string(e.Action)),
		slog.String(KeyOutcome, e.Outcome), slog.String(KeySystem, "postgresql"),
	}
}

// ErrUnknownCode says that the catalogue has no such event.
type ErrUnknownCode string

// Error implements error.
func (c ErrUnknownCode) Error() string {
	return fmt.Sprintf("the event %q is not known; pgmend alerts ls lists them", string(c))
}

// Test writes an event that did not happen, marked as such, so that a person
// sees whether it arrives where alerts are to arrive. It is written whatever
// the log's level is.
func Test(ctx context.Context, log *slog.Logger, code, actor string) error {
	for _, e := range Catalogue() {
		if e.Code != code {
			continue
		}
		level := max(e.Level, slog.LevelInfo)
		log.LogAttrs(ctx, level, "a test, nothing happened: "+e.Title, append(e.head(),
			slog.Bool(KeySynthetic, true), slog.String(KeyActor, actor),
			slog.String(KeyRule, "test/alert"), slog.String(KeyNamespace, "test"), slog.String(KeyCollection, "test.alert"))...)
		return nil
	}
	return ErrUnknownCode(code)
}
