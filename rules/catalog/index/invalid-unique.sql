-- rule: index/invalid-unique
-- title: Invalid unique index: uniqueness is not enforced
-- scope: database
-- every: 15m
-- severity: critical
-- risk: medium
-- hazards: reindex, drop_index
-- requires: pg>=13
-- reads: rows
-- cooldown: 24h
-- param max_rows: integer = 5000000

-- detect
SELECT x.oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       tn.nspname AS table_schema, t.relname AS "table", i.indislive AS live,
       (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])[1:i.indnkeyatts])) AS columns,
       -- Whether the rows can be counted: plain columns, all rows, not too many of them.
       i.indexprs IS NULL AND i.indpred IS NULL AND t.reltuples <= @max_rows AS countable
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
   AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (pg_catalog.string_to_array(i.indkey::text, ' ')::int2[]))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
                    WHERE p.datname = pg_catalog.current_database() AND (p.relid = i.indrelid OR p.relid IS NULL))
 ORDER BY n.nspname, x.relname

-- capture
SELECT d.duplicates,
       d.duplicates > 0 AS has_duplicates,
       -- Dropping it may let in what it still rejects: a person decides.
       CASE WHEN d.duplicates > 0 THEN 'high' ELSE 'low' END AS risk,
       pg_catalog.pg_get_indexdef(@oid) AS definition,
       pg_catalog.pg_relation_size(@oid) AS size
  FROM (SELECT CASE WHEN @countable::bool
                    THEN (SELECT pg_catalog.count(*)
                            FROM (SELECT FROM {table_schema}.{table} AS r
                                   WHERE ROW ({columns:names}) IS NOT NULL
                                   GROUP BY {columns:names}
                                  HAVING pg_catalog.count(*) > 1) AS g)
                    ELSE 0 END AS duplicates) AS d

-- guard: no index build is running on the table
SELECT 'session ' || p.pid || ' builds an index'
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.relid = @table_oid

-- repair: session, deadline=4h
-- if: SELECT 1 WHERE @live::bool AND NOT @has_duplicates::bool
-- fails: 23505 -> data/duplicate-rows
REINDEX INDEX CONCURRENTLY {schema}.{name};
-- if: SELECT 1 WHERE NOT @live::bool OR @has_duplicates::bool
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the index is not valid'
 WHERE @live::bool AND NOT @has_duplicates::bool
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                    WHERE i.indrelid = @table_oid AND c.relname = @name AND i.indisvalid AND i.indisready)
UNION ALL
SELECT 'the index is still there'
  FROM pg_catalog.pg_class AS c
 WHERE (NOT @live::bool OR @has_duplicates::bool) AND c.oid = @oid

-- undo: none, because an invalid unique index proves nothing, and where rows are duplicate it cannot be built again

-- guidance
-- A unique index that was built concurrently and failed enforces nothing for the rows that were there,
-- and queries cannot rely on it. Without duplicates it is rebuilt. With duplicates it cannot become
-- valid: after an approval it is dropped, and the rows are yours to look at:
--
-- `SELECT key, count(*) FROM table GROUP BY key HAVING count(*) > 1`
--
-- **Prevention.** Look for duplicates before CREATE UNIQUE INDEX CONCURRENTLY.
