package healer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// What was changed after a repair, by whoever, is not taken back with it: the
// undo refuses, says why, and touches nothing.
func TestUndoRefusesWhatWasChangedSince(t *testing.T) {
	t.Parallel()
	const quiet = "CREATE TABLE app.quiet (id int); INSERT INTO app.quiet SELECT generate_series(1, 20); ALTER TABLE app.quiet SET (autovacuum_enabled = off)"
	const slot = `-- @superuser
		SELECT pg_create_physical_replication_slot('keeps', true);
		-- @superuser
		DO $$ BEGIN
		  IF current_setting('server_version_num')::int < 150000 THEN
		    EXECUTE format('ALTER ROLE %I SUPERUSER', current_database() || '_healer');
		  ELSE
		    EXECUTE format('GRANT ALTER SYSTEM ON PARAMETER max_slot_wal_keep_size TO %I', current_database() || '_healer');
		  END IF;
		  EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO %I', current_database() || '_healer');
		END $$;
		CREATE TABLE app.filler AS SELECT 1 AS n;
		-- @superuser
		SELECT pg_switch_wal();
		INSERT INTO app.filler VALUES (1);
		-- @superuser
		SELECT pg_switch_wal()`
	x := newSite(t, map[string]string{"wal_keep_size": "0"}, builtin(t), "")
	for name, c := range map[string]struct {
		rule, broken, changed string
		why                   string // of the refusal
		state                 string // what has to be as the change left it
	}{
		"a storage parameter": {
			"vacuum/autovacuum-disabled", quiet, "ALTER TABLE app.quiet SET (fillfactor = 70)",
			"options was nothing and is", "SELECT reloptions::text FROM pg_class WHERE oid = 'app.quiet'::regclass",
		},
		"a table that was made again": {
			"vacuum/autovacuum-disabled", quiet, "DROP TABLE app.quiet; CREATE TABLE app.quiet (id int)",
			"made again", "SELECT reloptions::text FROM pg_class WHERE oid = 'app.quiet'::regclass",
		},
		"an index of the name of the dropped one": {
			"index/duplicate", duplicates, "CREATE INDEX second ON app.t (v DESC)",
			"kind was nothing", "SELECT pg_get_indexdef('app.second'::regclass)",
		},
		"the table of a dropped index": {
			"index/duplicate", duplicates, "DROP TABLE app.t; CREATE TABLE app.t (v text)",
			"its table was dropped", "SELECT count(*) FROM pg_index WHERE indrelid = 'app.t'::regclass",
		},
		"the index that was built": {
			"index/missing-foreign-key", `CREATE TABLE app.p (id int PRIMARY KEY); CREATE TABLE app.c (id int, p int CONSTRAINT c_fk REFERENCES app.p)`,
			"DROP INDEX app.c_fk_idx; CREATE INDEX c_fk_idx ON app.c (p, id)",
			"index c_fk_idx", "SELECT pg_get_indexdef('app.c_fk_idx'::regclass)",
		},
		"a sequence": {
			"sequence/exhaustion", "CREATE TABLE app.n (id serial PRIMARY KEY); ALTER TABLE app.n ALTER COLUMN id TYPE bigint; SELECT setval('app.n_id_seq', 2000000000)",
			"GRANT SELECT ON SEQUENCE app.n_id_seq TO PUBLIC; SELECT setval('app.n_id_seq', 3000000000)",
			"changed after the repair", "SELECT last_value || ' of ' || seqmax FROM app.n_id_seq, pg_sequence WHERE seqrelid = 'app.n_id_seq'::regclass",
		},
		"a setting": {
			"slot/unbounded", slot, "-- @superuser\nALTER SYSTEM SET max_slot_wal_keep_size = '7GB';\n-- @superuser\nSELECT pg_reload_conf()",
			"value was", "SELECT setting FROM pg_file_settings WHERE name = 'max_slot_wal_keep_size'",
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := stageOn(t, x.Server, builtin(t), c.broken)
			o := person(c.rule)
			o.Yes, o.Ceiling = true, rules.High
			o.Sets = append(o.Sets, "*.min_rows=0", "*.min_parent_changes=0", "slot/unbounded.min_retained=1MB", "slot/unbounded.keep=1GB")
			found(t, st, o, 1)
			r, err := st.Heal(t.Context(), o)
			done := only(t, r, err)
			if !done.Verified || len(done.Plan.Undo) == 0 {
				t.Fatalf("%s: %s", done.State, done.Err)
			}
			play(t, st, c.changed)
			if c.rule == "slot/unbounded" {
				x.until("SELECT setting = '7168' FROM pg_settings WHERE name = 'max_slot_wal_keep_size'")
			}
			before := x.Ask(t, st.Name, "postgres", c.state)
			back, err := st.Undo(t.Context(), done.ID, o)
			var refusal *healer.Refusal
			if !errors.As(err, &refusal) || refusal.Guard != "undo" || !strings.Contains(refusal.Reason, c.why) {
				t.Errorf("the undo: %s %s, %v", back.State, back.Err, err)
			}
			if now := x.Ask(t, st.Name, "postgres", c.state); now != before {
				t.Errorf("%q became %q", before, now)
			}
		})
	}
}
