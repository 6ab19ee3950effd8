package systemd

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// listen is systemd's end of NOTIFY_SOCKET.
func listen(t *testing.T) func() string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		buf := make([]byte, 256)
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func TestNotify(t *testing.T) {
	heard := listen(t)
	var n Notifier
	for _, step := range []struct {
		tell func() error
		want string
	}{
		{n.Ready, "READY=1"}, {func() error { return n.Status("healing 2 databases") }, "STATUS=healing 2 databases"},
		{func() error { return n.Status("cannot connect:\nREADY=1") }, "STATUS=cannot connect: READY=1"}, {n.Stopping, "STOPPING=1"},
	} {
		if err := step.tell(); err != nil {
			t.Fatal(err)
		}
		if got := heard(); got != step.want {
			t.Errorf("systemd heard %q, want %q", got, step.want)
		}
	}
}

func TestReloading(t *testing.T) {
	heard := listen(t)
	if err := (Notifier{}).Reloading(); err != nil {
		t.Fatal(err)
	}
	var at int64
	if _, err := fmt.Sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%d", &at); err != nil || at <= 0 {
		t.Errorf("at %d, %v", at, err)
	}
}

// A loop that hangs is no longer vouched for, and is again when it goes on.
func TestWatchdogIsSilentWhileTheLoopHangs(t *testing.T) {
	heard := listen(t)
	t.Setenv("WATCHDOG_USEC", "30000")
	ctx, cancel := context.WithCancel(t.Context())
	const hangs = 5
	asked := 0
	done := make(chan error)
	go func() {
		done <- Notifier{}.Watchdog(ctx, func() bool {
			asked++
			if asked == hangs+1 {
				cancel() // nothing can be said between this question and the end
			}
			return false
		})
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
	// The socket keeps the order: had the watchdog spoken, that came first.
	if err := (Notifier{}).Status("after"); err != nil {
		t.Fatal(err)
	}
	if got := heard(); got != "STATUS=after" {
		t.Errorf("systemd heard %q of a loop that hangs", got)
	}
}

func TestWatchdogSpeaksWhileAlive(t *testing.T) {
	heard := listen(t)
	t.Setenv("WATCHDOG_USEC", strconv.Itoa(int((30 * time.Millisecond).Microseconds())))
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int64
	done := make(chan error)
	go func() { done <- Notifier{}.Watchdog(ctx, func() bool { return asked.Add(1) > 2 }) }()
	if got := heard(); got != "WATCHDOG=1" || asked.Load() < 3 {
		t.Errorf("heard %q after %d questions", got, asked.Load())
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWithoutSystemdNothingHappens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	var n Notifier
	if err := n.Ready(); err != nil {
		t.Error(err)
	}
	if err := n.Watchdog(t.Context(), func() bool { return true }); err != nil {
		t.Error(err)
	}
}
