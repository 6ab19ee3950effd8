// Package systemd is how the daemon talks to systemd: that it is ready, what
// it does, and that it is alive. Without systemd every call does nothing.
//
// The units beside it start the daemon: pgmend.service, pgmend@.service for
// hosts with several clusters, sysusers.d/pgmend.conf for its user,
// tmpfiles.d/pgmend.conf for its folders.
package systemd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// Notifier tells systemd. The environment keeps NOTIFY_SOCKET for all of the
// daemon's life: the watchdog needs it to the end.
type Notifier struct{}

// Ready says that the daemon is up, or has taken over a new configuration.
func (Notifier) Ready() error { return tell(daemon.SdNotifyReady) }

// Reloading says that it reads its configuration again; Ready ends that. The
// time is what Type=notify-reload asks for, sd_notify(3).
func (Notifier) Reloading() error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return err
	}
	return tell(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000))
}

// Stopping says that it is on its way down.
func (Notifier) Stopping() error { return tell(daemon.SdNotifyStopping) }

// Status shows a line in `systemctl status`.
func (Notifier) Status(text string) error {
	// A newline would begin another assignment.
	return tell("STATUS=" + strings.Join(strings.Fields(text), " "))
}

func tell(state string) error {
	_, err := daemon.SdNotify(false, state)
	return err
}

// Watchdog tells systemd that the daemon lives, as often as the unit's
// WatchdogSec needs, for as long as alive says so. It returns when the context
// ends, at once where the unit has no watchdog.
func (Notifier) Watchdog(ctx context.Context, alive func() bool) error {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return err
	}
	tick := time.NewTicker(every / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if !alive() {
				continue
			}
			if err := tell(daemon.SdNotifyWatchdog); err != nil {
				return err
			}
		}
	}
}
