-- rule: index/invalid
-- title: Invalid index left behind by a failed concurrent build
-- scope: database
-- every: 15m
-- severity: warning
-- risk: medium
-- hazards: reindex, drop_index
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h

-- detect
SELECT x.oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       i.indislive AS live, x.relkind = 'I' AS partitioned
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
 WHERE NOT i.indisvalid
   AND NOT i.indisunique
   AND NOT i.indisexclusion
   AND x.relkind IN ('i', 'I')
   AND t.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
                    WHERE p.relid = i.indrelid OR p.relid IS NULL)
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(l.indexrelid) AS definition,
       pg_catalog.pg_relation_size(l.indexrelid) AS size,
       b.relname AS "table"
  FROM pg_catalog.pg_index AS l
  JOIN pg_catalog.pg_class AS lc ON lc.oid = l.indexrelid
  JOIN pg_catalog.pg_class AS b ON b.oid = l.indrelid
 WHERE l.indexrelid = @oid
   AND NOT l.indisvalid
   -- What REINDEX left beside a valid index is index/reindex-leftover's.
   AND NOT (lc.relname ~ '_cc(new|old)\d*$'
            AND EXISTS (SELECT FROM pg_catalog.pg_index AS v
                         WHERE v.indrelid = l.indrelid AND v.indexrelid <> l.indexrelid AND v.indisvalid
                           AND v.indkey::text = l.indkey::text AND v.indclass::text = l.indclass::text
                           AND v.indoption::text = l.indoption::text AND v.indnkeyatts = l.indnkeyatts
                           AND pg_catalog.pg_get_expr(v.indpred, v.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(l.indpred, l.indrelid)
                           AND pg_catalog.pg_get_expr(v.indexprs, v.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(l.indexprs, l.indrelid)))

-- guard: no index build is running on the table
SELECT 'session ' || p.pid || ' builds an index'
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.relid = @table_oid OR p.relid IS NULL

-- guard: it is not a partitioned index
SELECT 'a partitioned index is valid as soon as each partition has its own attached: a person creates what is missing, concurrently, and attaches it'
 WHERE @partitioned::bool

-- measure
SELECT pg_catalog.pg_relation_size(i.indexrelid) AS size
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = @table_oid AND c.relname = @name

-- repair: session, deadline=4h
-- if: SELECT 1 WHERE @live::bool AND NOT @partitioned::bool
REINDEX INDEX CONCURRENTLY {schema}.{name};
-- Not live is somebody's drop that was interrupted: it is finished, never rebuilt.
-- if: SELECT 1 WHERE NOT @live::bool AND NOT @partitioned::bool
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the index is not valid'
 WHERE @live::bool
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                    WHERE i.indrelid = @table_oid AND c.relname = @name AND i.indisvalid AND i.indisready)
UNION ALL
SELECT 'the index is still there'
  FROM pg_catalog.pg_class AS c
 WHERE NOT @live::bool AND c.oid = @oid

-- undo: none, because an invalid index serves no query

-- guidance
-- CREATE INDEX CONCURRENTLY works in several transactions. When it fails half-way, by a cancel, a
-- timeout, a deadlock or a crash, the index stays: no query uses it, and every write maintains it.
--
-- **Prevention.** Build indexes without lock_timeout and statement_timeout, and look at
-- pg_index.indisvalid after a migration that failed.
