-- rule: index/duplicate
-- title: Two indexes that are the same
-- scope: database
-- every: 1h
-- severity: info
-- risk: medium
-- hazards: drop_index, create_index
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h
-- param min_size: bytes = 8MB

-- detect
WITH candidates AS (
    SELECT i.*, x.relname, x.relam, x.relnamespace, t.relowner, x.relpages,
           -- It backs nothing, so that nobody but the planner would miss it.
           NOT i.indisprimary AND NOT i.indisexclusion AND NOT i.indisreplident AND NOT i.indisclustered AND i.indimmediate
           AND x.reltablespace = 0
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                            WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indexrelid)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid AND d.deptype IN ('e', 'x'))
           AND pg_catalog.obj_description(i.indexrelid, 'pg_class') IS NULL
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) AS droppable
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
      JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid AND t.relpersistence <> 't'
     WHERE i.indisvalid AND i.indisready AND i.indislive
)
SELECT d.indexrelid AS oid, n.nspname AS schema, d.relname AS name, d.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(d.relowner) AS owner
  FROM candidates AS d
  JOIN pg_catalog.pg_namespace AS n ON n.oid = d.relnamespace
 WHERE d.droppable
   AND d.relpages * pg_catalog.current_setting('block_size')::int8 >= @min_size
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
   AND EXISTS (SELECT
                 FROM candidates AS k
                WHERE k.indrelid = d.indrelid AND k.indexrelid <> d.indexrelid
                  -- Of several that could go, the oldest stays.
                  AND (NOT k.droppable OR k.indexrelid < d.indexrelid)
                  AND k.relam = d.relam AND k.indkey::text = d.indkey::text AND k.indclass::text = d.indclass::text
                  AND k.indcollation::text = d.indcollation::text AND k.indoption::text = d.indoption::text
                  AND k.indnkeyatts = d.indnkeyatts AND k.indisunique = d.indisunique
                  AND (k.indpred IS NULL) = (d.indpred IS NULL) AND (k.indexprs IS NULL) = (d.indexprs IS NULL)
                  AND pg_catalog.to_jsonb(k) -> 'indnullsnotdistinct' IS NOT DISTINCT FROM pg_catalog.to_jsonb(d) -> 'indnullsnotdistinct')
 ORDER BY n.nspname, d.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(d.indexrelid) AS definition,
       pg_catalog.pg_relation_size(d.indexrelid) AS size,
       b.relname AS "table",
       x.relname AS twin,
       k.indexrelid AS twin_oid,
       CASE WHEN s.indexrelid IS NOT NULL THEN 'index/reindex-leftover' END AS blocked_by
  FROM pg_catalog.pg_index AS d
  JOIN pg_catalog.pg_class AS b ON b.oid = d.indrelid
  JOIN pg_catalog.pg_class AS y ON y.oid = d.indexrelid
  JOIN pg_catalog.pg_index AS k ON k.indrelid = d.indrelid AND k.indexrelid <> d.indexrelid
  JOIN pg_catalog.pg_class AS x ON x.oid = k.indexrelid
  -- A leftover of the same table goes first: it may be of either twin.
  LEFT JOIN (SELECT l.indexrelid, l.indrelid
               FROM pg_catalog.pg_index AS l
               JOIN pg_catalog.pg_class AS lc ON lc.oid = l.indexrelid
              WHERE NOT l.indisvalid AND lc.relname ~ '_cc(new|old)\d*$') AS s ON s.indrelid = d.indrelid
 WHERE d.indexrelid = @oid
   AND d.indisvalid AND k.indisvalid AND k.indisready AND k.indislive
   AND x.relam = y.relam
   AND k.indkey::text = d.indkey::text AND k.indclass::text = d.indclass::text
   AND k.indcollation::text = d.indcollation::text AND k.indoption::text = d.indoption::text
   AND k.indnkeyatts = d.indnkeyatts AND k.indisunique = d.indisunique
   AND pg_catalog.to_jsonb(k) -> 'indnullsnotdistinct' IS NOT DISTINCT FROM pg_catalog.to_jsonb(d) -> 'indnullsnotdistinct'
   -- The trees of equal expressions differ in their text, so what they print is compared.
   AND pg_catalog.pg_get_expr(k.indpred, k.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(d.indpred, d.indrelid)
   AND pg_catalog.pg_get_expr(k.indexprs, k.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(d.indexprs, d.indrelid)
   AND (k.indexrelid < d.indexrelid
        OR k.indisprimary OR k.indisexclusion OR k.indisreplident OR k.indisclustered OR NOT k.indimmediate OR x.reltablespace <> 0
        OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS c WHERE c.conindid = k.indexrelid)
        OR EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = k.indexrelid)
        OR pg_catalog.obj_description(k.indexrelid, 'pg_class') IS NOT NULL
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = k.indexrelid AND a.attstattarget >= 0)
        OR EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE e.refclassid = 'pg_catalog.pg_class'::regclass AND e.refobjid = k.indexrelid))
 ORDER BY k.indisprimary DESC, k.indexrelid
 LIMIT 1

-- guard: no index build is running on the table
SELECT 'session ' || p.pid || ' builds an index'
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.relid = @table_oid OR p.relid IS NULL

-- measure
SELECT pg_catalog.pg_indexes_size(@table_oid) AS indexes_size

-- repair: session, deadline=1h
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the copy is still there' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid
UNION ALL
SELECT 'its twin is not valid'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @twin_oid AND i.indisvalid)

-- undo: session, deadline=4h
{definition:concurrently};

-- guidance
-- Both indexes answer the same queries, and every write maintains both. The one that backs a
-- constraint, the replica identity, CLUSTER, or that carries a comment or statistics targets stays.
--
-- **Cause.** Often a migration that adds an index which a UNIQUE constraint or a primary key already
-- brought.
