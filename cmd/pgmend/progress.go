package main

import (
	"context"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/report"
)

// progressEvery is how often the server is asked how far a command is. It is
// one query on three small views.
const progressEvery = time.Second

// live is where a person is told what goes on. A terminal that cannot take a
// line away is told as a pipe is.
func (a *app) live() *report.Live {
	o := a.look(a.stderr)
	if a.env("TERM") == "dumb" {
		o.Width = 0
	}
	return report.NewLive(a.stderr, o)
}

// followed runs something while a person is shown how far it is.
func followed(ctx context.Context, live *report.Live, look func(context.Context) []report.Progress, do func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { live.Follow(ctx, progressEvery, look) })
	defer following.Wait()
	defer cancel()
	return do()
}

// lookAt asks databases how far pgmend's commands are.
func lookAt(list []*pg.Database) func(context.Context) []report.Progress {
	return func(ctx context.Context) []report.Progress {
		var out []report.Progress
		for _, d := range list {
			// What cannot be seen now may be the next time.
			if c, err := d.Progress(ctx); err == nil {
				out = append(out, report.ProgressOf(c)...)
			}
		}
		return out
	}
}

// course is what a command itself is at, one database after the other.
type course struct {
	mu  sync.Mutex
	now report.Progress
}

// begin says how many databases there are to do.
func (c *course) begin(command string, databases int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = report.Progress{Command: command}
	if databases > 1 { // of one alone the server tells no share
		c.now.Total, c.now.Since = int64(databases), time.Now()
	}
}

// at says what is done for which database now.
func (c *course) at(database, phase string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Object, c.now.Phase = database, phase
}

// done says that the database is done with.
func (c *course) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Done++
}

// look is how far it is.
func (c *course) look(context.Context) []report.Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now.Phase == "" {
		return nil
	}
	return []report.Progress{c.now}
}
