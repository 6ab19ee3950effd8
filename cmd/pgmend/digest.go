package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/report"
)

// The periods of the digests, and how often the databases are sampled for the
// lines on the page.
const (
	day         = 24 * time.Hour
	week        = 7 * day
	sampleEvery = time.Hour
	samplesKept = 30 * 24
)

// digests writes the digests as they come due, and samples the databases,
// until the context ends.
func (d *daemon) digests(ctx context.Context) error {
	jobs := []*job{
		{name: "samples", next: func(t time.Time) time.Time { return t.Truncate(sampleEvery).Add(sampleEvery) }, do: d.sample},
	}
	for _, p := range []struct {
		name, spec string
		length     time.Duration
	}{{"daily", d.conf.Reports.Daily, day}, {"weekly", d.conf.Reports.Weekly, week}} {
		if p.spec == config.None {
			continue
		}
		schedule, err := cron.ParseStandard(p.spec)
		if err != nil {
			return fmt.Errorf("reports: %s: %w", p.name, err)
		}
		jobs = append(jobs, &job{name: p.name, next: schedule.Next, do: func(ctx context.Context) error {
			return d.digest(ctx, p.name, p.length)
		}})
	}
	return d.keep(ctx, jobs)
}

// job is what comes due again and again.
type job struct {
	name string
	next func(time.Time) time.Time
	do   func(context.Context) error
	due  time.Time
}

// keep runs jobs as they come due. One that fails is said, and tried again
// when it is due the next time.
func (d *daemon) keep(ctx context.Context, jobs []*job) error {
	location := d.conf.Location
	if location == nil {
		location = time.Local
	}
	now := d.clock().In(location)
	for _, j := range jobs {
		j.due = j.next(now)
	}
	for {
		first := jobs[0]
		for _, j := range jobs[1:] {
			if j.due.Before(first.due) {
				first = j
			}
		}
		wait := time.NewTimer(time.Until(first.due))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
		if err := first.do(ctx); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "a report was not written", "pgmend.report", first.name, "error.message", err.Error())
		}
		first.due = first.next(d.clock().In(location))
	}
}

// digest writes one digest and the index beside it, and removes what is older
// than it is to be kept.
func (d *daemon) digest(ctx context.Context, name string, length time.Duration) error {
	now := d.clock()
	h, err := recall(ctx, d.ledger, now)
	if err != nil {
		return err
	}
	dir := d.conf.ReportsDirectory()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	s := digest(h, length, now)
	s.Home = indexFile
	path := filepath.Join(dir, name+"-"+now.UTC().Format("2006-01-02T1504Z")+".html")
	if err := save(path, s, report.HTML); err != nil {
		return err
	}
	if err := d.tidy(dir, now); err != nil {
		return err
	}
	d.log.InfoContext(ctx, "a digest is written", "pgmend.report.path", path)
	return nil
}

// indexFile lists the digests beside it.
const indexFile = "index.html"

// tidy removes old digests and writes the index of those that stay. A file
// that is no digest of ours is left alone.
func (d *daemon) tidy(dir string, now time.Time) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	var index report.Index
	for _, f := range files {
		kind, at, ok := digestName(f.Name())
		if !ok {
			continue
		}
		if now.Sub(at) > d.conf.Reports.Keep {
			err = errors.Join(err, os.Remove(filepath.Join(dir, f.Name())))
			continue
		}
		index.Digests = append(index.Digests, report.DigestFile{Name: f.Name(), Kind: kind, At: at})
	}
	return errors.Join(err, save(filepath.Join(dir, indexFile), index, report.HTML))
}

// digestName reads what a digest's name says.
func digestName(name string) (kind string, at time.Time, ok bool) {
	kind, stamp, _ := strings.Cut(strings.TrimSuffix(name, ".html"), "-")
	at, err := time.Parse("2006-01-02T1504Z", stamp)
	return kind, at, err == nil && (kind == "daily" || kind == "weekly") && strings.HasSuffix(name, ".html")
}

// sample notes what the databases are like now.
func (d *daemon) sample(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, censusLimit)
	defer cancel()
	now, done, err := d.use()
	if err != nil {
		return nil //nolint:nilerr // there is nothing to sample while PostgreSQL is away
	}
	defer done()
	for _, db := range now.list {
		c, err := db.Census(ctx)
		if err != nil {
			return err
		}
		past, err := d.samples(ctx, c.Database)
		if err != nil {
			return err
		}
		past = append(past, report.Brief(c))
		text, err := json.Marshal(past[max(0, len(past)-samplesKept):])
		if err == nil {
			err = d.ledger.Put(ctx, samplesKey(c.Database), string(text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func samplesKey(database string) string { return "samples/" + database }

// samples are what was noted of a database, oldest first.
func (d *daemon) samples(ctx context.Context, database string) ([]report.Sample, error) {
	text, found, err := d.ledger.Get(ctx, samplesKey(database))
	if err != nil || !found {
		return nil, err
	}
	var out []report.Sample
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("the samples of database %s: %w", database, err)
	}
	return out, nil
}
