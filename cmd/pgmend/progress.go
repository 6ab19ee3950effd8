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

// followed runs something while a person is shown how far its commands are.
func followed(ctx context.Context, live *report.Live, list []*pg.Database, do func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { live.Follow(ctx, progressEvery, lookAt(list)) })
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
