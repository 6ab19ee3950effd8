package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pgmend/pgmend/cmd/pgmend/config"
	"github.com/pgmend/pgmend/healer/control"
)

// remote is the engine of the daemon that serves the control socket.
func (a *app) remote(ctx context.Context) (*engine, error) {
	client, err := control.Dial(ctx, a.conf.Control.Socket)
	if err != nil {
		return nil, err
	}
	return &engine{repairer: client, answerer: client, pauser: client, close: func() {}}, nil
}

// daemonOf reaches the daemon that has the state directory. It repairs the
// servers of its own configuration, so a command that names another server is
// refused rather than sent to it.
func (a *app) daemonOf(ctx context.Context, r reach, held error) (*engine, error) {
	if r == acts && a.elsewhere() {
		return nil, usagef("%w; the daemon repairs the servers it is configured for, so leave out the connection, or name another --state for this one", held)
	}
	e, err := a.remote(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w; %w", held, err)
	}
	return e, nil
}

// elsewhere reports whether the command line or, without a configuration, the
// environment names a server.
func (a *app) elsewhere() bool {
	f := a.flags
	if f.host != "" || f.port != "" || f.user != "" || isURI(f.database) || strings.Contains(f.database, "=") {
		return true
	}
	if a.conf.Connection != (config.Connection{}) || len(a.conf.Databases) > 0 {
		return false
	}
	for _, name := range []string{"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE"} {
		if a.env(name) != "" {
			return true
		}
	}
	return false
}
