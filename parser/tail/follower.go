package tail

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/pgmend/pgmend/parser/pglog"
)

// restless is the shortest time between two looks, however busy the log is.
const restless = 20 * time.Millisecond

// Follower follows a log.
type Follower struct {
	cfg     Config
	handle  func(Chunk) error
	files   []*file // the newest at the end
	newest  *file   // at the last look
	lines   sequence
	begun   bool
	before  time.Time
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
	return &Follower{cfg: cfg, buf: make([]byte, readSize), now: time.Now}
}

func (c *Config) decoder(path string, offset int64) *pglog.Decoder {
	if c.Decoder == nil {
		return pglog.NewDecoder(pglog.Auto, pglog.Options{Offset: offset})
	}
	return c.Decoder(path, offset)
}

func (w *Follower) report(err error) {
	if w.cfg.Report != nil {
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
	watch := w.watch()
	defer watch.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last time.Time
	woken := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-watch.events:
			if !woken { // wait a little: more will come, and looking is not free
				woken = true
				timer.Reset(max(0, min(restless, w.cfg.Poll)-time.Since(last)))
			}
		case err := <-watch.errors:
			w.report(fmt.Errorf("watch the log folder, polling goes on: %w", err))
		case <-timer.C:
			if err := w.look(ctx); err != nil {
				return err
			}
			last, woken = time.Now(), false
			timer.Reset(w.cfg.Poll)
		}
	}
}

// watch is inotify on the log's folder; without it, nil channels.
type watch struct {
	watcher *fsnotify.Watcher
	events  <-chan fsnotify.Event
	errors  <-chan error
}

func (w *Follower) watch() watch {
	paths, err := w.cfg.list()
	if err != nil {
		w.report(err)
		return watch{}
	}
	dir := filepath.Dir(w.cfg.Path)
	if len(paths) > 0 {
		dir = filepath.Dir(paths[0])
	}
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		if err = watcher.Add(dir); err == nil {
			return watch{watcher, watcher.Events, watcher.Errors}
		}
		_ = watcher.Close() // it watched nothing
	}
	w.report(fmt.Errorf("watch %s, polling goes on: %w", dir, err))
	return watch{}
}

func (n watch) close() {
	if n.watcher != nil {
		_ = n.watcher.Close() // nothing to lose
	}
}
