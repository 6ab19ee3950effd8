package main

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/metrics"
	"github.com/pgmend/pgmend/parser/pglog"
	"github.com/pgmend/pgmend/parser/tail"
)

// ears are the logs that are followed, and what of them nobody may believe.
// The zero value is ready.
type ears struct {
	mu   sync.Mutex
	logs map[string]*ear
}

// ear is one log.
type ear struct {
	follower *tail.Follower // nil: it is not followed any more
	doubted  int64          // events that were passed over
	told     time.Time      // when that was said last
}

// doubtEvery is how often it is said that events are passed over. Whoever
// connects decides how many there are.
const doubtEvery = time.Hour

func (e *ears) at(log string) *ear {
	if e.logs == nil {
		e.logs = make(map[string]*ear)
	}
	if e.logs[log] == nil {
		e.logs[log] = &ear{}
	}
	return e.logs[log]
}

// follow notes who follows a log, until end is called.
func (e *ears) follow(log string, f *tail.Follower) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.at(log).follower = f
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.at(log).follower == f { // not the one of a new configuration
			e.at(log).follower = nil
		}
	}
}

// doubt notes an event that is passed over. It returns how many there were,
// and whether it is time to say so.
func (e *ears) doubt(log string, now time.Time) (events int64, say bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.at(log)
	l.doubted++
	if say = now.Sub(l.told) >= doubtEvery; say {
		l.told = now
	}
	return l.doubted, say
}

// progress is how the following of each log goes, for the metrics.
func (e *ears) progress() []metrics.Log {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []metrics.Log
	for path, l := range e.logs {
		if l.follower == nil {
			continue
		}
		p := l.follower.Progress()
		out = append(out, metrics.Log{
			Path: path, Behind: p.Behind, Bytes: p.Bytes, Records: p.Records, Gaps: p.Gaps, Missing: p.Missing,
			Quarantined: p.Quarantined, Unconfirmed: l.doubted, Handling: p.Handling,
		})
	}
	slices.SortFunc(out, func(a, b metrics.Log) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// doubt passes over an event that a client could have forged: it wakes no
// rule, and counts for none. The schedule finds what there is of it.
func (d *daemon) doubt(ctx context.Context, c tail.Chunk, log string, r pglog.Framed, kind pglog.Kind) {
	if events, say := d.ears.doubt(log, d.clock()); say {
		d.tell(ctx, event.LogUnconfirmed, slog.String(event.KeyFile, c.Path), slog.Int64("log.offset", r.Start),
			slog.String("pgmend.kind", string(kind)), slog.Int64("pgmend.events", events))
	}
}

// missing says that lines of sessions never came: each session numbers its
// own, so a jump is a loss that nobody else would notice.
func (d *daemon) missing(ctx context.Context, c tail.Chunk) {
	if len(c.Missing) == 0 {
		return
	}
	var lines int64
	for _, m := range c.Missing {
		lines += m.To - m.From + 1
	}
	first := c.Missing[0]
	d.tell(ctx, event.LogLinesMissing, slog.String(event.KeyFile, c.Path), slog.Int64("pgmend.lines", lines),
		slog.Int("pgmend.sessions", len(c.Missing)), slog.String("pgmend.session", first.Session),
		slog.Int64("pgmend.from", first.From), slog.Int64("pgmend.to", first.To))
}
