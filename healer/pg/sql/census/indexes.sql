-- The largest indexes, and how often they were used since the statistics were
-- reset.
SELECT n.nspname AS schema, c.relname AS name, t.relname AS "table",
       c.relpages::int8 * pg_catalog.current_setting('block_size')::int8 AS bytes,
       pg_catalog.pg_stat_get_numscans(c.oid) AS scans,
       i.indisunique AS "unique", i.indisvalid AS valid
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relpersistence <> 't'
 ORDER BY c.relpages DESC, n.nspname, c.relname
 LIMIT 30
