package healer_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/healer/rulestest"
)

// twice is a rule of two statements, together in a transaction or each by itself.
func twice(mode string) string {
	first, second := "ALTER TABLE {schema}.{name} SET (fillfactor = 80);", "ALTER TABLE {schema}.{name} SET (autovacuum_enabled = off);"
	if mode == "session" {
		first, second = "ANALYZE {schema}.{name};", "ANALYZE {schema}.{name} (id);"
	}
	return tables + `
-- repair: ` + mode + "\n" + first + "\n" + second + `

-- verify: within=1ms
SELECT 'never' WHERE false

-- undo: none, because it is a test`
}

// Between two statements, and before a statement that gave way is tried again,
// it is asked whether the repair may still go on: a pause, the loss of the lead
// and a change of the object each end it, with nothing more sent and nothing
// left unfinished.
func TestWhatComesInBetweenStopsTheNextStatement(t *testing.T) {
	t.Parallel()
	const table = "CREATE TABLE app.t (id int);\n"
	const held = table + "-- @hold\nLOCK TABLE app.t IN SHARE UPDATE EXCLUSIVE MODE"
	server := pgtest.One(t)
	type moment struct {
		t    *testing.T
		st   *rulestest.Stage
		lost *atomic.Bool
	}
	pause := func(m moment) {
		if _, err := m.st.Pause(context.WithoutCancel(m.t.Context()), 0, "tester"); err != nil {
			m.t.Error(err)
		}
	}
	lose := func(m moment) { m.lost.Store(true) }
	alter := func(m moment) {
		if err := m.st.Player.Release(context.WithoutCancel(m.t.Context())); err != nil {
			m.t.Error(err)
		}
		server.Exec(m.t, m.st.Name, "postgres", "ALTER TABLE app.t ADD COLUMN n int")
	}
	for name, c := range map[string]struct {
		mode, script string
		do           func(moment)
		why          string
	}{
		"a pause behind a statement":       {"transaction", table, pause, "tester paused"},
		"a pause behind one that stays":    {"session", table, pause, "tester paused"},
		"the lead is lost behind one":      {"transaction", table, lose, "another leads"},
		"a pause before another try":       {"transaction", held, pause, "tester paused"},
		"the lead is lost before another":  {"transaction", held, lose, "another leads"},
		"a change before another try":      {"transaction", held, alter, "it was changed meanwhile: column 2"},
		"a pause before a session's other": {"session", held, pause, "tester paused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := stage(t, source{rule(t, "test/twice", twice(c.mode))}, c.script)
			var lost atomic.Bool
			started := 0
			once := on(healer.StepFinished, func() { c.do(moment{t, st, &lost}) })
			h := with(st, func(cfg *healer.Config) {
				cfg.Leading = func(context.Context) error {
					if lost.Load() {
						return errors.New("another leads")
					}
					return nil
				}
				cfg.Observer = acts(func(tr healer.Transition) {
					if tr.Action == healer.StepStarted {
						started++
					}
					once.Observe(t.Context(), tr)
				})
			})
			r, err := h.Heal(t.Context(), healer.Options{Person: true, Now: true})
			a := only(t, r, err)
			if a.State != healer.Deferred || a.Ended.IsZero() || !strings.Contains(a.Err, c.why) {
				t.Errorf("%s at %s: %s", a.State, a.Ended, a.Err)
			}
			if started != 1 {
				t.Errorf("%d statements were begun", started)
			}
			if list, err := h.Attempts(t.Context()); err != nil || len(list) != 1 || list[0].State != healer.Deferred {
				t.Errorf("the ledger has %d attempts, %v", len(list), err)
			}
			if left := server.Ask(t, st.Name, "postgres", "SELECT reloptions::text FROM pg_class WHERE oid = 'app.t'::regclass"); left != "" {
				t.Errorf("the table is left with %q", left)
			}
		})
	}
}
