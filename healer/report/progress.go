package report

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pgmend/pgmend/healer"
)

// Progress is how far a long command is.
type Progress struct {
	Database string
	Command  string // VACUUM, REINDEX CONCURRENTLY …
	Object   string
	Phase    string
	Done     int64
	Total    int64     // 0: nobody knows yet
	Bytes    bool      // Done and Total are bytes
	Since    time.Time // when Done was 0; zero: when this phase was first seen
	Waits    string    // for whom it waits; "": it does not
}

// text says it on one line.
func (p Progress) text(now time.Time) string {
	s := join(p.Command, p.Object+":", p.Phase)
	if p.Bytes && p.Done > 0 {
		s += ", " + Size(p.Done)
		if p.Total > 0 {
			s += " of " + Size(p.Total)
		}
	}
	if p.Total > 0 && p.Done <= p.Total {
		s += fmt.Sprintf(", %d %%", p.Done*100/p.Total)
		if left, ok := p.left(now); ok {
			s += ", about " + Elapsed(left) + " left"
		}
	}
	if p.Waits != "" {
		s += ", waits for " + p.Waits
	}
	return s
}

// left is how long the phase still takes, if it goes on as it did.
func (p Progress) left(now time.Time) (time.Duration, bool) {
	took := now.Sub(p.Since)
	if p.Done <= 0 || p.Done > p.Total || took < time.Second {
		return 0, false
	}
	return time.Duration(float64(took) * float64(p.Total-p.Done) / float64(p.Done)).Round(time.Second), true
}

// ProgressOf reads the progress of pgmend's own commands from a look at a
// database.
func ProgressOf(c healer.Census) []Progress {
	waits := make(map[string]string)
	for _, r := range c.Waits {
		waits[r.Text("pid")] = session(r.Text("blocker"), r.Text("blocker_user"), r.Text("blocker_application"))
	}
	var out []Progress
	for _, r := range c.Progress {
		if !strings.HasPrefix(r.Text("application"), "pgmend/") {
			continue
		}
		out = append(out, Progress{
			Database: c.Database, Command: r.Text("command"), Object: object(r), Phase: r.Text("phase"),
			Done: count(r, "done"), Total: count(r, "total"), Waits: waits[r.Text("pid")],
		})
	}
	return out
}

// Follow shows how far commands are, until the context ends. At a
// terminal that is a line that changes; elsewhere each phase is a line, once.
func (l *Live) Follow(ctx context.Context, every time.Duration, look func(context.Context) []Progress) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	known := make(map[string]time.Time) // phases, since when
	for {
		select {
		case <-ctx.Done():
			l.transient("")
			return
		case <-tick.C:
		}
		now := time.Now()
		list := look(ctx)
		if len(list) == 0 {
			l.transient("")
			continue
		}
		for i, p := range list {
			key := join(p.Database, p.Command, p.Object, p.Phase)
			since, seen := known[key]
			if !seen {
				since = now
				known[key] = now
			}
			if p.Since.IsZero() {
				list[i].Since = since
			}
			if !seen && l.opts.Width == 0 {
				l.line(now, p.Database, "phase", plain, list[i].text(now))
			}
		}
		text := list[0].text(now)
		if more := len(list) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		l.transient(text)
	}
}

// transient shows a line at a terminal that the next one takes away.
func (l *Live) transient(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opts.Width == 0 {
		return
	}
	l.wipe()
	if text == "" {
		return
	}
	_, err := fmt.Fprint(l.w, l.opts.paint(dim, clip(Plain("… "+text), l.opts.Width-1)))
	l.dirty = err == nil
}

// wipe takes a transient line away.
func (l *Live) wipe() {
	if l.dirty {
		_, _ = fmt.Fprint(l.w, "\r\x1b[K")
		l.dirty = false
	}
}
