-- rule: vacuum/dead-tuples
-- title: Dead rows far beyond the point where autovacuum should have come
-- scope: database
-- every: 15m
-- severity: warning
-- risk: low
-- hazards: vacuum
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1h
-- param min_rows: integer = 10000
-- param factor: number = 3
-- param min_age: duration = 1h
-- param max_snapshot: duration = 5m

-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       s.dead, s.vacuumed, w.trigger
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
              GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)) AS vacuumed) AS s
 CROSS JOIN LATERAL (
       -- Autovacuum's own trigger: a table's options come before the server's settings.
       SELECT LEAST(
                COALESCE((SELECT pg_catalog.split_part(o, '=', 2)::float8 FROM pg_catalog.unnest(c.reloptions) AS o WHERE o LIKE 'autovacuum\_vacuum\_threshold=%'),
                         pg_catalog.current_setting('autovacuum_vacuum_threshold')::float8)
                + COALESCE((SELECT pg_catalog.split_part(o, '=', 2)::float8 FROM pg_catalog.unnest(c.reloptions) AS o WHERE o LIKE 'autovacuum\_vacuum\_scale\_factor=%'),
                           pg_catalog.current_setting('autovacuum_vacuum_scale_factor')::float8) * GREATEST(c.reltuples, 0),
                -- Since 18 there is an upper bound; -1 is none.
                NULLIF(pg_catalog.current_setting('autovacuum_vacuum_max_threshold', true)::float8, -1)) AS trigger) AS w
 WHERE c.relkind IN ('r', 'm', 't')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND s.dead >= @min_rows
   AND s.dead > @factor * w.trigger
   AND (s.vacuumed IS NULL OR s.vacuumed < pg_catalog.clock_timestamp() - @min_age::interval)
 ORDER BY n.nspname, c.relname

-- guard: nothing holds back what may be removed
SELECT pg_catalog.format('session %s holds a snapshot since %s', a.pid, a.xact_start)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.backend_xmin IS NOT NULL AND a.datname = pg_catalog.current_database()
   AND a.xact_start < pg_catalog.clock_timestamp() - @max_snapshot::interval
   -- VACUUM itself holds nobody back.
   AND a.pid NOT IN (SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum AS v)
UNION ALL
SELECT pg_catalog.format('transaction %L is prepared since %s', p.gid, p.prepared)
  FROM pg_catalog.pg_prepared_xacts AS p
 WHERE p.prepared < pg_catalog.clock_timestamp() - @max_snapshot::interval

-- guard: nobody vacuums the table now
SELECT 'session ' || v.pid || ' vacuums it'
  FROM pg_catalog.pg_stat_progress_vacuum AS v
 WHERE v.relid = @oid

-- measure
SELECT pg_catalog.pg_stat_get_dead_tuples(@oid) AS dead_rows

-- repair: session, deadline=4h
VACUUM (SKIP_LOCKED, TRUNCATE OFF) {schema}.{name};

-- verify: within=30s
-- Rows go on dying where a table is busy. It is no success only if most are still there.
SELECT 'there are still ' || pg_catalog.pg_stat_get_dead_tuples(@oid) || ' dead rows'
 WHERE pg_catalog.pg_stat_get_dead_tuples(@oid) > GREATEST(@trigger::float8, @dead::float8 / 2)

-- undo: none, because only rows that nobody can see any more were removed

-- guidance
-- Updated and deleted rows stay until a vacuum removes them. When autovacuum does not keep up, tables
-- and indexes grow and every scan reads the dead rows too.
--
-- **Cause.** autovacuum switched off, too few workers, cost limits, or an old transaction that keeps
-- everything visible: pg_stat_activity.backend_xmin, pg_prepared_xacts, pg_replication_slots.
