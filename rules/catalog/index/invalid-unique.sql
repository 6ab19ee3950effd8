-- rule: index/invalid-unique
-- title: Invalid unique index: uniqueness is not enforced
-- scope: database
-- every: 15m
-- on: 23505
-- severity: critical
-- risk: medium
-- hazards: reindex, drop_index
-- requires: pg>=13
-- reads: rows
-- logic: index-keys
-- cooldown: 24h
-- param max_rows: integer = 5000000

-- detect
SELECT x.oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       tn.nspname AS table_schema, t.relname AS "table", i.indislive AS live,
       COALESCE(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false' AS nulls_distinct,
       -- Whether the rows can be counted: not too many of them.
       t.reltuples <= @max_rows AS countable
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
 WHERE NOT i.indisvalid
   AND i.indisunique
   AND x.relkind = 'i'
   AND t.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
   AND x.relname !~ '_cc(new|old)\d*$'
   -- The log names the index that could not be built, and not its table.
   AND (@event.constraint IS NULL OR x.relname = @event.constraint)
-- include: index/not-being-built
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
-- include: index/key-parts
       , pg_catalog.pg_relation_size(i.indexrelid) AS size
  FROM pg_catalog.pg_index AS i
 WHERE i.indexrelid = @oid

-- prove
SELECT d.duplicates,
       -- Once they are in quarantine, it can be built.
       CASE WHEN d.duplicates > 0 THEN 'data/duplicate-rows' END AS blocked_by
  FROM (SELECT CASE WHEN @countable::bool
                    THEN (SELECT pg_catalog.count(*)
                            FROM (SELECT FROM (SELECT {keys:sql} FROM ONLY {table_schema}.{table} AS t WHERE {among:sql}) AS k({key_names:names})
                                   GROUP BY {key_names:names}
                                  HAVING pg_catalog.count(*) > 1) AS g)
                    ELSE 0 END AS duplicates) AS d

-- include: index/no-build

-- repair: session, deadline=4h
-- if: SELECT 1 WHERE @live::bool
-- fails: 23505 -> data/duplicate-rows
REINDEX INDEX CONCURRENTLY {schema}.{name};
-- Somebody's drop that was cut short is finished.
-- if: SELECT 1 WHERE NOT @live::bool
DROP INDEX CONCURRENTLY {schema}.{name};

-- include: index/valid-or-gone

-- undo: none, because an invalid unique index proves nothing

-- guidance
-- A unique index that was built concurrently and failed enforces nothing for the rows that were there,
-- and queries cannot rely on it. Without duplicates it is rebuilt. With duplicates it cannot become
-- valid, and waits for `data/duplicate-rows` to move them, which needs an approval. To look at them first:
--
-- `SELECT key, count(*) FROM table GROUP BY key HAVING count(*) > 1`
--
-- **Prevention.** Look for duplicates before CREATE UNIQUE INDEX CONCURRENTLY.
