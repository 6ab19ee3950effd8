package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/hearsay"
	"github.com/pgmend/pgmend/healer/ledger"
	"github.com/pgmend/pgmend/healer/patroni"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/report"
)

// finder looks, and changes nothing.
type finder interface {
	Find(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error)
}

// repairer plans, repairs and takes repairs back.
type repairer interface {
	Plan(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error)
	Heal(ctx context.Context, o healer.Options, obs healer.Observer) (healer.Result, error)
	Undo(ctx context.Context, attemptID string, o healer.Options, obs healer.Observer) (healer.Attempt, error)
}

// answerer takes what a person decides about plans and findings.
type answerer interface {
	Answer(ctx context.Context, planID string, yes bool, actor string) (healer.Approval, error)
	Mute(ctx context.Context, findingID string, off bool, actor string) error
}

// pauser stops all repairs and lets them run again.
type pauser interface {
	Pause(ctx context.Context, length time.Duration, actor string) (healer.Control, error)
	Resume(ctx context.Context, actor string) (healer.Control, error)
}

// engine is what commands act through: a healer of this process, or the
// daemon's over its socket. A daemon is never asked to find: looking needs
// nothing that it holds.
type engine struct {
	finder
	repairer
	answerer
	pauser
	patients []*pg.Database // that are to be watched meanwhile; none of a daemon's
	close    func()
}

func local(s *healer.Service, closer func()) *engine {
	return &engine{finder: s, repairer: s, answerer: s, pauser: s, close: closer}
}

// reach says how much of the engine a command needs.
type reach int

// The reaches.
const (
	looks   reach = iota // reads the databases, writes nothing
	records              // writes to the ledger, needs no database
	acts                 // reads and repairs databases, writes to the ledger
)

// open makes an engine. Its close gives back what it holds.
func (a *app) open(ctx context.Context, r reach) (*engine, error) {
	c, err := a.configure()
	if err != nil {
		return nil, err
	}
	if r != looks && a.ownState && !a.elsewhere() {
		// Nobody said which state directory: a daemon on this host comes first.
		if e, err := a.remote(ctx); err == nil {
			return e, nil
		}
	}
	led, state, release, err := a.memory(c.State, r)
	if errors.Is(err, ledger.ErrHeld) || errors.Is(err, fs.ErrPermission) && r != looks {
		return a.daemonOf(ctx, r, err)
	}
	if err != nil {
		return nil, err
	}
	e, err := a.here(ctx, r, led, state)
	if err != nil {
		release()
		return nil, err
	}
	databases := e.close
	e.close = func() { databases(); release() }
	return e, nil
}

// memory opens the ledger as far as it is needed.
func (a *app) memory(dir string, r reach) (healer.Ledger, healer.State, func(), error) {
	var l *ledger.Ledger
	var err error
	if r == looks {
		l, err = ledger.OpenReadOnly(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return blank{}, blank{}, func() {}, nil
		}
	} else {
		l, err = ledger.Open(dir)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("state directory %s: %w", dir, err)
	}
	return l, l, func() {
		if err := l.Close(); err != nil {
			a.warn("%v", err)
		}
	}, nil
}

// here is a healer of this process, one for each database.
func (a *app) here(ctx context.Context, r reach, led healer.Ledger, state healer.State) (*engine, error) {
	base := healer.Config{Ledger: led, State: state, Clock: a.clock}
	if r == records {
		return local(&healer.Service{Healers: []*healer.Healer{healer.New(base)}}, func() {}), nil
	}
	set, err := a.ruleSet()
	if err != nil {
		return nil, err
	}
	base.Rules = set
	if base.Policy, err = a.policy(set); err != nil {
		return nil, err
	}
	if !a.elsewhere() {
		// What the daemon of this host counted is not of another one's log.
		book := hearsay.New(a.clock)
		if err := book.Load(ctx, state); err != nil {
			a.warn("%v", err)
		}
		base.Hearsay = book
	}
	list, err := a.databases(ctx)
	if err != nil {
		return nil, err
	}
	parser, err := newWorker()
	if err != nil {
		closeDatabases(list)
		return nil, err
	}
	s := &healer.Service{}
	for i, d := range list {
		id, err := d.Identify(ctx)
		if err != nil {
			closeDatabases(list)
			return nil, err
		}
		h := base
		h.Database, h.Control = id.Database, i == 0
		h.Reader, h.Snapshotter = d, d
		h.Declared = &baseline.Watch{Reader: d, Store: baseline.Store{Dir: a.conf.State, Ledger: led, Clock: a.clock}, Dropped: drops(state)}
		if r == acts {
			h.Operator, h.Leading, h.Patroni = d, list[0].Leading, a.patroni(id)
			h.Meter = meter{d, id.Database, parser, nil}
		}
		s.Healers = append(s.Healers, healer.New(h))
	}
	release := func() {}
	if r == acts {
		if release, err = list[0].Lead(ctx); err != nil {
			closeDatabases(list)
			return nil, err
		}
	}
	e := local(s, func() { release(); parser.Close(); closeDatabases(list) })
	e.patients = list
	return e, nil
}

// patroni asks the Patroni of a server whether it is paused; nil where it is
// not configured.
func (a *app) patroni(id healer.Identity) func(context.Context) (bool, error) {
	if a.conf.Connection.Patroni == "" {
		return nil
	}
	return patroni.API{Address: a.conf.Connection.Patroni, SystemIdentifier: id.SystemIdentifier}.Paused
}

// databases connects to each chosen database; the first one is where the
// rules of the whole cluster run.
func (a *app) databases(ctx context.Context) ([]*pg.Database, error) {
	c, names, err := a.connection()
	if err != nil {
		return nil, err
	}
	c.Sessions = new(pg.Sessions)
	if config.Chosen(names) {
		all, err := discover(ctx, c)
		if err != nil {
			return nil, err
		}
		if names, err = pick(names, all); err != nil {
			return nil, err
		}
	}
	c.Brief = len(names) > keepFor
	var list []*pg.Database
	for _, name := range names {
		d, err := openDatabase(ctx, c, name)
		if err != nil {
			closeDatabases(list)
			if name != "" {
				return nil, fmt.Errorf("database %s: %w", name, err)
			}
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// errNoDatabase says that the configuration chooses none of those there are.
var errNoDatabase = errors.New("the server has none of the configured databases")

// pick picks from the server's databases. The maintenance database comes
// first where it is chosen: it is the one that is always there, and rules of
// the whole cluster run, and the healer's lock is, in the first.
func pick(names, all []string) ([]string, error) {
	chosen, missing := config.Choose(names, all)
	if len(chosen) == 0 || len(missing) > 0 {
		return nil, fmt.Errorf("%w: it has %s, and databases: %s is configured", errNoDatabase,
			strings.Join(all, ", "), strings.Join(names, ", "))
	}
	if i := slices.Index(chosen, maintenance); i > 0 {
		chosen = append([]string{maintenance}, slices.Delete(chosen, i, i+1)...)
	}
	return chosen, nil
}

// maintenance is the database that tools connect to by default
// (documentation, Creating a Database).
const maintenance = "postgres"

// discover asks the server for its databases.
func discover(ctx context.Context, c pg.Config) ([]string, error) {
	d, err := openDatabase(ctx, c, maintenance)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Databases(ctx)
}

func openDatabase(ctx context.Context, c pg.Config, name string) (*pg.Database, error) {
	var err error
	if c.Observer, err = overlay(c.Observer, []setting{{"dbname", name}}); err != nil {
		return nil, err
	}
	for _, login := range []*string{&c.Healer, &c.Signaller} {
		if *login != "" {
			if *login, err = overlay(*login, []setting{{"dbname", name}}); err != nil {
				return nil, err
			}
		}
	}
	return pg.Open(ctx, c)
}

// blank is the ledger of somebody who only looks and has none yet.
type blank struct{}

// Append implements healer.Ledger.
func (blank) Append(context.Context, healer.Entry) (healer.Entry, error) {
	return healer.Entry{}, errors.New("this command only looks, and writes no ledger")
}

// Current implements healer.Ledger.
func (blank) Current(context.Context, healer.Kind, time.Time) ([]healer.Entry, error) {
	return nil, nil
}

// History implements healer.Ledger.
func (blank) History(context.Context, string) ([]healer.Entry, error) { return nil, nil }

// Get implements healer.State.
func (blank) Get(context.Context, string) (string, bool, error) { return "", false, nil }

// Put implements healer.State.
func (blank) Put(context.Context, string, string) error {
	return errors.New("this command only looks, and writes no state")
}

// warn tells a person something beside the data.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintln(a.stderr, "pgmend: "+report.Lines(fmt.Sprintf(format, args...)))
}
