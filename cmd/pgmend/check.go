package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/report"
	"github.com/pgmend/pgmend/rules"
)

// Nagios' exit codes (Monitoring Plugins Development Guidelines).
const (
	nagiosOK = iota
	nagiosWarning
	nagiosCritical
	nagiosUnknown
)

func (a *app) checkCommand() *cobra.Command {
	var format string
	var stale time.Duration
	c := &cobra.Command{
		Use: "check", Short: "One line for Nagios, with its exit codes", Args: cobra.NoArgs,
		Long: `CRITICAL: no daemon answers, no cycle was completed for --stale, or a critical
finding is open. WARNING: other findings are open, repairs are paused, a plan
awaits an approval, or the daemon waits for PostgreSQL. The exit code is 0, 1, 2,
or 3 where it cannot be told.`,
		Example: "  pgmend check --format nagios --stale 1h",
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "nagios" {
				return &exitError{code: nagiosUnknown, err: fmt.Errorf("--format %q is not known; nagios is", format)}
			}
			code, line := a.nagios(c.Context(), stale)
			if _, err := fmt.Fprintln(a.stdout, report.Plain(line)); err != nil {
				return &exitError{code: nagiosUnknown, err: err}
			}
			if code != nagiosOK {
				return &exitError{code: code}
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", "nagios", "nagios")
	c.Flags().DurationVar(&stale, "stale", time.Hour, "how old the last completed cycle may be")
	return c
}

// nagios is the plugin's whole answer.
func (a *app) nagios(ctx context.Context, stale time.Duration) (code int, line string) {
	h, err := a.recall(ctx)
	var daemon *report.Daemon
	if err == nil {
		daemon, err = a.running(ctx)
	}
	if err != nil {
		return nagiosUnknown, "PGMEND UNKNOWN - " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return verdict(h.History, daemon, a.clock(), stale)
}

// verdict weighs what stands now. The worst counts, and all are named.
func verdict(h healer.History, daemon *report.Daemon, now time.Time, stale time.Duration) (code int, line string) {
	var why []string
	say := func(level int, format string, args ...any) {
		code = max(code, level)
		why = append(why, fmt.Sprintf(format, args...))
	}
	count := make(map[rules.Severity]int)
	open := 0
	for _, f := range h.Findings {
		if f.Status == healer.Open {
			count[f.Severity]++
			open++
		}
	}
	waiting := len(healer.Answerable(h.Findings, h.Proposals, now))
	age := -1.0
	switch {
	case daemon == nil:
		say(nagiosCritical, "no daemon answers")
	case daemon.LastCycle.IsZero() && now.Sub(daemon.Started) < stale:
		say(nagiosWarning, "%s", daemon.State)
	case now.Sub(daemon.LastCycle) > stale:
		say(nagiosCritical, "no cycle was completed for %s: %s", stale, daemon.State)
	}
	if daemon != nil && !daemon.LastCycle.IsZero() {
		age = now.Sub(daemon.LastCycle).Seconds()
	}
	if n := count[rules.Critical]; n > 0 {
		say(nagiosCritical, "%d critical findings", n)
	}
	if n := count[rules.Warning]; n > 0 {
		say(nagiosWarning, "%d findings", n)
	}
	if waiting > 0 {
		say(nagiosWarning, "%d plans await an approval", waiting)
	}
	if h.Control.Pauses(now) {
		say(nagiosWarning, "repairs are paused by %s", h.Control.Actor)
	}
	if len(why) == 0 {
		why = []string{"nothing to do"}
	}
	data := fmt.Sprintf("findings=%d;;;0 critical=%d;;;0 waiting=%d;;;0", open, count[rules.Critical], waiting)
	if age >= 0 {
		data += fmt.Sprintf(" cycle_age=%.0fs;;%.0f;0", age, stale.Seconds())
	}
	// A bar would begin the numbers.
	text := strings.ReplaceAll(strings.Join(why, ", "), "|", "/")
	return code, fmt.Sprintf("PGMEND %s - %s | %s", [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[code], text, data)
}
