-- rule: index/bloated-measured
-- title: Index that is mostly empty space, as pgstattuple measured it
-- scope: database
-- every: 24h
-- severity: info
-- risk: medium
-- hazards: reindex
-- requires: pg>=13, extension pgstattuple
-- reads: catalog
-- cooldown: 168h
-- param min_size: bytes = 64MB
-- param max_size: bytes = 4GB
-- param max_read: bytes = 16GB
-- param min_waste: share = 50%

-- detect
WITH rights AS (
    SELECT pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', p.oid::regprocedure, CURRENT_USER) AS missing
      FROM pg_catalog.pg_extension AS e
      JOIN pg_catalog.pg_proc AS p ON p.pronamespace = e.extnamespace
     WHERE e.extname = 'pgstattuple' AND p.proname = 'pgstatindex' AND p.proargtypes[0] = 'pg_catalog.regclass'::regtype
       AND NOT pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
), candidates AS (
    SELECT i.indexrelid, i.indrelid, x.relname, x.relnamespace, x.reloptions, t.relowner, x.relpages,
           x.relpages * pg_catalog.current_setting('block_size')::int8 AS estimated,
           -- What was read for those before it, the small ones first.
           pg_catalog.sum(x.relpages * pg_catalog.current_setting('block_size')::int8) OVER (ORDER BY x.relpages, x.oid) AS read
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
      JOIN pg_catalog.pg_am AS m ON m.oid = x.relam AND m.amname = 'btree'
      JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid AND t.relpersistence <> 't' AND t.relkind IN ('r', 'm')
      JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     WHERE i.indisvalid AND i.indisready AND i.indislive AND NOT i.indisexclusion
       AND x.relpages > 2
       AND x.relpages * pg_catalog.current_setting('block_size')::int8 BETWEEN @min_size AND @max_size
)
SELECT c.indexrelid AS oid, n.nspname AS schema, c.relname AS name, c.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       -- How full a new one would be made.
       COALESCE((SELECT pg_catalog.split_part(o, '=', 2)::float8 FROM pg_catalog.unnest(c.reloptions) AS o WHERE o LIKE 'fillfactor=%'), 90) / 100 AS fill,
       (SELECT r.missing FROM rights AS r) AS blind
  FROM candidates AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.read <= @max_read
 ORDER BY n.nspname, c.relname

-- capture
SELECT e.index_size AS size, e.waste, e.index_size * e.waste AS wasted_bytes, e.avg_leaf_density AS leaf_density, e.empty_pages, e.deleted_pages
  FROM (SELECT s.index_size, s.avg_leaf_density, s.empty_pages, s.deleted_pages,
               -- What its entries would take in leaf pages that are as full as its fillfactor says, under as many pages as now.
               1 - (1 + s.internal_pages + pg_catalog.ceil(s.leaf_pages * s.avg_leaf_density / 100 / @fill::float8))
                   / (s.index_size / pg_catalog.current_setting('block_size')::float8) AS waste
          FROM {ext:pgstattuple}.pgstatindex(@oid::regclass) AS s
         -- An index without an entry has no density.
         WHERE s.avg_leaf_density <> 'NaN'::float8) AS e
 WHERE e.waste >= @min_waste::float8

-- guard: no index build is running on the table
SELECT 'session ' || p.pid || ' builds an index'
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.datname = pg_catalog.current_database() AND (p.relid = @table_oid OR p.relid IS NULL)

-- measure
SELECT pg_catalog.pg_relation_size(c.oid) AS size
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = @schema AND c.relname = @name

-- repair: session, deadline=4h
REINDEX INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT CASE WHEN NOT i.indisvalid THEN 'the index is not valid'
            ELSE pg_catalog.format('it was %s and is %s', pg_catalog.pg_size_pretty(@size::int8), pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid))) END
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
 WHERE n.nspname = @schema AND c.relname = @name
   AND (NOT i.indisvalid OR pg_catalog.pg_relation_size(c.oid) > 0.9 * @size::int8)
UNION ALL
SELECT 'the index is gone'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = @schema AND c.relname = @name)

-- undo: none, because the new index holds the same, in less space

-- guidance
-- Entries of deleted and updated rows leave room that only new entries for the same part of the index can fill. Here the extension
-- pgstattuple is installed, so the index was read and its pages were counted: how full the leaves are, how many are empty or deleted.
-- `index/bloated`, which estimates from the planner's statistics, leaves this database to this rule.
--
-- Once a day at most `max_read` are read, the small indexes first and none over `max_size`. Where the observer may not call
-- `pgstatindex`, the GRANT is said; members of pg_monitor may.
--
-- **It needs** free disk for a second copy of the index, and waits for transactions that are open when it starts.
--
-- **Prevention.** Delete in time order together with partitions that can be dropped; let autovacuum come more often.
