package pg_test

import (
	"context"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/rules"
)

// What a VACUUM froze stays frozen when the server is killed right after it: its
// COMMIT alone would leave that to the WAL writer, which here is late.
// hazard: 7
func TestAVacuumOutlivesACrash(t *testing.T) {
	server, err := disposable.Start(t.Context(), disposable.Options{Binaries: pgtest.One(t).Binaries, Settings: map[string]string{
		"autovacuum": "off", "wal_writer_delay": "1s", "full_page_writes": "on", "synchronous_commit": "on",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	x := newSite(t, &pgtest.Server{Server: server})
	frozen := func() string {
		return x.Ask(t, x.name, "postgres", "SELECT relfrozenxid FROM pg_class WHERE oid = 'app.t'::regclass")
	}
	x.Exec(t, x.name, x.owner, "CREATE TABLE app.t (id int); INSERT INTO app.t VALUES (1); SELECT txid_current()")
	before := frozen()
	op := begin(t, x.db, rules.Session)
	if _, err := op.Exec(t.Context(), healer.Statement{SQL: "VACUUM (FREEZE) app.t", Class: "vacuum", Role: x.owner}); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill9(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = op.Close(t.Context(), false)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if frozen() == before {
		t.Error("the crash took back what was done")
	}
}
