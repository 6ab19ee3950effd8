-- rule: index/redundant-prefix
-- title: Index whose columns another index begins with
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
WITH large AS MATERIALIZED (
    -- Most are too small to matter; only the others are looked at closely.
    SELECT x.oid, x.relname, x.relnamespace, x.relam, x.reltablespace
      FROM pg_catalog.pg_class AS x
     WHERE x.relkind = 'i' AND x.relpages * pg_catalog.current_setting('block_size')::int8 >= @min_size
)
SELECT i.indexrelid AS oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       s.spcname AS tablespace
  FROM large AS x
  JOIN pg_catalog.pg_index AS i ON i.indexrelid = x.oid
  JOIN pg_catalog.pg_am AS m ON m.oid = x.relam AND m.amname = 'btree'
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid AND t.relpersistence <> 't'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = x.reltablespace
 WHERE i.indisvalid AND i.indisready AND i.indislive
   AND NOT i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
-- include: index/backs-nothing
   AND EXISTS (SELECT
                 FROM pg_catalog.pg_index AS l
                 JOIN pg_catalog.pg_class AS lx ON lx.oid = l.indexrelid AND lx.relam = x.relam AND lx.relkind = 'i'
                WHERE l.indrelid = i.indrelid AND l.indnkeyatts > i.indnkeyatts
                  AND l.indisvalid AND l.indisready AND l.indislive AND l.indpred IS NULL
                  -- Vectors print as numbers with blanks between: a prefix of the text up to a blank is one of the vector.
                  AND pg_catalog.starts_with(l.indkey::text, i.indkey::text || ' ')
                  AND pg_catalog.starts_with(l.indclass::text, i.indclass::text || ' ')
                  AND pg_catalog.starts_with(l.indcollation::text, i.indcollation::text || ' ')
                  AND pg_catalog.starts_with(l.indoption::text, i.indoption::text || ' '))
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
       pg_catalog.pg_relation_size(i.indexrelid) AS size,
       b.relname AS "table",
       x.relname AS covered_by,
       l.indexrelid AS covering_oid,
       -- Of two equal indexes one goes by the rule for duplicates first.
       CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_index AS d
                          WHERE d.indrelid = i.indrelid AND d.indexrelid <> i.indexrelid AND d.indisvalid AND d.indpred IS NULL
                            AND d.indkey::text = i.indkey::text AND d.indclass::text = i.indclass::text
                            AND d.indcollation::text = i.indcollation::text AND d.indoption::text = i.indoption::text
                            AND d.indnatts = i.indnatts AND NOT d.indisunique)
            THEN 'index/duplicate' END AS blocked_by
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS sx ON sx.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS b ON b.oid = i.indrelid
  JOIN pg_catalog.pg_index AS l ON l.indrelid = i.indrelid AND l.indnkeyatts > i.indnkeyatts
  JOIN pg_catalog.pg_class AS x ON x.oid = l.indexrelid AND x.relam = sx.relam AND x.relkind = 'i'
 WHERE i.indexrelid = @oid AND i.indisvalid
   AND l.indisvalid AND l.indisready AND l.indislive AND l.indpred IS NULL
   AND pg_catalog.starts_with(l.indkey::text, i.indkey::text || ' ')
   AND pg_catalog.starts_with(l.indclass::text, i.indclass::text || ' ')
   AND pg_catalog.starts_with(l.indcollation::text, i.indcollation::text || ' ')
   AND pg_catalog.starts_with(l.indoption::text, i.indoption::text || ' ')
 -- The widest, because a narrower one may be redundant itself.
 ORDER BY l.indnkeyatts DESC, l.indexrelid
 LIMIT 1

-- include: index/no-build

-- measure
SELECT pg_catalog.pg_indexes_size(@table_oid) AS indexes_size

-- repair: session, deadline=1h
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the index is still there' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid
UNION ALL
SELECT 'the index that covers it is not valid'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @covering_oid AND i.indisvalid)

-- include: index/made-again

-- guidance
-- A btree on (a, b) answers every query that one on (a) answers. The shorter index costs space and
-- makes every write slower.
--
-- **When to keep it.** The shorter index is smaller, so an index-only scan over it can be faster: undo
-- the repair if a query became slower, and the finding stays muted.
