package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/control"
	"github.com/pgmend/pgmend/healer/ledger"
)

// store opens the baselines of the state directory.
func (a *app) store(r reach) (baseline.Store, func(), error) {
	c, err := a.configure()
	if err != nil {
		return baseline.Store{}, nil, err
	}
	led, _, release, err := a.memory(c.State, r)
	return baseline.Store{Dir: c.State, Ledger: led, Clock: a.clock}, release, err
}

// theirs is the daemon that has the state directory, where an error says that
// one has it.
func (a *app) theirs(ctx context.Context, err error) (*control.Client, error) {
	if !errors.Is(err, ledger.ErrHeld) && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	client, dialed := control.Dial(ctx, a.conf.Control.Socket)
	if dialed != nil {
		return nil, fmt.Errorf("%w; %w", err, dialed)
	}
	return client, nil
}

// Capture implements control.Baselines: the daemon reads its own databases.
func (d *daemon) Capture(ctx context.Context, database, actor string) ([]healer.Baseline, error) {
	c, done, err := d.use()
	if err != nil {
		return nil, err
	}
	defer done()
	var out []healer.Baseline
	for _, db := range c.list {
		schema, err := baseline.Read(ctx, db)
		if err != nil {
			return out, err
		}
		if database != "" && schema.Database != database {
			continue
		}
		b, err := d.baselines().Capture(ctx, schema, "database", actor)
		if err != nil {
			return out, err
		}
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("database %s: %w", database, healer.ErrNotFound)
	}
	return out, nil
}

// Approve implements control.Baselines.
func (d *daemon) Approve(ctx context.Context, hash, actor string) ([]healer.Baseline, error) {
	list, err := d.baselines().Approve(ctx, hash, actor)
	if loop := d.loop.Load(); err == nil && loop != nil {
		loop.Look("schema/drift")
	}
	return list, err
}

func (d *daemon) baselines() baseline.Store {
	return baseline.Store{Dir: d.site.Load().conf.State, Ledger: d.ledger, Clock: d.clock}
}
