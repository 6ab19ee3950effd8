package pglog_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/pgmend/pgmend/healer/disposable"
	"github.com/pgmend/pgmend/parser/pglog"
)

// TestStandby has a pair of servers say what they say of replication: a
// conflict of a query with the replay, a primary that goes away, a promotion.
func TestStandby(t *testing.T) {
	for _, b := range installed(t) {
		t.Run(fmt.Sprint(b.Major), func(t *testing.T) {
			t.Parallel()
			primary := start(t, b, map[string]string{"log_replication_commands": "on", "autovacuum": "off"})
			primary.run("CREATE TABLE t AS SELECT g FROM generate_series(1, 10) g")
			settings := map[string]string{
				"logging_collector": "on", "log_destination": "stderr,csvlog", "log_directory": "log", "log_filename": "pg.log", "log_line_prefix": linePrefix,
				"max_standby_streaming_delay": "500ms", "deadlock_timeout": "50ms", "max_connections": "12",
			}
			if b.Major >= 14 {
				settings["log_recovery_conflict_waits"] = "on"
			}
			server, err := disposable.Start(t.Context(), disposable.Options{Binaries: b, Primary: primary.server, Settings: settings})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Stop(context.Background()); err != nil {
					t.Error(err)
				}
			})
			standby := &patient{t, server, b.Major, "pg"}
			tells := func(p *patient, kinds ...pglog.Kind) {
				for _, k := range kinds {
					p.until(string(k), func(r pglog.Framed) bool { return pglog.Classify(r.Record).Kind == k })
				}
			}
			tells(standby, "recovery_starting", "consistent_recovery_state", pglog.StreamingStarted)
			tells(primary, "replication_command")
			c := standby.session("postgres", "postgres")
			if c == nil {
				t.Fatal("cannot connect to the standby")
			}
			queried := make(chan struct{})
			go func() {
				defer close(queried)
				run(t.Context(), c, "SELECT pg_sleep(60) FROM t LIMIT 1")
			}()
			poll(t, "the query on the standby", func() bool {
				return standby.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'") == "1"
			})
			primary.run("TRUNCATE t")
			<-queried
			_ = c.Close(context.Background())
			tells(standby, "recovery_conflict")
			if b.Major >= 14 {
				tells(standby, pglog.RecoveryConflictWait)
			}
			primary.end()
			tells(standby, pglog.StreamingLost)
			standby.run("SELECT pg_promote()")
			tells(standby, pglog.Promoted, "recovery_complete")
			standby.end()
			logs := standby.logs(linePrefix)
			compare(t, "stderr", "csv", essence(logs[pglog.Stderr], false), essence(logs[pglog.CSV], false))
			if !slices.ContainsFunc(logs[pglog.CSV], func(r pglog.Framed) bool { return r.SQLState == "40001" && !r.Forgeable }) {
				t.Error("the conflict has no SQLSTATE")
			}
		})
	}
}
