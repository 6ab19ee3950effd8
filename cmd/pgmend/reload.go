package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/rules"
)

// supervise works by one site after the other. A reload that is refused costs
// nothing; one that is accepted lets what is at work come to its end first.
func (d *daemon) supervise(ctx context.Context, s *site, hup <-chan os.Signal) error {
	d.attached(ctx, s)
	if err := d.notify.Ready(); err != nil {
		d.log.WarnContext(ctx, "systemd cannot be told", event.KeyError, err.Error())
	}
	for {
		soft, drain := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- d.live(ctx, soft, s) }()
		next, err := d.until(ctx, s, hup, ended)
		drain()
		if next == nil {
			return err
		}
		d.say("%s; the new configuration waits for what is at work", next.conf.Mode)
		if err := <-ended; err != nil || ctx.Err() != nil {
			closeDatabases(next.list)
			return err
		}
		s = next
		d.enter(s)
		d.attached(ctx, s)
	}
}

// enter puts a site in force.
func (d *daemon) enter(s *site) {
	d.site.Store(s)
	d.book.Listen(s.rules.For(rules.MaxMajor))
	if d.setLevel != nil {
		d.setLevel(logLevel(s.conf))
	}
	d.say("%s; starting", s.conf.Mode)
}

// until waits for the next site, or for the end of this one's work.
func (d *daemon) until(ctx context.Context, s *site, hup <-chan os.Signal, ended <-chan error) (*site, error) {
	for {
		select {
		case err := <-ended:
			if err == nil && ctx.Err() == nil {
				err = errors.New("the work ended by itself")
			}
			return nil, err
		case <-hup:
			if next := d.reload(ctx, s); next != nil {
				return next, nil
			}
		case <-d.renew:
			// Not a copy of the whole: its databases are taken by the work.
			next := &site{app: s.app, conf: s.conf, rules: s.rules, policy: s.policy}
			if err := d.reach(ctx, next); err != nil {
				d.log.WarnContext(ctx, "there are other databases, and they cannot be connected to", event.KeyError, err.Error())
				continue
			}
			d.log.InfoContext(ctx, "the databases are others now", "pgmend.databases", len(next.list))
			return next, nil
		}
	}
}

// reload reads the configuration again. Nil keeps the running one.
func (d *daemon) reload(ctx context.Context, s *site) *site {
	_ = d.notify.Reloading()
	defer func() { _ = d.notify.Ready() }()
	fresh := *d.app
	fresh.conf = nil
	next, err := fresh.prepare()
	if err == nil {
		err = fixed(s.conf, next.conf)
	}
	if err == nil && d.loop.Load() != nil {
		// What works is not let go for what does not.
		err = d.reach(ctx, next)
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			d.tell(ctx, event.ConfigRefused, slog.String(event.KeyError, strings.TrimSpace(line)))
		}
		d.say("%s; the new configuration is refused: %v", s.conf.Mode, err)
		return nil
	}
	d.tell(ctx, event.ConfigAccepted, slog.String("pgmend.mode", next.conf.Mode), slog.String("pgmend.config", next.conf.Hash()))
	return next
}

// fixed refuses what only a restart can change.
func fixed(now, next *config.Config) error {
	var wrong []error
	for _, k := range []struct{ name, now, next string }{
		{"state", now.State, next.State}, {"control.socket", now.Control.Socket, next.Control.Socket},
		{"control.group", now.Control.Group, next.Control.Group}, {"logging.format", now.Logging.Format, next.Logging.Format},
		{"metrics.listen", now.Metrics.Listen, next.Metrics.Listen},
		{"page", served(now.Page), served(next.Page)}, {"reports", fmt.Sprint(now.Reports), fmt.Sprint(next.Reports)},
		{"guidance", fmt.Sprint(now.Guidance), fmt.Sprint(next.Guidance)},
	} {
		if k.now != k.next {
			wrong = append(wrong, fmt.Errorf("%s is %q and cannot become %q in a reload; restart pgmend", k.name, k.now, k.next))
		}
	}
	return errors.Join(wrong...)
}

// served is what the page is served by, for a comparison.
func served(p config.Page) string {
	return fmt.Sprint(p.Socket, p.Listen, p.TokenFile, p.Certificate, p.Key, p.Hosts)
}

// reach connects to the databases of a site, as both of its roles: whoever
// asks for the lead connects as the healer, and the present one has it.
func (d *daemon) reach(ctx context.Context, s *site) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	list, err := s.databases(ctx)
	if err != nil {
		return err
	}
	release, err := list[0].Lead(ctx)
	switch {
	case err == nil:
		release()
	case !oneHealer(err):
		closeDatabases(list)
		return err
	}
	s.list = list
	return nil
}

// attached says which logs cannot be read now. That is no reason not to
// start: the server may come later, and its log with it.
func (d *daemon) attached(ctx context.Context, s *site) {
	for _, l := range s.logs() {
		if err := readable(l.Path); err != nil {
			d.tell(ctx, event.LogUnreadable, slog.String(event.KeyFile, l.Path), slog.String(event.KeyError, err.Error()))
		}
	}
}
