package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/control"
)

// front is something that the daemon serves, and where.
type front struct {
	name string
	on   []net.Listener
	run  func(context.Context) error
}

// open begins to listen for all that is served, so that whoever is told that the
// daemon is ready can connect to it.
func (d *daemon) open(ctx context.Context, conf *config.Config) (out []front, err error) {
	defer func() {
		if err != nil {
			for _, s := range out {
				err = errors.Join(err, closeAll(s.on))
			}
		}
	}()
	socket, err := control.Listen(ctx, conf.Control.Socket, conf.Control.Group)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	server := control.NewServer(control.Config{Repairs: d, Answers: d.records, Brake: d.records, Health: d, Alerts: d, Baselines: d})
	out = append(out, front{"control", []net.Listener{socket}, func(ctx context.Context) error { return server.Run(ctx, socket) }})
	if conf.Metrics.Listen != "" {
		web := control.Web{Listen: conf.Metrics.Listen, Group: conf.Control.Group, Handler: d.metrics}
		l, err := web.Open(ctx)
		if err != nil {
			return out, fmt.Errorf("metrics: %w", err)
		}
		out = append(out, front{"metrics", []net.Listener{l}, func(ctx context.Context) error { return web.Run(ctx, l) }})
	}
	local, ok, err := d.page(ctx)
	if err != nil {
		return out, err
	}
	if ok {
		out = append(out, local)
	}
	return out, nil
}

func closeAll(list []net.Listener) error {
	var err error
	for _, l := range list {
		err = errors.Join(err, l.Close())
	}
	return err
}
