-- The largest tables with their indexes and their toast, by the size at the
-- last VACUUM or ANALYZE, and what was read and written since the statistics
-- were reset.
SELECT n.nspname AS schema, c.relname AS name,
       (c.relpages::int8 + COALESCE(t.relpages, 0)::int8 + COALESCE(x.pages, 0)) * pg_catalog.current_setting('block_size')::int8 AS bytes,
       COALESCE(x.pages, 0) * pg_catalog.current_setting('block_size')::int8 AS index_bytes,
       GREATEST(c.reltuples, 0)::int8 AS rows,
       pg_catalog.pg_stat_get_numscans(c.oid) AS scans,
       pg_catalog.pg_stat_get_tuples_returned(c.oid) AS rows_read,
       COALESCE(x.scans, 0)::int8 AS index_scans,
       pg_catalog.pg_stat_get_tuples_inserted(c.oid) AS inserted,
       pg_catalog.pg_stat_get_tuples_updated(c.oid) AS updated,
       pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS deleted
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 CROSS JOIN LATERAL (
       SELECT pg_catalog.sum(ic.relpages::int8)::int8 AS pages, pg_catalog.sum(pg_catalog.pg_stat_get_numscans(ic.oid))::int8 AS scans
         FROM pg_catalog.pg_index AS i
         JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
        WHERE i.indrelid = c.oid) AS x
 WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 3 DESC, 1, 2
 LIMIT 30
