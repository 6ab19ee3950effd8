package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/parser/tail"
	"github.com/pgmend/pgmend/rules"
)

// readable says why a log cannot be read, of a file or of all that a pattern
// matches.
func readable(pattern string) error {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("no file matches %s, or its folder cannot be listed", pattern)
	}
	for _, path := range paths {
		f, err := os.Open(path) //nolint:gosec // the configuration names it
		if err != nil {
			return err
		}
		_ = f.Close() // nothing was written
	}
	return nil
}

// attention notes since when each log's lines are being handled, so that a
// reader that hangs is known. The zero value is ready.
type attention struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// begin notes that lines of a log are being handled, until end is called.
func (a *attention) begin(log string) (end func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since == nil {
		a.since = make(map[string]time.Time)
	}
	a.since[log] = time.Now()
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.since, log)
	}
}

// hearingTime is what one chunk of a log may take: each of its statements may
// cost the parser its deadline.
const hearingTime = 15 * time.Minute

// hangs names a log whose lines have been handled for too long.
func (a *attention) hangs(now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for log, since := range a.since {
		if now.Sub(since) > hearingTime {
			return log
		}
	}
	return ""
}

// hangs names what was to be heard of and was not: the loop of a database, or
// the reader of a log.
func (d *daemon) hangs() string {
	now := time.Now()
	if log := d.hearing.hangs(now); log != "" {
		return "the reading of " + log
	}
	if loop := d.loop.Load(); loop != nil {
		if database := loop.Hangs(now); database != "" {
			return "the healing of " + database
		}
	}
	return ""
}

// alive is what the watchdog asks.
func (d *daemon) alive() bool {
	what := d.hangs()
	if what != "" {
		d.tell(context.Background(), event.DaemonHangs, slog.String(event.KeyReason, what))
	}
	return what == ""
}

// follow starts to follow logs.
func (d *daemon) follow(crew *crew, logs []config.Log) {
	for _, source := range logs {
		f := tail.New(tail.Config{
			Path: source.Path, Decoder: decoder(source),
			Store: checkpoints{d, "tail/" + source.Path},
			Report: func(err error) {
				d.tell(context.Background(), event.LogUnreadable, slog.String(event.KeyFile, source.Path), slog.String(event.KeyError, err.Error()))
			},
		})
		crew.start("log", func(ctx context.Context) error {
			defer d.ears.follow(source.Path, f)()
			return f.Run(ctx, func(c tail.Chunk) error {
				defer d.hearing.begin(source.Path)()
				d.hear(ctx, source.Path, c)
				return nil
			})
		})
	}
}

// decoder makes the decoder a source's configuration asks for; nil leaves it
// to detection.
func decoder(l config.Log) func(string, int64) *pglog.Decoder {
	format, known := map[string]pglog.Format{"stderr": pglog.Stderr, "csv": pglog.CSV, "json": pglog.JSON}[l.Format]
	if !known {
		return nil
	}
	return func(_ string, offset int64) *pglog.Decoder {
		return pglog.NewDecoder(format, pglog.Options{Prefix: l.Prefix, Offset: offset})
	}
}

// hear passes on what the log says. It is a hint and no more: a rule runs
// earlier, and proves its fault in the catalog.
func (d *daemon) hear(ctx context.Context, log string, c tail.Chunk) {
	for _, gap := range c.Gaps {
		d.tell(ctx, event.LogGap, slog.String(event.KeyFile, gap.Path), slog.Int64("pgmend.from", gap.From),
			slog.Int64("pgmend.to", gap.To), slog.String(event.KeyReason, string(gap.Reason)))
	}
	d.missing(ctx, c)
	for _, r := range c.Quarantined {
		d.tell(ctx, event.LogQuarantined, slog.String(event.KeyFile, c.Path), slog.Int64("log.offset", r.Start))
	}
	for i := range c.Records {
		if r := &c.Records[i]; !r.Forgeable {
			d.heard.Add(&r.Record, d.clock())
		}
	}
	loop := d.loop.Load()
	for _, r := range c.Records {
		e := pglog.Classify(r.Record)
		if !r.Forgeable {
			d.noteDrop(ctx, e)
		}
		// A loop begins with every rule, so without one no hint is lost.
		wakes := loop != nil && loop.Hears(e.Record.SQLState, string(e.Kind))
		if !wakes && !d.book.Counts(e.Kind) {
			continue
		}
		if r.Forgeable {
			d.doubt(ctx, c, log, r, e.Kind)
			continue
		}
		d.count(ctx, e)
		if !wakes {
			continue
		}
		values := make(rules.Values)
		for name, text := range d.fields(ctx, e) {
			if text != "" {
				values["event."+name] = rules.Text(text)
			}
		}
		loop.Hear(healer.Signal{
			SQLState: e.Record.SQLState, Kind: string(e.Kind), Database: e.Record.Database, Values: values,
		})
	}
}

// count notes an event for the rules that count.
func (d *daemon) count(ctx context.Context, e pglog.Event) {
	if !d.book.Counts(e.Kind) {
		return
	}
	var statements []parser.Statement
	if texts := hearsay.Texts(e); len(texts) > 0 {
		lists, err := d.parser.Parse(ctx, texts)
		if err != nil {
			d.log.WarnContext(ctx, "a statement could not be parsed", "error.message", err.Error())
		}
		statements = slices.Concat(lists...)
	}
	d.book.Note(e, statements)
}

// fields are what an event says, with what its statement adds.
func (d *daemon) fields(ctx context.Context, e pglog.Event) map[string]string {
	var statements []parser.Statement
	if hearsay.Adds(e) {
		lists, err := d.parser.Parse(ctx, []string{e.Record.Statement})
		if err != nil {
			d.log.WarnContext(ctx, "a statement could not be parsed", "error.message", err.Error())
		}
		statements = slices.Concat(lists...)
	}
	return hearsay.Fields(e, statements)
}

// checkpoints keep how far a log was read in the ledger's state.
type checkpoints struct {
	d   *daemon
	key string
}

// Load implements tail.Store.
func (s checkpoints) Load(ctx context.Context) (c tail.Checkpoint, err error) {
	text, found, err := s.d.ledger.Get(ctx, s.key)
	if err != nil || !found {
		return c, err
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return tail.Checkpoint{}, fmt.Errorf("read the checkpoint of the log: %w", err)
	}
	return c, nil
}

// Save implements tail.Store.
func (s checkpoints) Save(ctx context.Context, c tail.Checkpoint) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.d.ledger.Put(ctx, s.key, string(text))
}
