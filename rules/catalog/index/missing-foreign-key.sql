-- rule: index/missing-foreign-key
-- title: Foreign key without an index on a large table
-- scope: database
-- every: 1h
-- severity: info
-- risk: medium
-- hazards: create_index, drop_index, attach
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h
-- param min_size: bytes = 64MB
-- param min_parent_changes: integer = 100

-- detect
SELECT k.conrelid AS oid, n.nspname AS schema, k.conname AS name, k.conrelid AS table_oid,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       c.relname AS "table", p.relname AS parent, c.relkind = 'p' AS partitioned,
       (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o)
          FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(attnum, o)
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
       -- An invalid index on these columns is to be repaired first, and is all that is needed; but
       -- what an interrupted repair of a partitioned table left is gone on with.
       (SELECT CASE WHEN i.indisunique THEN 'index/invalid-unique' ELSE 'index/invalid' END
          FROM pg_catalog.pg_index AS i
          JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
         WHERE i.indrelid = k.conrelid AND NOT i.indisvalid AND i.indpred IS NULL
           AND (x.relkind <> 'I' OR i.indisunique OR x.relname::text <> ALL (ours.names))
           AND k.conkey <@ (pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])[1:pg_catalog.cardinality(k.conkey)]
         LIMIT 1) AS blocked_by
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT ARRAY[k.conname || '_idx', pg_catalog.left(k.conname, 10) || '_' || pg_catalog.left(pg_catalog.md5(k.conname), 8) || '_idx'] AS names) AS ours
 WHERE k.contype = 'f'
   AND k.conparentid = 0
   AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND (c.relpages + (SELECT COALESCE(pg_catalog.sum(l.relpages), 0)
                        FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS l ON l.oid = h.inhrelid
                       WHERE h.inhparent = c.oid AND c.relkind = 'p')) * pg_catalog.current_setting('block_size')::int8 >= @min_size
   -- Only a change of the parent looks for its children. A crash takes that count, and half of an
   -- index serves nobody: what an interrupted repair of a partitioned table left is reason enough.
   AND (pg_catalog.pg_stat_get_tuples_deleted(k.confrelid) + pg_catalog.pg_stat_get_tuples_updated(k.confrelid) >= @min_parent_changes
        OR EXISTS (SELECT
                     FROM pg_catalog.pg_index AS i
                     JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
                    WHERE i.indrelid = k.conrelid AND NOT i.indisvalid AND NOT i.indisunique AND i.indpred IS NULL
                      AND x.relkind = 'I' AND x.relname::text = ANY (ours.names)
                      AND k.conkey <@ (pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])[1:pg_catalog.cardinality(k.conkey)]))
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_index AS i
                     JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
                     JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
                    WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                      AND (m.amname = 'btree' OR m.amname = 'hash' AND pg_catalog.cardinality(k.conkey) = 1)
                      AND i.indnkeyatts >= pg_catalog.cardinality(k.conkey)
                      -- The leading columns, in any order.
                      AND k.conkey <@ (pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])[1:pg_catalog.cardinality(k.conkey)])
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS b
                    WHERE b.datname = pg_catalog.current_database() AND (b.relid = k.conrelid OR b.relid IS NULL))
 ORDER BY n.nspname, k.conname

-- capture
SELECT v.candidate AS index,
       pg_catalog.pg_table_size(@oid) AS table_size
  FROM (SELECT CASE WHEN pg_catalog.octet_length(@name) <= 59 THEN @name || '_idx' END AS candidate, 1 AS o
        UNION ALL
        SELECT pg_catalog.left(@name, 10) || '_' || pg_catalog.left(pg_catalog.md5(@name), 8) || '_idx', 2) AS v
 WHERE v.candidate IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = @schema AND c.relname = v.candidate
                      -- What an interrupted repair of a partitioned table left is gone on with.
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i
                                       WHERE i.indexrelid = c.oid AND i.indrelid = @oid AND c.relkind = 'I' AND NOT i.indisvalid))
 ORDER BY v.o
 LIMIT 1

-- include: index/no-build

-- guard: every partition is a plain table
SELECT pg_catalog.format('the partition %I is itself partitioned, or foreign', l.relname)
  FROM pg_catalog.pg_inherits AS h
  JOIN pg_catalog.pg_class AS l ON l.oid = h.inhrelid
 WHERE h.inhparent = @oid AND l.relkind <> 'r'

-- measure
SELECT pg_catalog.pg_indexes_size(@table_oid) AS indexes_size

-- repair: session, deadline=4h
-- if: SELECT 1 WHERE NOT @partitioned::bool
CREATE INDEX CONCURRENTLY {index} ON {schema}.{table} ({columns:names});
-- A partitioned table gets its index ON ONLY itself, each partition its own
-- concurrently, and those are attached: what exists already is not done again.
-- if: SELECT 1 WHERE @partitioned::bool
--   AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
--                    WHERE n.nspname = @schema AND c.relname = @index)
CREATE INDEX {index} ON ONLY {schema}.{table} ({columns:names});
-- each: SELECT x.schema, x.name, x.index
--   FROM (SELECT n.nspname AS schema, l.relname AS name, l.oid, pg_catalog.left(l.relname::text, 10) || '_' || pg_catalog.left(pg_catalog.md5(l.relname::text || '.' || @name), 8) || '_idx' AS index
--           FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS l ON l.oid = h.inhrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = l.relnamespace
--          WHERE h.inhparent = @oid AND l.relkind = 'r' AND @partitioned::bool) AS x
--  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = x.oid AND c.relname = x.index AND i.indisvalid)
--  ORDER BY x.schema, x.name
CREATE INDEX CONCURRENTLY {each.index} ON {each.schema}.{each.name} ({columns:names});
-- each: SELECT x.schema, x.index
--   FROM (SELECT n.nspname AS schema, l.relname AS name, l.oid, pg_catalog.left(l.relname::text, 10) || '_' || pg_catalog.left(pg_catalog.md5(l.relname::text || '.' || @name), 8) || '_idx' AS index
--           FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS l ON l.oid = h.inhrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = l.relnamespace
--          WHERE h.inhparent = @oid AND l.relkind = 'r' AND @partitioned::bool) AS x
--  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_inherits AS a ON a.inhrelid = i.indexrelid WHERE i.indrelid = x.oid AND c.relname = x.index)
--  ORDER BY x.schema, x.name
ALTER INDEX {schema}.{index} ATTACH PARTITION {each.schema}.{each.index};

-- verify: within=10s
SELECT 'there is no valid index of that name'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
                    WHERE i.indrelid = @table_oid AND x.relname = @index AND i.indisvalid AND i.indisready)

-- undo: session, deadline=1h
-- No partitioned index can be dropped concurrently.
-- if: SELECT 1 WHERE NOT @partitioned::bool
DROP INDEX CONCURRENTLY {schema}.{index};

-- guidance
-- PostgreSQL indexes the referenced key, not the referencing column. Without an index each DELETE and
-- each change of a key in the parent reads the whole child table, and holds its locks meanwhile.
--
-- **When not.** A parent that is never deleted from needs none; the rule looks at the statistics for that.
