package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/event"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/rules"
)

// site is one configuration that was found to be valid, with its rules. The
// daemon works by one at a time; a reload makes the next.
type site struct {
	*app   // whose configuration it is
	conf   *config.Config
	rules  rules.Set
	policy healer.Policy
	list   []*pg.Database // connected to already, by a reload
}

// prepare makes a site of the configuration, or says what is wrong with it.
func (a *app) prepare() (*site, error) {
	conf, err := a.configure()
	if err != nil {
		return nil, err
	}
	s := &site{app: a, conf: conf}
	if s.rules, err = a.ruleSet(); err != nil {
		return nil, err
	}
	s.policy, err = a.policy(s.rules)
	return s, err
}

// bounds of the sessions of a daemon: setup sql gives its roles 20 each.
const (
	// atOnce is in how many databases something is at work at a time. A repair
	// takes a session, its watchdog, and one that reads.
	atOnce = 4
	// keepFor is up to how many databases each keeps a session between two
	// looks.
	keepFor = 8
)

// live works by a site until the context ends or, after soft has ended, until
// what is at work has come to its end.
func (d *daemon) live(ctx, soft context.Context, s *site) error {
	crew := newCrew(ctx)
	d.follow(crew, s.logs())
	crew.start("healing", func(ctx context.Context) error {
		if err := d.heal(ctx, soft, s); err != nil {
			return err
		}
		return errDone
	})
	return crew.wait()
}

// heal connects, and runs the loop over the databases.
func (d *daemon) heal(ctx, soft context.Context, s *site) error {
	d.say("%s; waiting for PostgreSQL", s.conf.Mode)
	c, err := d.connect(soft, s)
	if err != nil {
		closeDatabases(s.list)
		if soft.Err() != nil {
			return nil // asked to stop before there was a server
		}
		return err
	}
	defer c.release()
	d.serve(&c)
	defer d.serve(nil)
	defer context.AfterFunc(soft, c.loop.Drain)()
	d.say("%s; connected, %d databases", s.conf.Mode, len(c.list))
	d.tell(ctx, event.DaemonStarted, slog.String("pgmend.version", version()), slog.String("pgmend.mode", s.conf.Mode),
		slog.Int("pgmend.databases", len(c.list)), slog.String("pgmend.state", s.conf.State))
	crew := newCrew(ctx)
	d.follow(crew, d.serversOwn(ctx, s, c.list[0]))
	crew.start("databases", func(ctx context.Context) error { return d.newcomers(ctx, s, c.list[0], c.loop.Databases()) })
	if d.shows != nil {
		crew.start("progress", func(ctx context.Context) error {
			d.shows.Follow(ctx, progressEvery, lookAt(c.list))
			return nil
		})
	}
	crew.start("loop", func(ctx context.Context) error {
		if err := c.loop.Run(ctx); err != nil {
			return err
		}
		return errDone
	})
	return crew.wait()
}

// serve gives the databases to whoever asks, or with nil takes them back, once
// nobody uses them.
func (d *daemon) serve(c *connection) {
	if c == nil {
		d.loop.Store(nil)
	} else {
		d.loop.Store(c.loop)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = c
}

// connection is what there is while the server is there.
type connection struct {
	list    []*pg.Database
	service *healer.Service
	loop    *healer.Loop
	release func()
}

// connect waits until the server is there and nobody else leads.
func (d *daemon) connect(ctx context.Context, s *site) (connection, error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 500*time.Millisecond, 30*time.Second
	return backoff.Retry(ctx, func() (connection, error) {
		c, err := d.tryOnce(ctx, s)
		if err != nil && !healer.IsConnection(err) && !errors.Is(err, errNoDatabase) && !oneHealer(err) {
			err = backoff.Permanent(err)
		}
		return c, err
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, next time.Duration) {
			d.say("%s; waiting for PostgreSQL: %v", s.conf.Mode, err)
			d.tell(ctx, event.DaemonWaiting, slog.String(event.KeyError, err.Error()), slog.String("pgmend.retry_in", next.String()))
		}))
}

// oneHealer reports that another healer has the cluster.
func oneHealer(err error) bool {
	var refused *healer.Refusal
	return errors.As(err, &refused) && refused.Guard == pg.GuardOneHealer
}

// lead takes the lead, and says so where that is beside a session that calls
// itself a healer.
func (d *daemon) lead(ctx context.Context, control *pg.Database) (release func(), err error) {
	release, err = control.Lead(ctx)
	if beside := control.Beside(); err == nil && beside != "" {
		d.tell(ctx, healer.ClaimIgnored, slog.String(event.KeyError, beside))
	}
	return release, err
}

// tryOnce connects, takes the lead and wires the rest.
func (d *daemon) tryOnce(ctx context.Context, s *site) (connection, error) {
	list, err := s.take(ctx)
	if err != nil {
		return connection{}, err
	}
	release, err := d.lead(ctx, list[0])
	if oneHealer(err) {
		s.list = list // it waits with its lock in sight, and knows since when
		return connection{}, err
	}
	if err != nil {
		closeDatabases(list)
		return connection{}, err
	}
	c := connection{list: list, release: func() { release(); closeDatabases(list) }}
	if c.service, c.loop, err = d.wire(ctx, s, list); err != nil {
		c.release()
		return connection{}, err
	}
	return c, nil
}

// take returns the databases a reload has connected to, or connects.
func (s *site) take(ctx context.Context) ([]*pg.Database, error) {
	if list := s.list; list != nil {
		s.list = nil
		return list, nil
	}
	return s.databases(ctx)
}

func closeDatabases(list []*pg.Database) {
	for _, d := range list {
		d.Close()
	}
}

// wire makes a healer for each database, the loop and the service.
func (d *daemon) wire(ctx context.Context, s *site, list []*pg.Database) (*healer.Service, *healer.Loop, error) {
	service := &healer.Service{}
	major := 0
	for i, db := range list {
		id, err := db.Identify(ctx)
		if err != nil {
			return nil, nil, err
		}
		major = id.Major()
		service.Healers = append(service.Healers, healer.New(healer.Config{
			Database: id.Database, Control: i == 0, Reader: db, Snapshotter: db, Operator: db,
			Ledger: d.ledger, State: d.ledger, Observer: d.observer, Rules: s.rules, Policy: s.policy, Clock: d.clock,
			Hearsay: d.book, Leading: d.leading(list[0]), Patroni: s.patroni(id), Meter: meter{db, id.Database, d.parser, &d.heard},
			Declared: &baseline.Watch{Reader: db, Store: baseline.Store{Dir: s.conf.State, Ledger: d.ledger, Clock: d.clock}, Dropped: drops(d.ledger)},
		}))
	}
	loop := healer.NewLoop(healer.LoopConfig{
		Healers: service.Healers, Rules: s.rules.For(major), Every: s.conf.Every, Log: d.log, AtOnce: atOnce, Watch: d.watchEvery,
	})
	return service, loop, nil
}

// leading asks whether this process is still the one healer, and becomes it
// again where only the session was lost, as in a restart of the server.
func (d *daemon) leading(control *pg.Database) func(context.Context) error {
	return func(ctx context.Context) error {
		if control.Leading(ctx) == nil {
			return nil
		}
		_, err := d.lead(ctx, control)
		return err
	}
}

// lookForDatabases is how often the server is asked for its databases.
const lookForDatabases = 5 * time.Minute

// newcomers asks for another choice when the databases that are chosen by a
// pattern, or by no name at all, are others than those at work.
func (d *daemon) newcomers(ctx context.Context, s *site, control *pg.Database, at []string) error {
	if _, names, err := s.connection(); err != nil || !config.Chosen(names) {
		return err
	}
	every := d.lookEvery
	if every <= 0 {
		every = lookForDatabases
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		all, err := control.Databases(ctx)
		if err != nil {
			continue // the loop says that the server is away
		}
		now, err := pick(s.conf.Databases, all)
		if err != nil || slices.Equal(now, at) {
			continue
		}
		select {
		case d.renew <- struct{}{}:
		default:
		}
	}
}

// errNotConnected answers who asks for a repair while there is no server.
func errNotConnected() error {
	return &healer.DatabaseError{Message: "the daemon waits for PostgreSQL; pgmend status says why"}
}

// use lends the databases until done is called.
func (d *daemon) use() (c *connection, done func(), err error) {
	d.mu.RLock()
	if d.now == nil {
		d.mu.RUnlock()
		return nil, nil, errNotConnected()
	}
	return d.now, d.mu.RUnlock, nil
}

// Plan implements control.Repairs.
func (d *daemon) Plan(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error) {
	c, done, err := d.use()
	if err != nil {
		return healer.Result{}, err
	}
	defer done()
	return c.service.Plan(ctx, o, obs)
}

// Heal implements control.Repairs.
func (d *daemon) Heal(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error) {
	c, done, err := d.use()
	if err != nil {
		return healer.Result{}, err
	}
	defer done()
	return c.service.Heal(ctx, o, obs)
}

// Undo implements control.Repairs.
func (d *daemon) Undo(ctx context.Context, attemptID string, o healer.Options, obs healer.Observer) (healer.Attempt, error) {
	c, done, err := d.use()
	if err != nil {
		return healer.Attempt{}, err
	}
	defer done()
	return c.service.Undo(ctx, attemptID, o, obs)
}
