-- rule: vacuum/autovacuum-disabled
-- title: Autovacuum is switched off for a table that is written
-- scope: database
-- every: 1h
-- severity: warning
-- risk: medium
-- hazards: reloptions
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h
-- param min_rows: integer = 10000
-- param vacuumed_within: duration = 24h

-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       o.main, o.toast, s.written, s.dead
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 CROSS JOIN LATERAL (
       -- What is stored is the word that was written, and any beginning of false, no and off is one.
       SELECT (SELECT pg_catalog.split_part(x, '=', 2) FROM pg_catalog.unnest(c.reloptions) AS x
                WHERE pg_catalog.lower(x) IN ('autovacuum_enabled=false', 'autovacuum_enabled=fals', 'autovacuum_enabled=fal', 'autovacuum_enabled=fa', 'autovacuum_enabled=f',
                                              'autovacuum_enabled=off', 'autovacuum_enabled=of', 'autovacuum_enabled=no', 'autovacuum_enabled=n', 'autovacuum_enabled=0')) AS main,
              (SELECT pg_catalog.split_part(x, '=', 2) FROM pg_catalog.unnest(t.reloptions) AS x
                WHERE pg_catalog.lower(x) IN ('autovacuum_enabled=false', 'autovacuum_enabled=fals', 'autovacuum_enabled=fal', 'autovacuum_enabled=fa', 'autovacuum_enabled=f',
                                              'autovacuum_enabled=off', 'autovacuum_enabled=of', 'autovacuum_enabled=no', 'autovacuum_enabled=n', 'autovacuum_enabled=0')) AS toast) AS o
 CROSS JOIN LATERAL (
       SELECT pg_catalog.pg_stat_get_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS written,
              pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead) AS s
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND (o.main IS NOT NULL OR o.toast IS NOT NULL)
   AND s.written >= @min_rows
 ORDER BY n.nspname, c.relname

-- guard: no job of the site vacuums it
SELECT pg_catalog.format('somebody vacuumed it at %s, so a job of the site may do it', pg_catalog.pg_stat_get_last_vacuum_time(@oid))
 WHERE pg_catalog.pg_stat_get_last_vacuum_time(@oid) > pg_catalog.clock_timestamp() - @vacuumed_within::interval

-- measure
SELECT pg_catalog.pg_stat_get_dead_tuples(@oid) AS dead_rows

-- repair: transaction, lock_timeout=500ms
-- if: SELECT 1 WHERE @main IS NOT NULL
ALTER TABLE {schema}.{name} RESET (autovacuum_enabled);
-- if: SELECT 1 WHERE @toast IS NOT NULL
ALTER TABLE {schema}.{name} RESET (toast.autovacuum_enabled);

-- verify: within=5s
SELECT 'autovacuum is still switched off'
  FROM pg_catalog.pg_class AS c
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 WHERE c.oid = @oid
   AND (@main IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.unnest(c.reloptions) AS x WHERE x LIKE 'autovacuum\_enabled=%')
        OR @toast IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.unnest(t.reloptions) AS x WHERE x LIKE 'autovacuum\_enabled=%'))

-- undo: transaction, lock_timeout=500ms
-- if: SELECT 1 WHERE @main IS NOT NULL
ALTER TABLE {schema}.{name} SET (autovacuum_enabled = {main:literal});
-- if: SELECT 1 WHERE @toast IS NOT NULL
ALTER TABLE {schema}.{name} SET (toast.autovacuum_enabled = {toast:literal});

-- guidance
-- Nothing removes this table's dead rows and nothing refreshes its statistics, but the vacuum that comes before
-- transaction ids wrap around, all at once and at the worst time. It was switched off for a bulk load or as a quick
-- remedy against load, and stayed off.
--
-- **If autovacuum was in the way**, slow it down instead of stopping it: autovacuum_vacuum_cost_delay on the table.
-- A table that is loaded, read once and truncated may stay without: mute the finding, or let the rule leave it alone by
-- vacuuming it in your job (the guard sees a manual VACUUM within vacuumed_within).
