-- rule: index/corrupt
-- title: An index that does not hold what its table holds
-- scope: database
-- every: 24h
-- on: XX001, XX002
-- severity: critical
-- risk: medium
-- hazards: reindex
-- requires: pg>=13, extension amcheck
-- reads: catalog
-- cooldown: 1h
-- param max_size: bytes = 1GB
-- param max_read: bytes = 16GB

-- detect
WITH rights AS (
    SELECT pg_catalog.string_agg(pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', p.oid::regprocedure, CURRENT_USER), '; ' ORDER BY p.proname) AS missing
      FROM pg_catalog.pg_extension AS e
      JOIN pg_catalog.pg_proc AS p ON p.pronamespace = e.extnamespace
     WHERE e.extname = 'amcheck'
       AND (p.proname = 'bt_index_check' AND p.pronargs = 2 OR p.proname = 'verify_heapam')
       AND NOT pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
), candidates AS (
    SELECT i.indexrelid, i.indrelid, x.relname, x.relnamespace, t.relowner,
           (x.relpages + t.relpages) * pg_catalog.current_setting('block_size')::int8 AS size,
           -- What the checks before this one read, the small ones first.
           pg_catalog.sum((x.relpages + t.relpages) * pg_catalog.current_setting('block_size')::int8)
             OVER (ORDER BY x.relpages + t.relpages, x.oid) AS read
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
      JOIN pg_catalog.pg_am AS m ON m.oid = x.relam AND m.amname = 'btree'
      JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid AND t.relpersistence = 'p'
      JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     WHERE i.indisvalid AND i.indisready AND i.indislive
       AND (@event.table IS NULL OR t.relname = @event.table OR x.relname = @event.table)
)
SELECT c.indexrelid AS oid, n.nspname AS schema, c.relname AS name, c.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       c.size,
       r.missing AS blind
  FROM candidates AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN rights AS r
 WHERE c.size <= @max_size AND c.read <= @max_read
 ORDER BY n.nspname, c.relname

-- capture: proof=XX002, proof=XX001
-- A row that the index lacks is XX001, data_corrupted, as damage of the heap is: the guard below tells them apart.
-- The function returns nothing, and an error where the index is wrong, so there is never a row.
SELECT true AS sound WHERE {ext:amcheck}.bt_index_check(@oid::regclass, true) IS NULL

-- guard: the heap is sound
SELECT 'PostgreSQL 13 cannot check the heap; look at the table before you REINDEX by hand'

-- guard (14): the heap is sound
SELECT pg_catalog.format('block %s, item %s: %s', h.blkno, h.offnum, h.msg) AS reason, 'heap' AS damage
  FROM {ext:amcheck}.verify_heapam(@table_oid::regclass) AS h
 LIMIT 1

-- include: index/no-build

-- measure
SELECT pg_catalog.pg_indexes_size(@table_oid) AS indexes_size

-- repair: session, deadline=4h
-- fails: 23505 -> data/duplicate-rows
REINDEX INDEX CONCURRENTLY {schema}.{name};

-- verify: within=60s
SELECT 'it is not valid'
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
 WHERE n.nspname = @schema AND c.relname = @name
   AND (NOT i.indisvalid OR {ext:amcheck}.bt_index_check(c.oid::regclass, true) IS NULL)

-- undo: none, because nobody wants the corrupt index back

-- guidance
-- amcheck read the index and its table and found that they disagree: queries that use the index miss rows, find others,
-- and a unique index lets duplicates in. It is rebuilt from the table, if the table itself is sound.
--
-- **Find the cause before you trust the server again:** the C library or ICU was changed below text indexes (then
-- collation/version finds it too), a bug in a release (14.0 to 14.3 for concurrent builds), storage that lost writes, a
-- copied data directory. Corruption of two kinds at once is nearly always storage.
--
-- **Never** `zero_damaged_pages`, and no restore over it: keep a copy of the data directory first. Where the heap is
-- damaged all repairs wait for you.
--
-- **What it may need.** EXECUTE on amcheck's functions for the observer; the finding says which. It reads indexes with
-- their tables up to `max_size` each and `max_read` in all, once a day: raise them where the disks allow it, because what
-- is larger is never looked at.
