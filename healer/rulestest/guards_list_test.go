package rulestest_test

import (
	"context"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

// inDatabases are guards that look at one database.
func inDatabases() []refusal {
	return []refusal{
		{
			rule: "collation/database-version", guard: "the recorded version can be set", since: 15,
			script: "-- @superuser\nUPDATE pg_database SET datcollversion = NULL WHERE datname = current_database();",
			back:   "-- @superuser\nUPDATE pg_database SET datcollversion = '1' WHERE datname = current_database();",
		},
		{
			rule: "collation/database-version", guard: "each index can be built again beside itself", since: 15,
			script: "CREATE TABLE app.excluding (v text, EXCLUDE USING btree (v WITH =));",
		},
		{
			rule: "collation/version", guard: "the recorded version can be set",
			script: "-- @superuser\nUPDATE pg_collation SET collversion = NULL WHERE collname = 'ger \"man';",
			back:   "-- @superuser\nUPDATE pg_collation SET collversion = '1' WHERE collname = 'ger \"man';",
		},
		{
			rule: "collation/version", guard: "each index can be built again beside itself",
			script: "ALTER TABLE app.words ADD EXCLUDE USING btree (v WITH =);",
		},
		{
			rule: "data/duplicate-rows", guard: "equality is the one that GROUP BY knows", objects: []string{"app.people_name"},
			script: `
-- @superuser
CREATE OPERATOR CLASS app.otherwise FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 bttextcmp(text, text);
-- @superuser
UPDATE pg_index SET indclass = (SELECT oid::text::oidvector FROM pg_opclass WHERE opcname = 'otherwise') WHERE indexrelid = 'app.people_name'::regclass;`,
			back: `
-- @superuser
UPDATE pg_index SET indclass = (SELECT oid::text::oidvector FROM pg_opclass WHERE opcname = 'text_ops' AND opcdefault AND opcmethod = 403)
 WHERE indexrelid = 'app.people_name'::regclass;`,
		},
		{
			rule: "data/duplicate-rows", guard: "its owner may make a table beside it", objects: []string{"app.users_email"},
			script: "ALTER TABLE app.users ADD pgmend_source text;",
			back:   "ALTER TABLE app.users DROP pgmend_source;",
		},
		{
			rule: "data/duplicate-rows", guard: "its owner may make a table beside it",
			script: "REVOKE CREATE ON SCHEMA app FROM CURRENT_USER;",
		},
		{
			rule: "data/orphan-rows", guard: "its owner may make a table beside it", objects: []string{"app.notes_fk"},
			script: "ALTER TABLE app.notes ADD pgmend_moved text;",
			back:   "ALTER TABLE app.notes DROP pgmend_moved;",
		},
		{
			rule: "data/orphan-rows", guard: "its owner may make a table beside it",
			script: "REVOKE CREATE ON SCHEMA app FROM CURRENT_USER;",
		},
		{
			// One that waits for a transaction that does not end.
			rule: "index/unused", guard: "no index build is running on the table",
			script: `
-- @hold writer
INSERT INTO app.t VALUES (0);
-- @busy builder
CREATE INDEX CONCURRENTLY building ON app.t (b, c);`,
		},
		{
			rule: "partition/default-rows", guard: "so few rows that they can be moved under one lock", objects: []string{`app.m "1"`},
			sets: []string{"max_moved=1"},
		},
		{
			rule: "partition/missing-next", guard: "nobody else makes the partitions",
			script: "-- @superuser\nUPDATE pg_extension SET extname = 'pg_partman' WHERE extname = 'plpgsql';",
			back:   "-- @superuser\nUPDATE pg_extension SET extname = 'plpgsql' WHERE extname = 'pg_partman';",
		},
		{
			rule: "partition/missing-next", guard: "the names are free", objects: []string{`app.events "1"`},
			script: "CREATE TABLE app.e_p4000 ();",
			back:   "DROP TABLE app.e_p4000;",
		},
		{
			rule: "partition/missing-next", guard: "the DEFAULT partition is small enough to be looked through under a lock", objects: []string{"app.spared"},
			sets: []string{"max_default=0"}, script: "ANALYZE app.spared_rest;",
		},
		{
			rule: "schema/drift", guard: "the name is no slip of the pen", made: true,
			event: rules.Values{"event.table": rules.Text("ordres")},
		},
		{
			rule: "schema/drift", guard: "the function is not there for other arguments, or out of sight", made: true,
			event: rules.Values{"event.function": rules.Text("app.touch"), "event.arguments": rules.Text("integer")},
		},
		{
			rule: "schema/drift", guard: "the extension is to be had", objects: []string{"app.tcn"},
			script: "-- @superuser\nDO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM %I', current_database(), current_database() || '_owner'); END $$;",
		},
		{
			// An index whose expression does not come to its end.
			rule: "statistics/stale", guard: "nobody analyzes the table now", objects: []string{"app.changed"},
			script: `
CREATE FUNCTION app.endless(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_setting('app.endless', true) = 'on' THEN PERFORM pg_sleep(3600); END IF;
    RETURN n;
END $$;
CREATE INDEX ON app.changed (app.endless(id));
-- @idle analyzer
SET app.endless = on;
-- @busy analyzer
ANALYZE app.changed;`,
		},
		{
			rule: "vacuum/dead-tuples", guard: "nothing holds back what may be removed", sets: []string{"max_snapshot=1s"},
			script: "-- @hold\nSET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n-- @hold\nSELECT 1;",
			back:   "-- @release",
		},
		{
			rule: "vacuum/dead-tuples", guard: "nobody vacuums the table now", objects: []string{"app.de ad"},
			script: vacuuming(`app."de ad"`),
		},
	}
}

// vacuuming is a VACUUM that waits for a page, which a cursor stands on.
func vacuuming(table string) string {
	return `
-- @hold reader
DECLARE stands CURSOR FOR SELECT * FROM ` + table + `;
-- @hold reader
FETCH 1 FROM stands;
-- @busy vacuum
VACUUM (FREEZE) ` + table + `;`
}

// ofSessions are guards over sessions that are ended or cancelled.
func ofSessions() []refusal {
	return []refusal{
		{
			rule: "session/idle-in-transaction", guard: "not more sessions than allowed were ended within the last hour",
			made: true, repaired: true, sets: []string{"max_per_hour=1"},
			script: `
-- @hold second
UPDATE app.a SET v = 1 WHERE id = 2;
-- @busy behind_second
UPDATE app.a SET v = 2 WHERE id = 2;`,
		},
		{
			rule: "session/root-blocker", guard: "not more sessions than allowed were stopped within the last hour",
			made: true, repaired: true, sets: []string{"max_per_hour=1"},
			script: `
-- @hold second
UPDATE app.b SET v = 1 WHERE id = 5;
-- @busy behind_second
UPDATE app.b SET v = 2 WHERE id = 5;
-- @busy behind_both
UPDATE app.b SET v = 3 WHERE id = 5;`,
		},
		{
			rule: "session/runaway-query", guard: "it builds no index concurrently", made: true,
			script: `
CREATE TABLE app.t (id int);
-- @hold writer
INSERT INTO app.t VALUES (0);
-- @idle builder
SET application_name = 'report';
-- @busy builder
CREATE INDEX CONCURRENTLY building ON app.t (id);`,
			back: "-- @superuser\nSELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONC%';",
		},
		{
			// It begins to wait when the server has heard of the standby.
			rule: "session/runaway-query", guard: "it does not wait for a synchronous standby", made: true,
			script: `
-- @superuser
ALTER SYSTEM SET synchronous_standby_names = 'nobody';
-- @superuser
SELECT pg_reload_conf();
CREATE TABLE app.committed (n int);
-- @idle committing
SET application_name = 'report';
-- @idle committing
SET synchronous_commit = on;
-- @busy committing
DO $$ BEGIN LOOP INSERT INTO app.committed VALUES (1); COMMIT; END LOOP; END $$;`,
			back: `
-- @superuser
ALTER SYSTEM RESET synchronous_standby_names;
-- @superuser
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'DO %LOOP%';
-- @superuser
SELECT pg_reload_conf();`,
		},
		{
			rule: "session/runaway-query", guard: "not more statements than allowed were cancelled within the last hour",
			made: true, repaired: true, sets: []string{"max_per_hour=1"},
			script: "-- @idle second\nSET application_name = 'report';\n-- @busy second\nSELECT pg_sleep(3603);",
		},
	}
}

// ofServers are guards that look at more than one database.
func ofServers() []refusal {
	patroni := func(rule, guard string, since int) refusal {
		return refusal{
			rule: rule, guard: guard, since: since,
			script: "-- @idle patroni superuser\nSET application_name = 'Patroni heartbeat';",
			back:   "-- @idle patroni superuser\nRESET application_name;",
		}
	}
	allowed := func(value string) string {
		return "-- @superuser\nCOPY (SELECT 'allow_alter_system = " + value + "') TO PROGRAM 'cat >> postgresql.conf';\n-- @superuser\nSELECT pg_reload_conf();"
	}
	return []refusal{
		patroni("settings/checkpoints", "Patroni does not manage the settings", 15),
		{
			rule: "settings/checkpoints", guard: "ALTER SYSTEM is allowed", since: 17,
			script: allowed("off"), back: allowed("on"),
		},
		{
			rule: "settings/checkpoints", guard: "there is room for twice as much WAL", since: 15,
			with: func(c *healer.Config) { c.Operator = full{c.Operator} },
		},
		patroni("slot/inactive", "Patroni does not manage the slots", 0),
		{
			rule: "slot/inactive", guard: "the healer may drop slots",
			script: "-- @superuser\nDO $$ BEGIN EXECUTE format('ALTER ROLE %I NOREPLICATION', current_database() || '_healer'); END $$;",
		},
		{
			rule: "slot/unbounded", guard: "the setting can be changed while the server runs", since: 15,
			otherwise: "the setting can be changed while the server runs",
		},
		{
			rule: "slot/unbounded", guard: "no more is kept than the greatest bound", since: 15,
			otherwise: "the setting can be changed while the server runs", sets: []string{"keep=2000GB"},
		},
		{
			rule: "transaction/orphan-prepared", guard: "its database takes connections",
			script: "-- @idle admin superuser\nUPDATE pg_database SET datallowconn = false WHERE datname = current_database();",
			back:   "-- @idle admin superuser\nUPDATE pg_database SET datallowconn = true WHERE datname = current_database();",
		},
		{
			rule: "vacuum/wraparound", guard: "nobody vacuums the table now",
			script: vacuuming(`app."o ""ld"`),
		},
	}
}

// full is an operator of a server whose disk has no room left.
type full struct{ healer.Operator }

func (o full) Budget(ctx context.Context, about healer.Object, sizes bool) (healer.Budget, error) {
	b, err := o.Operator.Budget(ctx, about, sizes)
	b.Disks = []healer.Disk{{Path: "/", WAL: true, Known: true}}
	return b, err
}
