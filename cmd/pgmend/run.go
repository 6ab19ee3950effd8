package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/metrics"
	"github.com/pgmend/pgmend/healer/page"
	"github.com/pgmend/pgmend/parser/worker"
	"github.com/pgmend/pgmend/parser/workload"
	"github.com/pgmend/pgmend/systemd"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the daemon (systemd's ExecStart)", Args: cobra.NoArgs,
		Long: `Follows the server's log, runs the rules as they come due, and heals as the
configuration allows; without "mode: heal" it observes. It waits for PostgreSQL
to come up, and for another healer of the cluster to end.

SIGHUP reads the configuration again. Where that has a mistake, or a server that
cannot be reached, the running one is kept and the log says why. A repair that
is at work comes to its end first.`,
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := a.configure()
			if err != nil {
				return err
			}
			if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT says nothing else
				debug.SetMemoryLimit(daemonMemory)
			}
			level := new(slog.LevelVar)
			level.Set(logLevel(conf))
			log := slog.New(event.NewHandler(a.stderr, a.logging(conf, level)))
			return a.daemon(c.Context(), conf, log, event.NewObserver(log), level.Set)
		},
	}
}

// daemonMemory is what the daemon takes before it collects its garbage at
// once: a log full of statements of megabytes does not make it large for ever.
const daemonMemory = 64 << 20

// logging is how the daemon's lines look: JSON where they are shipped, for a
// person at a terminal.
func (a *app) logging(c *config.Config, level slog.Leveler) event.Options {
	json := c.Logging.Format == "json" || c.Logging.Format == "auto" && !terminal(a.stderr)
	return event.Options{
		Level: level, JSON: json, Journal: json && a.env("JOURNAL_STREAM") != "", Colour: a.look(a.stderr).Colour,
	}
}

func logLevel(c *config.Config) (level slog.Level) {
	// The configuration's check has let only known levels through.
	_ = level.UnmarshalText([]byte(c.Logging.Level))
	return level
}

// daemon is what lives as long as the process, whatever configuration is in
// force and whether PostgreSQL is there or not.
type daemon struct {
	*app
	log      *slog.Logger
	setLevel func(slog.Level) // nil: the level stays
	observer healer.Observer
	notify   systemd.Notifier
	ledger   *ledger.Ledger
	parser   *worker.Pool
	records  *healer.Service // what needs no database
	started  time.Time
	hub      *page.Hub
	metrics  *metrics.Metrics
	hearing  attention
	ears     ears
	book     *hearsay.Book  // what the log said, counted
	heard    workload.Gauge // what statements take, by the log
	renew    chan struct{}  // asks for the databases to be chosen again

	site   atomic.Pointer[site]        // in force
	loop   atomic.Pointer[healer.Loop] // nil: not connected
	state  atomic.Pointer[string]      // as systemctl shows it
	cycled atomic.Pointer[time.Time]   // when a cycle was last completed

	// mu is held for reading by whoever is served by a database, so that none
	// is closed under him.
	mu  sync.RWMutex
	now *connection // nil: not connected
}

// daemon runs until the context ends. Whatever it started it waits for.
func (a *app) daemon(ctx context.Context, conf *config.Config, log *slog.Logger, observer healer.Observer, setLevel func(slog.Level)) (err error) {
	d := &daemon{app: a, log: log, setLevel: setLevel, hub: page.NewHub(), started: a.clock().UTC(), renew: make(chan struct{}, 1)}
	d.metrics = metrics.New(metrics.Config{
		Version: version(), Actions: event.Actions(), Clock: a.clock, Alive: func() bool { return d.hangs() == "" },
		Recall: func(ctx context.Context) (healer.History, error) { return healer.Recall(ctx, d.ledger, a.clock()) },
		Logs:   d.ears.progress,
		Ready:  func() (string, bool) { return *d.state.Load(), d.loop.Load() != nil },
	})
	d.observer = healer.Observers{observer, beat{d}, d.hub, d.metrics}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	if d.ledger, err = ledger.Open(conf.State); err != nil {
		return fmt.Errorf("state directory %s: %w", conf.State, err)
	}
	defer func() { err = errors.Join(err, d.ledger.Close()) }()
	d.book = hearsay.New(a.clock)
	if err := d.book.Load(ctx, d.ledger); err != nil {
		log.WarnContext(ctx, "counting begins anew", event.KeyError, err.Error())
	}
	if d.parser, err = newWorker(); err != nil {
		return err
	}
	defer d.parser.Close()
	first, err := a.prepare()
	if err != nil {
		return err
	}
	d.records = &healer.Service{
		Healers: []*healer.Healer{healer.New(healer.Config{Ledger: d.ledger, State: d.ledger, Observer: d.observer, Clock: a.clock})},
		Changed: func(rule string) {
			if loop := d.loop.Load(); loop != nil {
				loop.Look(rule)
			}
		},
	}
	defer func() { _ = d.notify.Stopping() }()
	return d.run(ctx, first, hup)
}

// run starts what lives as long as the process, and waits for all of it. The
// first that fails ends the others.
func (d *daemon) run(ctx context.Context, first *site, hup <-chan os.Signal) error {
	d.enter(first)
	fronts, err := d.open(ctx, first.conf)
	if err != nil {
		return err
	}
	crew := newCrew(ctx)
	for _, s := range fronts {
		crew.start(s.name, s.run)
	}
	crew.start("hearsay", func(ctx context.Context) error {
		return d.book.Run(ctx, d.ledger, func(err error) {
			d.log.WarnContext(ctx, "what the log said could not be saved", event.KeyError, err.Error())
		})
	})
	crew.start("reports", d.digests)
	crew.start("watchdog", func(ctx context.Context) error { return d.notify.Watchdog(ctx, d.alive) })
	crew.start("daemon", func(ctx context.Context) error { return d.supervise(ctx, first, hup) })
	return crew.wait()
}

// say tells systemd, and whoever asks for the status, what the daemon does.
func (d *daemon) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.state.Store(&text)
	_ = d.notify.Status(text) // that it cannot be told was said at the start
}

// tell says in the log, and counts, what the daemon itself does.
func (d *daemon) tell(ctx context.Context, action healer.Action, attrs ...slog.Attr) {
	event.Tell(ctx, d.log, action, attrs...)
	d.metrics.Observe(ctx, healer.Transition{At: d.clock().UTC(), Action: action})
}

// Test implements control.Alerts.
func (d *daemon) Test(ctx context.Context, code, actor string) error {
	return event.Test(ctx, d.log, code, actor)
}

// Status implements control.Health.
func (d *daemon) Status(ctx context.Context) (control.Status, error) {
	conf := d.site.Load().conf
	s := control.Status{
		Version: version(), Mode: conf.Mode, Started: d.started, PID: os.Getpid(), Config: conf.Hash(), State: *d.state.Load(),
	}
	if loop := d.loop.Load(); loop != nil {
		s.Databases = loop.Databases()
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
