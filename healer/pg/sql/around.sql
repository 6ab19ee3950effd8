-- What goes on around a repair and forbids it: one row for each reason. $1 is
-- the table's oid, $2 the object's, $3 the process that is itself to be dealt
-- with, or 0. Where "proved" is false, anybody who may connect can make it seem
-- so: an application_name is free text.
WITH me AS (
    SELECT d.oid AS database FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
), others AS (
    SELECT a.pid, a.datname, a.application_name AS app, a.query, a.backend_type, r.rolsuper AS super, a.usesysid
      FROM pg_catalog.pg_stat_activity AS a
      JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
     WHERE a.pid <> pg_catalog.pg_backend_pid()
), near (oid) AS (
    -- The table, its indexes, its parents and its partitions: who changes one
    -- of these has not come to an end with them.
    SELECT $1::pg_catalog.oid UNION SELECT $2::pg_catalog.oid
    UNION SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid = $1::pg_catalog.oid
    UNION SELECT h.inhparent FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid IN ($1::pg_catalog.oid, $2::pg_catalog.oid)
    UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent IN ($1::pg_catalog.oid, $2::pg_catalog.oid)
), changing AS (
    SELECT o.pid, l.mode, l.relation
      FROM pg_catalog.pg_locks AS l
      JOIN me ON me.database = l.database
      JOIN others AS o ON o.pid = l.pid
     WHERE l.locktype = 'relation' AND l.granted AND l.relation >= 16384 AND l.pid <> $3::pg_catalog.int4
       AND o.backend_type = 'client backend'
       AND l.mode IN ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock')
)
SELECT 'base backup' AS guard, true AS proved, pg_catalog.format('session %s streams a base backup', b.pid) AS reason
  FROM pg_catalog.pg_stat_progress_basebackup AS b
UNION ALL
-- Only who may start a backup can have started one.
SELECT 'base backup', true, pg_catalog.format('session %s has a backup under way', o.pid)
  FROM others AS o
 WHERE (o.query ~* '\mpg_(backup_start|start_backup)\s*\('
        OR EXISTS (SELECT FROM pg_catalog.pg_locks AS l -- pgBackRest's
                    WHERE l.pid = o.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                      AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8) = 12340078987004321))
   AND EXISTS (SELECT FROM pg_catalog.pg_proc AS p
                WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.proname IN ('pg_backup_start', 'pg_start_backup')
                  AND pg_catalog.has_function_privilege(o.usesysid, p.oid, 'EXECUTE'))
UNION ALL
SELECT 'dump or restore', o.super, pg_catalog.format('session %s calls itself %s', o.pid, o.app)
  FROM others AS o
 WHERE o.app IN ('pg_dump', 'pg_dumpall', 'pg_restore') AND o.datname = pg_catalog.current_database()
    OR o.app = 'pg_upgrade'
UNION ALL
SELECT 'migration', true, pg_catalog.format('session %s holds %s on %s', c.pid, c.mode, c.relation::pg_catalog.regclass)
  FROM changing AS c
 WHERE c.relation IN (SELECT n.oid FROM near AS n)
UNION ALL
-- One locked table is daily life; two at once, whoever holds them, looks like a
-- migration, and anybody can lock two tables of his own.
SELECT 'migration', false, pg_catalog.format('session %s changes %s tables in one transaction', c.pid, pg_catalog.count(*))
  FROM changing AS c
  JOIN pg_catalog.pg_class AS t ON t.oid = c.relation AND t.relkind IN ('r', 'p', 'm') AND NOT t.relispartition
 WHERE c.mode = 'AccessExclusiveLock'
 GROUP BY c.pid
HAVING pg_catalog.count(*) > 1
UNION ALL
SELECT 'migration', o.super, pg_catalog.format('session %s calls itself %s', o.pid, o.app)
  FROM others AS o
 WHERE o.app ~* '^(flyway|liquibase|alembic|sqitch|pgroll|golang-migrate|prisma.?migrate|dbmate|atlas)\M'
   AND o.datname = pg_catalog.current_database()
UNION ALL
-- Patroni's pause stands in its own store, not in the database.
SELECT 'patroni', true, pg_catalog.format('session %s is Patroni''s', o.pid)
  FROM others AS o
 WHERE o.super AND o.app ~* '^patroni'
UNION ALL
SELECT 'fork', true, v.text
  FROM pg_catalog.version() AS v (text)
 WHERE v.text !~ '^PostgreSQL \d+\.\d+( \((Debian|Ubuntu|Homebrew|Postgres\.app)[^)]*\)| - Percona Distribution)? on '
    OR pg_catalog.to_regproc('pg_catalog.aurora_version') IS NOT NULL
UNION ALL
SELECT 'surroundings', true, pg_catalog.format('session %s is hidden from %I; GRANT pg_monitor TO %2$I shows it', a.pid, CURRENT_USER)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.query = '<insufficient privilege>'
