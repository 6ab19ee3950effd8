package ledger

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// wrap says what is wrong with the file and what to do about it.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the ledger: %w", err)
	}
	if hint := hint(err); hint != "" {
		return fmt.Errorf("the ledger: %w; %s", err, hint)
	}
	return fmt.Errorf("the ledger: %w", err)
}

// hint is what to do about an error of SQLite's (sqlite.org/rescode.html).
func hint(err error) string {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return ""
	}
	// A full disk can show as an I/O error, too, as in the shared memory file.
	if e.Code == sqlite3.ErrFull || e.SystemErrno == syscall.ENOSPC || e.SystemErrno == syscall.EDQUOT {
		return "the disk of the state directory is full: make room, nothing is repaired until then"
	}
	switch e.Code {
	case sqlite3.ErrNotADB, sqlite3.ErrCorrupt:
		return "the file " + File + " is damaged: keep a copy, then restore it from a backup or move it away to begin a new history"
	case sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrCantOpen, sqlite3.ErrAuth:
		return "this user cannot write in the state directory: run as its owner, or name another with --state"
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return "another program keeps the file locked: end its transaction"
	case sqlite3.ErrIoErr:
		return "the disk of the state directory fails: see the kernel's log"
	}
	return ""
}

// unwritable reports whether SQLite wanted to write beside a file that it was
// to read only.
func unwritable(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrReadonly || e.Code == sqlite3.ErrCantOpen)
}
