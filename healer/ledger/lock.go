package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	// Root must not write where a link in another user's folder leads.
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // the state directory
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("lock the state directory: %w; run as its owner, or chown -R it to this user", err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	if err := entrust(f); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the state directory: %w", err), f.Close())
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

// entrust gives a file that root has made to the owner of its folder: a command
// that root runs before the daemon does would otherwise lock the daemon out.
// The files that SQLite makes beside the ledger take its owner by themselves.
func entrust(f *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	var own syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &own); err != nil || own.Nlink != 1 {
		return err // another name of it may be anything
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}
