package ledger

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrHeld says that another process has the state directory.
var ErrHeld = errors.New("another pgmend has the state directory")

// acquire takes the directory's lock. The kernel gives it back however the
// process ends, so nothing is left to clean up.
func acquire(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the state directory
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		pid, _ := io.ReadAll(io.LimitReader(f, 20))
		err = fmt.Errorf("%w: process %s", ErrHeld, strings.TrimSpace(string(pid)))
		return nil, errors.Join(err, f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock the state directory: %w; its file system must support flock", err), f.Close())
	}
	// The pid is for messages only; the lock is what counts.
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the state directory: %w", err), f.Close())
	}
	return f, nil
}
