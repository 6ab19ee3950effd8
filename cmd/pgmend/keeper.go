package main

import (
	"context"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
)

// keeper keeps what was captured and approved: the state directory of this
// process or, where a daemon has that, the daemon.
type keeper interface {
	Capture(ctx context.Context, s baseline.Schema, source, actor string) (healer.Baseline, error)
	Approve(ctx context.Context, hash, actor string) ([]healer.Baseline, error)
}

// store opens the baselines of the state directory.
func (a *app) store(r reach) (baseline.Store, func(), error) {
	c, err := a.configure()
	if err != nil {
		return baseline.Store{}, nil, err
	}
	led, _, release, err := a.memory(c.State, r)
	return baseline.Store{Dir: c.State, Ledger: led, Clock: a.clock}, release, err
}

func (a *app) keeper(context.Context) (keeper, func(), error) {
	return a.store(records)
}
