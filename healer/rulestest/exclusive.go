package rulestest

import (
	"context"
	"maps"
	"sync"

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
	// Nothing here outlives a crash, unless a case says so.
	settings = maps.Clone(settings)
	for _, name := range []string{"fsync", "full_page_writes"} {
		if _, said := settings[name]; !said {
			settings[name] = "off"
		}
	}
	return e.server, Configure(ctx, e.server, settings)
}

// give drops what is left of a case and lets the next one in.
func (e *Exclusive) give(ctx context.Context) error {
	defer e.mu.Unlock()
	drops, err := ask(ctx, e.server, `SELECT pg_catalog.format('DROP TABLESPACE %I', t.spcname) FROM pg_catalog.pg_tablespace AS t WHERE t.spcname NOT LIKE 'pg\_%'`)
	if err != nil {
		return err
	}
	return runAll(ctx, e.server, append(drops, "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE NOT active",
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
