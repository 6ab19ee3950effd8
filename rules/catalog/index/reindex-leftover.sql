-- rule: index/reindex-leftover
-- title: Index left behind by an interrupted REINDEX CONCURRENTLY
-- scope: database
-- every: 15m
-- severity: warning
-- risk: low
-- hazards: drop_index
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1h

-- detect
SELECT x.oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
 WHERE NOT i.indisvalid
   AND x.relkind = 'i'
   AND x.relname ~ '_cc(new|old)\d*$'
   AND t.relpersistence <> 't'
   AND n.nspname <> 'pg_catalog'
-- include: index/not-being-built
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(l.indexrelid) AS definition,
       pg_catalog.pg_relation_size(l.indexrelid) AS size,
       v.indexrelid AS sibling_oid,
       s.relname AS sibling,
       b.relname AS "table"
  FROM pg_catalog.pg_index AS l
  JOIN pg_catalog.pg_class AS lc ON lc.oid = l.indexrelid
  JOIN pg_catalog.pg_class AS b ON b.oid = l.indrelid
  JOIN pg_catalog.pg_index AS v ON v.indrelid = l.indrelid AND v.indexrelid <> l.indexrelid
  JOIN pg_catalog.pg_class AS s ON s.oid = v.indexrelid
 WHERE l.indexrelid = @oid
   AND NOT l.indisvalid
   -- The same definition, found in the catalog's columns: the texts differ in the name.
   AND v.indisvalid AND v.indisready AND v.indislive
   AND s.relam = lc.relam
   AND v.indkey::text = l.indkey::text
   AND v.indclass::text = l.indclass::text
   AND v.indcollation::text = l.indcollation::text
   AND v.indoption::text = l.indoption::text
   AND v.indnkeyatts = l.indnkeyatts
   AND v.indisunique = l.indisunique
   AND pg_catalog.to_jsonb(v) -> 'indnullsnotdistinct' IS NOT DISTINCT FROM pg_catalog.to_jsonb(l) -> 'indnullsnotdistinct'
   AND pg_catalog.pg_get_expr(v.indpred, v.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(l.indpred, l.indrelid)
   AND pg_catalog.pg_get_expr(v.indexprs, v.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(l.indexprs, l.indrelid)
   -- PostgreSQL makes the leftover's name of the index's own, which it cuts, by whole characters of up to four bytes, only where the
   -- two would be too long together. Any other index of such a name is somebody's own.
   AND pg_catalog.starts_with(s.relname::text, pg_catalog.regexp_replace(lc.relname::text, '_cc(new|old)\d*$', ''))
   AND (s.relname = pg_catalog.regexp_replace(lc.relname::text, '_cc(new|old)\d*$', '')
        OR pg_catalog.octet_length(lc.relname::text) > pg_catalog.current_setting('max_identifier_length')::int4 - 4)
 ORDER BY v.indexrelid
 LIMIT 1

-- include: index/no-build

-- measure
SELECT pg_catalog.pg_relation_size(@oid) AS size

-- repair: session, deadline=1h
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the leftover is still there' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid
UNION ALL
SELECT 'the index it was a copy of is not valid'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = @sibling_oid AND i.indisvalid)

-- undo: none, because an invalid index serves no query and its valid sibling is untouched

-- guidance
-- REINDEX CONCURRENTLY builds a copy beside the index and swaps the two. When it is interrupted by a
-- cancel, a crash or a deadlock, the copy stays: invalid, used by no query, and still maintained by
-- every write.
--
-- **Prevention.** Run REINDEX CONCURRENTLY without lock_timeout and statement_timeout, when no long
-- transaction is open.
