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
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
                    WHERE p.datname = pg_catalog.current_database() AND (p.relid = i.indrelid OR p.relid IS NULL))
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
       -- Where a collation is not deterministic, equal is more than the same, and an index may have another one than its column.
       (SELECT pg_catalog.jsonb_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k.n, false)
                                    || CASE WHEN c.oid <> COALESCE(a.attcollation, 0)
                                             AND EXISTS (SELECT FROM pg_catalog.pg_collation AS e
                                                          WHERE NOT e.collisdeterministic
                                                            AND (e.oid = c.oid OR e.oid IN (SELECT b.attcollation FROM pg_catalog.pg_attribute AS b WHERE b.attrelid = i.indrelid)))
                                            THEN pg_catalog.format(' COLLATE %I.%I', (SELECT s.nspname FROM pg_catalog.pg_namespace AS s WHERE s.oid = c.collnamespace), c.collname) ELSE '' END ORDER BY k.n)
          FROM pg_catalog.generate_series(1, i.indnkeyatts::int4) AS k(n)
          LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0 AND a.attnum = ((pg_catalog.string_to_array(i.indkey::text, ' '))[k.n])::int2
          LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = ((pg_catalog.string_to_array(i.indcollation::text, ' '))[k.n])::oid)::text AS key_parts,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       pg_catalog.pg_relation_size(i.indexrelid) AS size
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

-- guard: no index build is running on the table
SELECT 'session ' || p.pid || ' builds an index'
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.relid = @table_oid

-- repair: session, deadline=4h
-- if: SELECT 1 WHERE @live::bool
-- fails: 23505 -> data/duplicate-rows
REINDEX INDEX CONCURRENTLY {schema}.{name};
-- Somebody's drop that was cut short is finished.
-- if: SELECT 1 WHERE NOT @live::bool
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

-- undo: none, because an invalid unique index proves nothing

-- guidance
-- A unique index that was built concurrently and failed enforces nothing for the rows that were there,
-- and queries cannot rely on it. Without duplicates it is rebuilt. With duplicates it cannot become
-- valid, and waits for `data/duplicate-rows` to move them, which needs an approval. To look at them first:
--
-- `SELECT key, count(*) FROM table GROUP BY key HAVING count(*) > 1`
--
-- **Prevention.** Look for duplicates before CREATE UNIQUE INDEX CONCURRENTLY.
