package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/pgmend/pgmend/parser/pglog"
)

const (
	// restless is the shortest time between two looks, however busy the log
	// is: looking, and saving how far it came, is half of what following costs.
	// A log that was quiet is looked at when it is written to.
	restless = 400 * time.Millisecond
	// quiet is how long nothing has to come for a text record to be complete:
	// the server writes a message with all its lines at once.
	quiet = 100 * time.Millisecond
)

// Follower follows a log.
type Follower struct {
	cfg     Config
	handle  func(Chunk) error
	files   []*file // the newest at the end
	lines   sequence
	begun   bool
	seen    time.Time              // the last write to any file, as of the look before the last
	listed  time.Time              // the same, of the last look
	twins   map[inodeKey]time.Time // copies of known files, by the last write
	owed    []Gap                  // not told yet
	past    []Past                 // of files that are gone
	count   counters
	said    string    // the last that was reported
	slow    bool      // it was said that the handler cannot keep up
	suspect *InFlight // was being handled when the process died
	buf     []byte
	now     func() time.Time
}

// New returns a follower; Run makes it follow.
func New(cfg Config) *Follower {
	if cfg.Poll <= 0 {
		cfg.Poll = time.Second
	}
	if cfg.Linger <= 0 {
		cfg.Linger = time.Minute
	}
	return &Follower{cfg: cfg, buf: make([]byte, readSize), now: time.Now, twins: map[inodeKey]time.Time{}}
}

// decoder makes the decoder of a file from an offset on. Behind the beginning
// the format is still known by the file's beginning.
func (c *Config) decoder(path string, offset int64) *pglog.Decoder {
	if c.Decoder != nil {
		return c.Decoder(path, offset)
	}
	format, o := pglog.Auto, pglog.Options{Offset: offset}
	if t, err := openText(path); err == nil && offset > 0 {
		sample := make([]byte, 64<<10)
		n, err := fill(t, sample)
		_ = t.Close() // only read
		if f := pglog.Detect(sample[:n]); n > 0 && (err == nil || errors.Is(err, io.EOF)) {
			switch f {
			case pglog.CSV, pglog.JSON:
				format = f
			case pglog.Stderr:
				format, o.Prefix, o.Guessed = f, pglog.GuessPrefix(sample[:n]), true
			}
		}
	}
	return pglog.NewDecoder(format, o)
}

// report tells of a trouble once, not at every look.
func (w *Follower) report(err error) {
	if w.cfg.Report != nil && w.said != err.Error() {
		w.said = err.Error()
		w.cfg.Report(err)
	}
}

// Run follows until the context is done, and then returns its error, or
// until the handler or the store fails. The handler is called from Run's own
// goroutine; when it returns, what it was given counts as handled. A follower
// runs once.
func (w *Follower) Run(ctx context.Context, handle func(Chunk) error) error {
	w.handle = handle
	defer func() {
		for _, f := range w.files {
			f.close()
		}
	}()
	if err := w.load(ctx); err != nil {
		return err
	}
	if err := w.tell(ctx); err != nil {
		return err
	}
	watch := w.watch()
	defer watch.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last time.Time
	events := watch.events
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-events:
			// More will come. Until the look nobody asks for it, and the kernel
			// makes one event of many.
			events = nil
			timer.Reset(max(0, min(restless, w.cfg.Poll)-time.Since(last)))
		case err := <-watch.errors:
			w.report(fmt.Errorf("watch the log folder, polling goes on: %w", err))
		case <-timer.C:
			watch.ensure(w.folder())
			if err := w.look(ctx); err != nil {
				return err
			}
			last, events = time.Now(), watch.events
			timer.Reset(w.next())
		}
	}
}

// next is in how long the files are looked at again if nobody writes to them:
// soon where the last record of one may be complete by then.
func (w *Follower) next() time.Duration {
	for _, f := range w.files {
		if f.handle != nil && f.done < f.read && w.now().Sub(f.grew) < 2*quiet {
			return min(quiet, w.cfg.Poll)
		}
	}
	return w.cfg.Poll
}

// watch is inotify on the log's folder; without it, nil channels.
type watch struct {
	watcher *fsnotify.Watcher
	events  <-chan fsnotify.Event
	errors  <-chan error
}

func (w *Follower) watch() watch {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		w.report(fmt.Errorf("watch the log folder, polling goes on: %w", err))
		return watch{}
	}
	return watch{watcher, watcher.Events, watcher.Errors}
}

// ensure watches a folder, also one that appears later or again. Where it
// cannot, polling sees what happens.
func (n watch) ensure(dir string) {
	if n.watcher != nil && dir != "" && !slices.Contains(n.watcher.WatchList(), dir) {
		_ = n.watcher.Add(dir) // it may not be there yet
	}
}

// folder is where the files are.
func (w *Follower) folder() string {
	if n := len(w.files); n > 0 {
		return filepath.Dir(w.files[n-1].path)
	}
	if w.cfg.DataDir != "" {
		return w.cfg.DataDir
	}
	return filepath.Dir(w.cfg.Path)
}

func (n watch) close() {
	if n.watcher != nil {
		_ = n.watcher.Close() // nothing to lose
	}
}
