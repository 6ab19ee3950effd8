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
SELECT s.indexrelid AS oid, n.nspname AS schema, x.relname AS name, s.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       sp.spcname AS tablespace
  FROM large AS x
  JOIN pg_catalog.pg_index AS s ON s.indexrelid = x.oid
  JOIN pg_catalog.pg_am AS m ON m.oid = x.relam AND m.amname = 'btree'
  JOIN pg_catalog.pg_class AS t ON t.oid = s.indrelid AND t.relpersistence <> 't'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
  LEFT JOIN pg_catalog.pg_tablespace AS sp ON sp.oid = x.reltablespace
 WHERE s.indisvalid AND s.indisready AND s.indislive
   AND NOT s.indisunique AND NOT s.indisexclusion AND NOT s.indisreplident AND NOT s.indisclustered
   AND s.indpred IS NULL AND s.indexprs IS NULL AND s.indnkeyatts = s.indnatts
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = s.indexrelid)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = s.indexrelid)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = s.indexrelid)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.indexrelid AND d.deptype IN ('e', 'x'))
   AND pg_catalog.obj_description(s.indexrelid, 'pg_class') IS NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = s.indexrelid AND a.attstattarget >= 0)
   AND EXISTS (SELECT
                 FROM pg_catalog.pg_index AS l
                 JOIN pg_catalog.pg_class AS lx ON lx.oid = l.indexrelid AND lx.relam = x.relam AND lx.relkind = 'i'
                WHERE l.indrelid = s.indrelid AND l.indnkeyatts > s.indnkeyatts
                  AND l.indisvalid AND l.indisready AND l.indislive AND l.indpred IS NULL
                  -- Vectors print as numbers with blanks between: a prefix of the text up to a blank is one of the vector.
                  AND pg_catalog.starts_with(l.indkey::text, s.indkey::text || ' ')
                  AND pg_catalog.starts_with(l.indclass::text, s.indclass::text || ' ')
                  AND pg_catalog.starts_with(l.indcollation::text, s.indcollation::text || ' ')
                  AND pg_catalog.starts_with(l.indoption::text, s.indoption::text || ' '))
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(s.indexrelid) AS definition,
       pg_catalog.pg_relation_size(s.indexrelid) AS size,
       b.relname AS "table",
       x.relname AS covered_by,
       l.indexrelid AS covering_oid,
       -- Of two equal indexes one goes by the rule for duplicates first.
       CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_index AS d
                          WHERE d.indrelid = s.indrelid AND d.indexrelid <> s.indexrelid AND d.indisvalid AND d.indpred IS NULL
                            AND d.indkey::text = s.indkey::text AND d.indclass::text = s.indclass::text
                            AND d.indcollation::text = s.indcollation::text AND d.indoption::text = s.indoption::text
                            AND d.indnatts = s.indnatts AND NOT d.indisunique)
            THEN 'index/duplicate' END AS blocked_by
  FROM pg_catalog.pg_index AS s
  JOIN pg_catalog.pg_class AS sx ON sx.oid = s.indexrelid
  JOIN pg_catalog.pg_class AS b ON b.oid = s.indrelid
  JOIN pg_catalog.pg_index AS l ON l.indrelid = s.indrelid AND l.indnkeyatts > s.indnkeyatts
  JOIN pg_catalog.pg_class AS x ON x.oid = l.indexrelid AND x.relam = sx.relam AND x.relkind = 'i'
 WHERE s.indexrelid = @oid AND s.indisvalid
   AND l.indisvalid AND l.indisready AND l.indislive AND l.indpred IS NULL
   AND pg_catalog.starts_with(l.indkey::text, s.indkey::text || ' ')
   AND pg_catalog.starts_with(l.indclass::text, s.indclass::text || ' ')
   AND pg_catalog.starts_with(l.indcollation::text, s.indcollation::text || ' ')
   AND pg_catalog.starts_with(l.indoption::text, s.indoption::text || ' ')
 -- The widest, because a narrower one may be redundant itself.
 ORDER BY l.indnkeyatts DESC, l.indexrelid
 LIMIT 1

-- guard: no index build is running on the table
SELECT 'session ' || p.pid || ' builds an index'
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.datname = pg_catalog.current_database() AND (p.relid = @table_oid OR p.relid IS NULL)

-- measure
SELECT pg_catalog.pg_indexes_size(@table_oid) AS indexes_size

-- repair: session, deadline=1h
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the index is still there' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid
UNION ALL
SELECT 'the index that covers it is not valid'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @covering_oid AND i.indisvalid)

-- undo: session, deadline=4h
-- if: SELECT 1 WHERE @tablespace IS NULL
{definition:concurrently};
-- if: SELECT 1 WHERE @tablespace IS NOT NULL
{definition:concurrently} TABLESPACE {tablespace};

-- guidance
-- A btree on (a, b) answers every query that one on (a) answers. The shorter index costs space and
-- makes every write slower.
--
-- **When to keep it.** The shorter index is smaller, so an index-only scan over it can be faster: undo
-- the repair if a query became slower, and the finding stays muted.
