package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	// The driver registers itself with database/sql.
	_ "github.com/mattn/go-sqlite3"

	"github.com/pgmend/pgmend/healer"
)

// Ledger is an open history. Its methods may be called from any goroutine.
type Ledger struct {
	db    *sql.DB
	lock  *os.File // nil: read only
	clock func() time.Time

	mu    sync.Mutex // one writer: the chain has one end
	known bool       // seq and hash are the end's
	seq   int64
	hash  string
}

var (
	_ healer.Ledger = (*Ledger)(nil)
	_ healer.State  = (*Ledger)(nil)
)

// File is the name of the SQLite file in the state directory.
const File = "pgmend.db"

// Open opens the ledger of a state directory for writing, and makes it where
// it is missing. It takes the directory's lock: ErrHeld says that another
// process has it.
func Open(dir string) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w; --state names another", err)
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	if err := private(filepath.Join(dir, File)); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	l, err := open(dir, url.Values{"mode": {"rw"}, "_journal_mode": {"WAL"}})
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	l.lock = lock
	ctx := context.Background()
	if err = l.migrate(ctx); err == nil {
		err = l.end(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// private makes the file, for this user alone, before SQLite opens it: the
// files that SQLite keeps beside it take its mode (sqlite.org/wal.html). A file
// that is there is not opened here, because closing it would take the locks
// from a reader in this process (sqlite.org/howtocorrupt.html, 2.2).
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // in the state directory
	switch {
	case errors.Is(err, fs.ErrExist):
		err = os.Chmod(path, 0o600)
	case err == nil:
		err = errors.Join(entrust(f), f.Close())
	}
	if err != nil {
		return fmt.Errorf("the ledger: %w; run as the owner of the state directory, or name another with --state", err)
	}
	return nil
}

// OpenReadOnly opens the ledger to look at it, also while a daemon writes. It
// makes nothing: fs.ErrNotExist says that there is no ledger yet.
func OpenReadOnly(dir string) (*Ledger, error) {
	if _, err := os.Stat(filepath.Join(dir, File)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no ledger in %s yet: %w; --state names another directory", dir, fs.ErrNotExist)
		}
		return nil, err
	}
	l, err := open(dir, url.Values{"mode": {"ro"}})
	if err != nil {
		return nil, err
	}
	err = l.compatible(context.Background())
	if err == nil {
		return l, nil
	}
	err = errors.Join(err, l.Close())
	if _, wal := os.Stat(filepath.Join(dir, File+"-wal")); !unwritable(err) || !errors.Is(wal, fs.ErrNotExist) {
		return nil, err
	}
	// Nobody has the file open, and SQLite cannot make the files in which it
	// would coordinate with a writer: an archived copy, or another user's
	// directory. It is whole, as the last writer closed it.
	if l, err = open(dir, url.Values{"mode": {"ro"}, "immutable": {"1"}}); err != nil {
		return nil, err
	}
	if err := l.compatible(context.Background()); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func open(dir string, options url.Values) (*Ledger, error) {
	// WAL lets readers read while the daemon writes; with FULL every commit is
	// synced, in WAL mode too (sqlite.org/pragma.html#pragma_synchronous).
	options.Set("_busy_timeout", "5000")
	options.Set("_synchronous", "FULL")
	options.Set("_txlock", "immediate")
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.Join(dir, File)}).EscapedPath(), RawQuery: options.Encode()}
	db, err := sql.Open("sqlite3", u.String())
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	db.SetMaxOpenConns(2)
	return &Ledger{db: db, clock: time.Now}, nil
}

// Close closes the file and gives the lock back.
func (l *Ledger) Close() error {
	err := l.db.Close()
	if l.lock != nil {
		err = errors.Join(err, l.lock.Close())
	}
	return err
}

// end reads the last entry, which the next one is chained to.
func (l *Ledger) end(ctx context.Context) error {
	seq, hash := int64(0), ""
	err := l.db.QueryRowContext(ctx, "SELECT seq, hash FROM history ORDER BY seq DESC LIMIT 1").Scan(&seq, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return wrap(err)
	}
	l.seq, l.hash, l.known = seq, hash, true
	return nil
}

// Append writes and syncs the entry before it returns it.
func (l *Ledger) Append(ctx context.Context, e healer.Entry) (healer.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.known {
		if err := l.end(ctx); err != nil {
			return healer.Entry{}, err
		}
	}
	if e.Time.IsZero() {
		e.Time = l.clock()
	}
	e.Time = e.Time.UTC()
	e.Seq, e.Hash = l.seq+1, ""
	e.Hash = chain(l.hash, e)
	_, err := l.db.ExecContext(ctx, `INSERT INTO history (seq, time, kind, subject, action, actor, body, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Seq, stamp(e.Time), string(e.Kind), e.Subject, e.Action, e.Actor, string(e.Body), e.Hash)
	if err != nil {
		// A failed sync can leave the row in the file; what is there decides
		// what the next entry follows.
		l.known = false
		return healer.Entry{}, wrap(err)
	}
	l.seq, l.hash = e.Seq, e.Hash
	return e, nil
}

// chain hashes an entry together with the hash before it. The lengths keep
// two entries apart whose fields together are the same text.
func chain(before string, e healer.Entry) string {
	h := sha256.New()
	for _, s := range []string{
		before, strconv.FormatInt(e.Seq, 10), stamp(e.Time), string(e.Kind), e.Subject, e.Action, e.Actor, string(e.Body),
	} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
