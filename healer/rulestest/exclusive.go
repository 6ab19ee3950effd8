package rulestest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgmend/pgmend/healer/disposable"
)

// Exclusive is one more server of a version, for cases that concern a whole
// server: its settings, slots and statistics. One case at a time has it, and
// gives it back as it was. It starts when the first case needs it.
type Exclusive struct {
	Binaries disposable.Binaries

	mu     sync.Mutex
	server *disposable.Server
}

// take waits for the server and sets it up.
func (e *Exclusive) take(ctx context.Context, settings map[string]string) (s Server, err error) {
	e.mu.Lock()
	defer func() {
		if err != nil {
			e.mu.Unlock()
		}
	}()
	if e.server == nil {
		// Durable, which keeps fsync off the command line, where no case could change it.
		e.server, err = disposable.Start(ctx, disposable.Options{Binaries: e.Binaries, Durable: true, Settings: map[string]string{
			"synchronous_commit": "off", "logging_collector": "on", "archive_mode": "on",
		}})
		if err != nil {
			return nil, err
		}
	}
	return e.server, e.configure(ctx, settings)
}

// give drops what is left of a case and lets the next one in.
func (e *Exclusive) give(ctx context.Context) error {
	defer e.mu.Unlock()
	drops, err := e.ask(ctx, `SELECT pg_catalog.format('DROP TABLESPACE %I', t.spcname) FROM pg_catalog.pg_tablespace AS t WHERE t.spcname NOT LIKE 'pg\_%'`)
	if err != nil {
		return err
	}
	return e.run(ctx, append(drops, "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE NOT active",
		"SELECT pg_catalog.pg_stat_reset_shared('bgwriter')", "SELECT pg_catalog.pg_stat_reset_shared('archiver')")...)
}

// Close stops the server.
func (e *Exclusive) Close(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil {
		return nil
	}
	return e.server.Stop(ctx)
}

// configure makes exactly these settings the server's own.
func (e *Exclusive) configure(ctx context.Context, settings map[string]string) error {
	quote := strings.NewReplacer("'", "''")
	// Nothing here outlives a crash, unless a case says so.
	settings = maps.Clone(settings)
	for _, name := range []string{"fsync", "full_page_writes"} {
		if _, said := settings[name]; !said {
			settings[name] = "off"
		}
	}
	statements := []string{"ALTER SYSTEM RESET ALL"}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		statements = append(statements, fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, quote.Replace(settings[name])))
	}
	before, err := e.loaded(ctx)
	if err != nil {
		return err
	}
	if err := e.run(ctx, append(statements, "SELECT pg_catalog.pg_reload_conf()")...); err != nil {
		return err
	}
	// A session takes the settings from the postmaster, which reloads when it gets round to it.
	for deadline := time.Now().Add(defaultSettle); ; {
		now, err := e.loaded(ctx)
		if err != nil || now != before {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("the server did not reload its settings")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// loaded says when the settings of a new session were read.
func (e *Exclusive) loaded(ctx context.Context) (string, error) {
	at, err := e.ask(ctx, "SELECT pg_catalog.pg_conf_load_time()")
	if err != nil {
		return "", err
	}
	return at[0], nil
}

// ask returns the first column of a query.
func (e *Exclusive) ask(ctx context.Context, sql string) (list []string, err error) {
	c, err := pgconn.Connect(ctx, e.server.ConnString("postgres", "postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	r := c.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	for _, row := range r.Rows {
		list = append(list, string(row[0]))
	}
	return list, r.Err
}

func (e *Exclusive) run(ctx context.Context, statements ...string) (err error) {
	c, err := pgconn.Connect(ctx, e.server.ConnString("postgres", "postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	for _, sql := range statements {
		if err := run(ctx, c, sql); err != nil {
			return fmt.Errorf("%w in: %s", err, sql)
		}
	}
	return nil
}
