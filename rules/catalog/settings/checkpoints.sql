-- rule: settings/checkpoints
-- title: Checkpoints come by the amount of WAL instead of by the clock
-- scope: cluster
-- every: 1h
-- on: too_frequent_checkpoints
-- severity: warning
-- risk: medium
-- hazards: alter_system, reload
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h
-- param min_age: duration = 1h
-- param min_events: integer = 20
-- param up_to: bytes = 64GB

-- detect
SELECT 0::oid AS oid, '' AS schema, 'max_wal_size' AS name, 'setting' AS kind,
       g.setting || 'MB' AS was, (2 * g.setting::int8)::text || 'MB' AS bound, g.setting::int8 * 1048576 AS size,
       COALESCE(g.sourcefile LIKE '%/postgresql.auto.conf', false) AS by_alter_system, g.source,
       b.checkpoints_req AS requested, b.checkpoints_timed AS timed, b.stats_reset AS since,
       NULL::int8 AS needed
  FROM pg_catalog.pg_settings AS g
 CROSS JOIN pg_catalog.pg_stat_bgwriter AS b
 WHERE g.name = 'max_wal_size' AND 2 * g.setting::int8 * 1048576 <= @up_to
   AND b.checkpoints_req >= @min_events AND b.checkpoints_req > b.checkpoints_timed
   AND b.stats_reset < pg_catalog.clock_timestamp() - @min_age::interval

-- detect (14)
SELECT 0::oid AS oid, '' AS schema, 'max_wal_size' AS name, 'setting' AS kind,
       g.setting || 'MB' AS was, (2 * g.setting::int8)::text || 'MB' AS bound, g.setting::int8 * 1048576 AS size,
       COALESCE(g.sourcefile LIKE '%/postgresql.auto.conf', false) AS by_alter_system, g.source,
       b.checkpoints_req AS requested, b.checkpoints_timed AS timed, b.stats_reset AS since,
       w.needed
  FROM pg_catalog.pg_settings AS g
 CROSS JOIN pg_catalog.pg_stat_bgwriter AS b
 CROSS JOIN LATERAL (
       -- What is written from one timed checkpoint to the next, and while that one spreads its writes.
       SELECT (s.wal_bytes / GREATEST(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.stats_reset), 1)::numeric
               * pg_catalog.date_part('epoch', pg_catalog.current_setting('checkpoint_timeout')::interval)::numeric
               * (1 + pg_catalog.current_setting('checkpoint_completion_target')::numeric))::int8 AS needed
         FROM pg_catalog.pg_stat_wal AS s
        WHERE s.stats_reset < pg_catalog.clock_timestamp() - @min_age::interval) AS w
 WHERE g.name = 'max_wal_size' AND 2 * g.setting::int8 * 1048576 <= @up_to
   AND b.checkpoints_req >= @min_events AND b.checkpoints_req > b.checkpoints_timed
   AND b.stats_reset < pg_catalog.clock_timestamp() - @min_age::interval
   AND w.needed > g.setting::int8 * 1048576

-- detect (17)
SELECT 0::oid AS oid, '' AS schema, 'max_wal_size' AS name, 'setting' AS kind,
       g.setting || 'MB' AS was, (2 * g.setting::int8)::text || 'MB' AS bound, g.setting::int8 * 1048576 AS size,
       COALESCE(g.sourcefile LIKE '%/postgresql.auto.conf', false) AS by_alter_system, g.source,
       b.num_requested AS requested, b.num_timed AS timed, b.stats_reset AS since,
       w.needed
  FROM pg_catalog.pg_settings AS g
 CROSS JOIN pg_catalog.pg_stat_checkpointer AS b
 CROSS JOIN LATERAL (
       -- What is written from one timed checkpoint to the next, and while that one spreads its writes.
       SELECT (s.wal_bytes / GREATEST(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.stats_reset), 1)::numeric
               * pg_catalog.date_part('epoch', pg_catalog.current_setting('checkpoint_timeout')::interval)::numeric
               * (1 + pg_catalog.current_setting('checkpoint_completion_target')::numeric))::int8 AS needed
         FROM pg_catalog.pg_stat_wal AS s
        WHERE s.stats_reset < pg_catalog.clock_timestamp() - @min_age::interval) AS w
 WHERE g.name = 'max_wal_size' AND 2 * g.setting::int8 * 1048576 <= @up_to
   AND b.num_requested >= @min_events AND b.num_requested > b.num_timed
   AND b.stats_reset < pg_catalog.clock_timestamp() - @min_age::interval
   AND w.needed > g.setting::int8 * 1048576

-- guard: the server counts its WAL
SELECT 'before 14 it does not, so nobody knows how much is enough; read log_checkpoints, and raise max_wal_size by hand'

-- guard (14): the server counts its WAL
SELECT 'it does not' WHERE @needed::int8 IS NULL

-- guard: there is room for twice as much WAL
SELECT pg_catalog.format('%s are free for the WAL, and it may come to need %s more', COALESCE(pg_catalog.pg_size_pretty(@disk.wal_free::int8), 'nobody knows how many bytes'),
                         pg_catalog.pg_size_pretty((2.2 * @size::int8)::int8))
 WHERE @disk.wal_free::int8 IS NULL OR @disk.wal_free::int8 < 2.2 * @size::int8

-- include: settings/alter-system

-- guard: the healer may change the setting
SELECT pg_catalog.format('before 15 only a superuser may run: ALTER SYSTEM SET max_wal_size = %L', @bound)
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname = @healer AND NOT r.rolsuper

-- guard (15): the healer may change the setting
SELECT pg_catalog.format('GRANT ALTER SYSTEM ON PARAMETER max_wal_size TO %1$I; GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO %1$I', @healer)
 WHERE NOT (pg_catalog.has_parameter_privilege(@healer, 'max_wal_size', 'ALTER SYSTEM')
            AND pg_catalog.has_function_privilege(@healer, 'pg_catalog.pg_reload_conf()', 'EXECUTE'))

-- measure
SELECT g.setting::int8 * 1048576 AS max_wal_size FROM pg_catalog.pg_settings AS g WHERE g.name = 'max_wal_size'

-- repair: session, deadline=1m
ALTER SYSTEM SET max_wal_size = {bound:literal};
SELECT pg_catalog.pg_reload_conf();

-- verify: within=10s
SELECT 'the setting is not in force: a mistake in a configuration file keeps the server from reading all of them'
  FROM pg_catalog.pg_settings AS g
 WHERE g.name = 'max_wal_size' AND g.setting || 'MB' <> @bound::text

-- undo: session, deadline=1m
-- if: SELECT 1 WHERE @by_alter_system::bool
ALTER SYSTEM SET max_wal_size = {was:literal};
-- if: SELECT 1 WHERE NOT @by_alter_system::bool
ALTER SYSTEM RESET max_wal_size;
SELECT pg_catalog.pg_reload_conf();

-- guidance
-- Most checkpoints begin because max_wal_size is reached, before checkpoint_timeout is. Each writes out all that was
-- changed, and after each the first change of every page puts the whole page into the WAL: the more often, the more
-- WAL, and so the sooner the next. The log says "checkpoints are occurring too frequently".
--
-- By what the server wrote since its statistics began, max_wal_size is too small for one checkpoint_timeout. It is
-- doubled, once in a day at most and never beyond `up_to`, where the disk has room. The price is a longer recovery
-- after a crash: about as long as it takes to write that WAL again.
--
-- **Prevention.** checkpoint_timeout of 15 to 30 minutes, max_wal_size large enough that the clock decides,
-- checkpoint_completion_target 0.9, wal_compression = on. Before 15 only a superuser may run ALTER SYSTEM; from 15 on
-- the healer can be granted this one setting, see `pgmend plan`.
