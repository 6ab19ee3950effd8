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
WITH same AS (
    -- Few indexes of a table have a key in common, and only those are looked at closely.
    SELECT i.indrelid, i.indkey::text AS key
      FROM pg_catalog.pg_index AS i
     WHERE i.indisvalid AND i.indisready AND i.indislive
     GROUP BY i.indrelid, i.indkey::text
    HAVING pg_catalog.count(*) > 1
), candidates AS (
    SELECT i.*, x.relname, x.relam, x.relnamespace, x.relpages, t.relowner, s.spcname,
           NOT i.indisprimary AND i.indimmediate AND (s.oid IS NULL OR i.indpred IS NULL)
-- include: index/backs-nothing
           AS droppable,
           -- All that makes it this index and no other, but for the trees of its expressions: those of equal ones differ.
           pg_catalog.concat_ws(' / ', x.relam, i.indkey, i.indclass, i.indcollation, i.indoption, i.indnkeyatts, i.indisunique, i.indimmediate,
                                pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', i.indpred IS NULL, i.indexprs IS NULL,
                                (SELECT pg_catalog.jsonb_agg(a.attoptions ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = i.indexrelid),
                                -- What a btree's and a hash's options change is how full their pages are.
                                CASE WHEN m.amname NOT IN ('btree', 'hash') THEN x.reloptions END) AS shape
      FROM same AS z
      JOIN pg_catalog.pg_index AS i ON i.indrelid = z.indrelid AND i.indkey::text = z.key
      JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
      JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
      JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid AND t.relpersistence <> 't'
      LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = x.reltablespace
     WHERE i.indisvalid AND i.indisready AND i.indislive
)
SELECT d.indexrelid AS oid, n.nspname AS schema, d.relname AS name, d.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(d.relowner) AS owner,
       d.spcname AS tablespace,
       k.twins
  FROM candidates AS d
  JOIN pg_catalog.pg_namespace AS n ON n.oid = d.relnamespace
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(k.indexrelid ORDER BY k.droppable, k.indisprimary DESC, k.indexrelid) AS twins
         FROM candidates AS k
        WHERE k.indrelid = d.indrelid AND k.indexrelid <> d.indexrelid AND k.shape = d.shape
          -- Of several that could go, the oldest stays.
          AND (NOT k.droppable OR k.indexrelid < d.indexrelid)) AS k
 WHERE d.droppable
   AND k.twins IS NOT NULL
   AND d.relpages * pg_catalog.current_setting('block_size')::int8 >= @min_size
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
 ORDER BY n.nspname, d.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(d.indexrelid) AS definition,
       pg_catalog.pg_relation_size(d.indexrelid) AS size,
       b.relname AS "table",
       x.relname AS twin,
       k.indexrelid AS twin_oid
  FROM pg_catalog.pg_index AS d
  JOIN pg_catalog.pg_class AS b ON b.oid = d.indrelid
  JOIN pg_catalog.pg_index AS k ON k.indexrelid = ANY (@twins::oid[])
  JOIN pg_catalog.pg_class AS x ON x.oid = k.indexrelid
 WHERE d.indexrelid = @oid
   AND d.indisvalid AND k.indisvalid AND k.indisready AND k.indislive
   AND pg_catalog.pg_get_expr(k.indpred, k.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(d.indpred, d.indrelid)
   AND pg_catalog.pg_get_expr(k.indexprs, k.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(d.indexprs, d.indrelid)
 ORDER BY pg_catalog.array_position(@twins::oid[], k.indexrelid)
 LIMIT 1

-- include: index/no-build

-- measure
SELECT pg_catalog.pg_indexes_size(@table_oid) AS indexes_size

-- repair: session, deadline=1h
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the copy is still there' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid
UNION ALL
SELECT 'its twin is not valid'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @twin_oid AND i.indisvalid)

-- include: index/made-again

-- guidance
-- Both indexes answer the same queries, and every write maintains both. The one that backs a
-- constraint, the replica identity, CLUSTER, or that carries a comment or statistics targets stays.
--
-- **Cause.** Often a migration that adds an index which a UNIQUE constraint or a primary key already
-- brought.
