-- rule: index/invalid
-- title: Invalid index left behind by a failed concurrent build
-- scope: database
-- every: 15m
-- severity: warning
-- risk: medium
-- hazards: reindex, drop_index, attach
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
-- include: index/not-being-built
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
                          JOIN pg_catalog.pg_class AS s ON s.oid = v.indexrelid
                         WHERE pg_catalog.starts_with(s.relname::text, pg_catalog.regexp_replace(lc.relname::text, '_cc(new|old)\d*$', ''))
                           AND (s.relname = pg_catalog.regexp_replace(lc.relname::text, '_cc(new|old)\d*$', '')
                                OR pg_catalog.octet_length(lc.relname::text) > pg_catalog.current_setting('max_identifier_length')::int4 - 4)
                           AND v.indrelid = l.indrelid AND v.indexrelid <> l.indexrelid AND v.indisvalid
                           AND v.indkey::text = l.indkey::text AND v.indclass::text = l.indclass::text
                           AND v.indoption::text = l.indoption::text AND v.indnkeyatts = l.indnkeyatts
                           AND pg_catalog.pg_get_expr(v.indpred, v.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(l.indpred, l.indrelid)
                           AND pg_catalog.pg_get_expr(v.indexprs, v.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(l.indexprs, l.indrelid)))

-- include: index/no-build

-- guard: each partition has its own index
SELECT pg_catalog.format('the partition %I has no such index: a person creates it there, concurrently', l.relname)
  FROM pg_catalog.pg_index AS pi
  JOIN pg_catalog.pg_class AS pc ON pc.oid = pi.indexrelid
  JOIN pg_catalog.pg_inherits AS h ON h.inhparent = pi.indrelid
  JOIN pg_catalog.pg_class AS l ON l.oid = h.inhrelid
 WHERE pi.indexrelid = @oid AND @partitioned::bool
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i
                     JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
                     LEFT JOIN pg_catalog.pg_inherits AS a ON a.inhrelid = i.indexrelid
                    WHERE i.indrelid = l.oid
                      AND (a.inhparent = @oid
                           OR a.inhparent IS NULL AND i.indisvalid AND i.indisready AND ic.relam = pc.relam AND i.indisunique = pi.indisunique AND i.indnkeyatts = pi.indnkeyatts
                           AND i.indnatts = pi.indnatts AND i.indclass::text = pi.indclass::text AND i.indcollation::text = pi.indcollation::text
                           AND i.indoption::text = pi.indoption::text
                           AND pg_catalog.pg_get_expr(i.indpred, i.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(pi.indpred, pi.indrelid)
                           AND ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k, true) FROM pg_catalog.generate_series(1, i.indnatts::int4) AS k)
                             = ARRAY(SELECT pg_catalog.pg_get_indexdef(pi.indexrelid, k, true) FROM pg_catalog.generate_series(1, pi.indnatts::int4) AS k)))

-- measure
SELECT pg_catalog.pg_relation_size(i.indexrelid) AS size
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = @table_oid AND c.relname = @name

-- repair: session, deadline=4h
-- if: SELECT 1 WHERE @live::bool AND NOT @partitioned::bool
REINDEX INDEX CONCURRENTLY {schema}.{name};
-- A partitioned index gets what its partitions have: the same columns, classes,
-- collations, directions and predicate.
-- each: SELECT DISTINCT ON (l.oid) n.nspname AS schema, ic.relname AS index
--   FROM pg_catalog.pg_index AS pi
--   JOIN pg_catalog.pg_class AS pc ON pc.oid = pi.indexrelid
--   JOIN pg_catalog.pg_inherits AS h ON h.inhparent = pi.indrelid
--   JOIN pg_catalog.pg_class AS l ON l.oid = h.inhrelid
--   JOIN pg_catalog.pg_index AS i ON i.indrelid = l.oid
--   JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
--   JOIN pg_catalog.pg_namespace AS n ON n.oid = ic.relnamespace
--  WHERE pi.indexrelid = @oid AND @partitioned::bool
--    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS a WHERE a.inhrelid = i.indexrelid)
--    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS a JOIN pg_catalog.pg_index AS ai ON ai.indexrelid = a.inhrelid WHERE a.inhparent = @oid AND ai.indrelid = l.oid)
--    AND i.indisvalid AND i.indisready AND ic.relam = pc.relam AND i.indisunique = pi.indisunique AND i.indnkeyatts = pi.indnkeyatts
--                             AND i.indnatts = pi.indnatts AND i.indclass::text = pi.indclass::text AND i.indcollation::text = pi.indcollation::text
--                             AND i.indoption::text = pi.indoption::text
--                             AND pg_catalog.pg_get_expr(i.indpred, i.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(pi.indpred, pi.indrelid)
--                             AND ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k, true) FROM pg_catalog.generate_series(1, i.indnatts::int4) AS k)
--                               = ARRAY(SELECT pg_catalog.pg_get_indexdef(pi.indexrelid, k, true) FROM pg_catalog.generate_series(1, pi.indnatts::int4) AS k)
--  ORDER BY l.oid, i.indexrelid
ALTER INDEX {schema}.{name} ATTACH PARTITION {each.schema}.{each.index};
-- Not live is somebody's drop that was interrupted: it is finished, never rebuilt.
-- if: SELECT 1 WHERE NOT @live::bool AND NOT @partitioned::bool
DROP INDEX CONCURRENTLY {schema}.{name};

-- include: index/valid-or-gone

-- undo: none, because an invalid index serves no query

-- guidance
-- CREATE INDEX CONCURRENTLY works in several transactions. When it fails half-way, by a cancel, a
-- timeout, a deadlock or a crash, the index stays: no query uses it, and every write maintains it.
--
-- **Prevention.** Build indexes without lock_timeout and statement_timeout, and look at
-- pg_index.indisvalid after a migration that failed.
