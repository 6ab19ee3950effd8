-- rule: vacuum/autovacuum-tuning
-- title: Autovacuum comes to a large table only when very many rows are dead
-- scope: database
-- every: 6h
-- severity: info
-- risk: medium
-- hazards: reloptions
-- requires: pg>=13
-- reads: catalog
-- cooldown: 168h
-- param min_rows: integer = 10000000
-- param max_dead_rows: integer = 1000000

-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       o.previous, w.trigger, c.reltuples::int8 AS rows,
       -- A few steps only, so that the plan stays the same while the table grows.
       COALESCE((SELECT pg_catalog.max(x) FROM pg_catalog.unnest(ARRAY[0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]) AS x
                  WHERE o.threshold + x::float8 * c.reltuples <= @max_dead_rows), 0.001)::text AS scale
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT (SELECT pg_catalog.split_part(x, '=', 2) FROM pg_catalog.unnest(c.reloptions) AS x WHERE x LIKE 'autovacuum\_vacuum\_scale\_factor=%') AS previous,
              COALESCE((SELECT pg_catalog.split_part(x, '=', 2) FROM pg_catalog.unnest(c.reloptions) AS x WHERE x LIKE 'autovacuum\_vacuum\_threshold=%'),
                       pg_catalog.current_setting('autovacuum_vacuum_threshold'))::float8 AS threshold) AS o
 CROSS JOIN LATERAL (
       SELECT LEAST(o.threshold + COALESCE(o.previous, pg_catalog.current_setting('autovacuum_vacuum_scale_factor'))::float8 * c.reltuples,
                    -- Since 18 there is an upper bound; -1 is none.
                    NULLIF(COALESCE((SELECT pg_catalog.split_part(x, '=', 2) FROM pg_catalog.unnest(c.reloptions) AS x WHERE x LIKE 'autovacuum\_vacuum\_max\_threshold=%'),
                                    pg_catalog.current_setting('autovacuum_vacuum_max_threshold', true))::float8, -1)) AS trigger) AS w
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND c.reltuples >= @min_rows
   AND w.trigger > @max_dead_rows
   -- 0.001 is the least it sets; beyond that a threshold is better, and a person's choice.
   AND COALESCE(o.previous, pg_catalog.current_setting('autovacuum_vacuum_scale_factor'))::float8 > 0.001
   AND pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid) > @max_dead_rows
 ORDER BY n.nspname, c.relname

-- measure
SELECT pg_catalog.pg_stat_get_dead_tuples(@oid) AS dead_rows

-- repair: transaction, lock_timeout=500ms
ALTER TABLE {schema}.{name} SET (autovacuum_vacuum_scale_factor = {scale:literal});

-- verify: within=5s
SELECT 'the scale factor is not set'
 WHERE NOT EXISTS (SELECT
                     FROM pg_catalog.pg_class AS c
                    CROSS JOIN LATERAL pg_catalog.unnest(c.reloptions) AS x
                    WHERE c.oid = @oid AND x = 'autovacuum_vacuum_scale_factor=' || @scale)

-- undo: transaction, lock_timeout=500ms
-- if: SELECT 1 WHERE @previous IS NULL
ALTER TABLE {schema}.{name} RESET (autovacuum_vacuum_scale_factor);
-- if: SELECT 1 WHERE @previous IS NOT NULL
ALTER TABLE {schema}.{name} SET (autovacuum_vacuum_scale_factor = {previous:literal});

-- guidance
-- Autovacuum comes when `threshold + scale_factor × rows` rows are dead: with the default of 0.2 that is 20 million of
-- 100 million. The table and its indexes keep the room for them, and the vacuum that comes then takes hours.
--
-- A smaller factor makes autovacuum come more often and do less each time. It reads the visibility map first and skips
-- what has not changed, so more often is not more work.
--
-- **Watch** that the workers keep up (`SELECT * FROM pg_stat_progress_vacuum`); if they always run, raise
-- autovacuum_vacuum_cost_limit before autovacuum_max_workers, which share it.
