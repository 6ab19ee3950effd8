package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/page"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/parser/worker"
	"github.com/pgmend/pgmend/rules"
	"github.com/pgmend/pgmend/systemd"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the daemon (systemd's ExecStart)", Args: cobra.NoArgs,
		Long: `Follows the server's log, runs the rules as they come due, and heals as the
configuration allows; without "mode: heal" it observes. It waits for PostgreSQL
to come up, and for another healer of the cluster to end.`,
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := a.configure()
			if err != nil {
				return err
			}
			log := slog.New(event.NewHandler(a.stderr, a.logging(conf)))
			return a.daemon(c.Context(), conf, log, event.NewObserver(log))
		},
	}
}

// logging is how the daemon's lines look: JSON where they are shipped, for a
// person at a terminal.
func (a *app) logging(c *config.Config) event.Options {
	level := slog.LevelInfo
	// The configuration's check has let only known levels through.
	_ = level.UnmarshalText([]byte(c.Logging.Level))
	json := c.Logging.Format == "json" || c.Logging.Format == "auto" && !terminal(a.stderr)
	return event.Options{
		Level: level, JSON: json, Journal: json && a.env("JOURNAL_STREAM") != "", Colour: a.look(a.stderr).Colour,
	}
}

// daemon is the whole of what runs, wired.
type daemon struct {
	*app
	conf    *config.Config
	log     *slog.Logger
	notify  systemd.Notifier
	ledger  *ledger.Ledger
	service *healer.Service
	loop    *healer.Loop
	parser  *worker.Pool
	control *pg.Database // where the rules of the cluster run
	started time.Time
	hub     *page.Hub
	list    []*pg.Database            // the patients
	cycled  atomic.Pointer[time.Time] // when a cycle was last completed
}

// daemon runs until the context ends. Whatever it started it waits for.
func (a *app) daemon(ctx context.Context, conf *config.Config, log *slog.Logger, observer healer.Observer) (err error) {
	d := &daemon{app: a, conf: conf, log: log, hub: page.NewHub(), started: a.clock().UTC()}
	if d.ledger, err = ledger.Open(conf.State); err != nil {
		return fmt.Errorf("state directory %s: %w", conf.State, err)
	}
	defer func() { err = errors.Join(err, d.ledger.Close()) }()
	if d.parser, err = newWorker(); err != nil {
		return err
	}
	defer d.parser.Close()
	set, err := a.ruleSet()
	if err != nil {
		return err
	}
	policy, err := a.policy(set)
	if err != nil {
		return err
	}
	if err := d.notify.Ready(); err != nil {
		log.WarnContext(ctx, "systemd cannot be told", "error.message", err.Error())
	}
	defer func() { _ = d.notify.Stopping() }()
	list, release, err := d.connect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop before there was a server
		}
		return err
	}
	defer release()
	if err := d.wire(ctx, list, set, policy, healer.Observers{observer, beat{d}, d.hub}); err != nil {
		return err
	}
	return d.run(ctx)
}

// connect waits until the server is there and nobody else leads.
func (d *daemon) connect(ctx context.Context) ([]*pg.Database, func(), error) {
	type connected struct {
		list    []*pg.Database
		release func()
	}
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 500*time.Millisecond, 30*time.Second
	c, err := backoff.Retry(ctx, func() (connected, error) {
		list, err := d.databases(ctx)
		if err != nil {
			if !healer.IsConnection(err) {
				err = backoff.Permanent(err)
			}
			return connected{}, err
		}
		closeAll := func() {
			for _, x := range list {
				x.Close()
			}
		}
		release, err := list[0].Lead(ctx)
		if err != nil {
			closeAll()
			return connected{}, err // another one leads now; it may end
		}
		return connected{list, func() { release(); closeAll() }}, nil
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, next time.Duration) {
			d.log.WarnContext(ctx, "waiting for PostgreSQL", "error.message", err.Error(), "pgmend.retry_in", next.String())
		}))
	return c.list, c.release, err
}

// wire makes a healer for each database, the loop and the service.
func (d *daemon) wire(ctx context.Context, list []*pg.Database, set rules.Set, policy healer.Policy, observer healer.Observer) error {
	d.service, d.control, d.list = &healer.Service{}, list[0], list
	major := 0
	for i, db := range list {
		id, err := db.Identify(ctx)
		if err != nil {
			return err
		}
		major = id.Major()
		d.service.Healers = append(d.service.Healers, healer.New(healer.Config{
			Database: id.Database, Control: i == 0, Reader: db, Snapshotter: db, Operator: db,
			Ledger: d.ledger, State: d.ledger, Observer: observer, Rules: set, Policy: policy, Clock: d.clock,
			Leading: leading(list[0]),
		}))
	}
	d.loop = healer.NewLoop(healer.LoopConfig{
		Healers: d.service.Healers, Rules: set.For(major), Every: d.conf.Every, Log: d.log,
	})
	d.service.Changed = d.loop.Look
	return nil
}

// leading asks whether this process is still the one healer, and becomes it
// again where only the session was lost, as in a restart of the server.
func leading(control *pg.Database) func(context.Context) error {
	return func(ctx context.Context) error {
		if control.Leading(ctx) == nil {
			return nil
		}
		_, err := control.Lead(ctx)
		return err
	}
}

// run starts everything and waits for all of it. The first that fails ends
// the others.
func (d *daemon) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var working sync.WaitGroup
	start := func(what string, do func(context.Context) error) {
		working.Go(func() {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	start("control", control.NewServer(control.Config{
		Path: d.conf.Control.Socket, Group: d.conf.Control.Group,
		Repairs: d.service, Answers: d.service, Brake: d.service, Health: d,
	}).Run)
	start("page", d.page)
	start("reports", d.digests)
	start("watchdog", func(ctx context.Context) error {
		return d.notify.Watchdog(ctx, func() bool { return true })
	})
	for _, f := range d.followers(ctx) {
		start("log", f)
	}
	start("loop", d.loop.Run)
	_ = d.notify.Status(fmt.Sprintf("%s, %d databases", d.conf.Mode, len(d.service.Healers)))
	d.log.InfoContext(ctx, "pgmend runs", "pgmend.version", version(), "pgmend.mode", d.conf.Mode,
		"pgmend.databases", len(d.service.Healers), "pgmend.state", d.conf.State)
	working.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Status implements control.Health.
func (d *daemon) Status(ctx context.Context) (control.Status, error) {
	s := control.Status{
		Version: version(), Mode: d.conf.Mode, Started: d.started, PID: os.Getpid(), Config: d.conf.Hash(),
	}
	for _, h := range d.service.Healers {
		s.Databases = append(s.Databases, h.Database())
	}
	if at := d.cycled.Load(); at != nil {
		s.LastCycle = *at
	}
	now, err := healer.Recall(ctx, d.ledger, d.clock())
	s.Control = now.Control
	return s, err
}

// beat notes when a cycle was completed.
type beat struct{ d *daemon }

// Observe implements healer.Observer.
func (b beat) Observe(_ context.Context, t healer.Transition) {
	if t.Action == healer.CycleCompleted {
		at := t.At
		b.d.cycled.Store(&at)
	}
}
