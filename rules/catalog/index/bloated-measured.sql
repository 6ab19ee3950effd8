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
    SELECT i.indexrelid, i.indrelid, n.nspname, x.relname, t.relowner,
           -- What was read for those before it, the small ones first.
           pg_catalog.sum(x.relpages * pg_catalog.current_setting('block_size')::int8) OVER (ORDER BY x.relpages, x.oid) AS read,
-- include: index/btrees
   AND x.relpages * pg_catalog.current_setting('block_size')::int8 <= @max_size
)
SELECT c.indexrelid AS oid, c.nspname AS schema, c.relname AS name, c.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner, c.fill,
       (SELECT r.missing FROM rights AS r) AS blind
  FROM candidates AS c
 WHERE c.read <= @max_read
 ORDER BY c.nspname, c.relname

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

-- include: index/no-build

-- include: index/rebuild

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
