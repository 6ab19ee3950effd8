-- rule: statistics/stale
-- title: The planner's statistics are missing or old
-- scope: database
-- every: 15m
-- severity: warning
-- risk: low
-- hazards: analyze
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1h
-- param min_rows: integer = 10000
-- param factor: number = 5

-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       s.live, s.modified, s.analyzed,
       CASE WHEN s.analyzed IS NULL THEN 'never analyzed' ELSE 'changed since it was analyzed' END AS why
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT CASE WHEN c.relkind = 'p'
                   THEN (SELECT pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(h.inhrelid))::int8 FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = c.oid)
                   ELSE pg_catalog.pg_stat_get_live_tuples(c.oid) END AS live,
              pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS modified,
              GREATEST(pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) AS analyzed) AS s
 WHERE (c.relkind IN ('r', 'm')
        -- Autovacuum never analyzes a partitioned table; before 14 the server does not say when somebody did.
        OR c.relkind = 'p' AND pg_catalog.current_setting('server_version_num')::int4 >= 140000)
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND s.live >= @min_rows
   AND (s.analyzed IS NULL
        OR c.relkind <> 'p'
           AND s.modified > @factor * (pg_catalog.current_setting('autovacuum_analyze_threshold')::float8
                                       + pg_catalog.current_setting('autovacuum_analyze_scale_factor')::float8 * GREATEST(c.reltuples, 0)))
 ORDER BY n.nspname, c.relname

-- capture
SELECT pg_catalog.clock_timestamp() AS found_at

-- guard: nobody analyzes the table now
SELECT 'session ' || a.pid || ' analyzes it'
  FROM pg_catalog.pg_stat_progress_analyze AS a
 WHERE a.relid = @oid

-- measure
SELECT pg_catalog.pg_stat_get_mod_since_analyze(@oid) AS modified_rows

-- repair: session, deadline=1h
ANALYZE (SKIP_LOCKED) {schema}.{name};

-- verify: within=10s
SELECT 'the table has not been analyzed since'
 WHERE COALESCE(GREATEST(pg_catalog.pg_stat_get_last_analyze_time(@oid), pg_catalog.pg_stat_get_last_autoanalyze_time(@oid)), '-infinity')
       <= @found_at::timestamptz

-- undo: none, because the older statistics were worse and the next ANALYZE replaces these too

-- guidance
-- The planner guesses rows from statistics. After a bulk load, or where autovacuum does not keep up,
-- it guesses from nothing, and chooses nested loops over millions of rows.
--
-- **Prevention.** ANALYZE after a bulk load; lower autovacuum_analyze_scale_factor on large tables.
-- Partitioned tables themselves are never analyzed by autovacuum.
