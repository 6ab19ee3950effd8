-- rule: data/duplicate-rows
-- title: Duplicate rows keep a unique index from being built
-- scope: database
-- every: 1h
-- on: 23505
-- severity: critical
-- risk: high
-- hazards: move_rows
-- requires: pg>=13
-- reads: rows
-- logic: duplicate-rows
-- cooldown: 1m
-- param max_rows: integer = 5000000
-- param batch: integer = 2000
-- param keep: text = oldest
-- param by: text = ctid

-- detect
SELECT t.oid, n.nspname AS schema, x.relname AS name, t.oid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       t.relname AS "table", x.oid AS index_oid,
       COALESCE(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false' AS nulls_distinct,
       i.indisready AS ready,
-- include: data/columns
-- include: data/referrers
         WHERE r.contype = 'f' AND r.conparentid = 0 AND r.confrelid = t.oid) AS referrers,
       t.relrowsecurity AND t.relforcerowsecurity AS secured
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 WHERE NOT i.indisvalid AND i.indislive AND i.indisunique AND NOT i.indisexclusion
   AND x.relkind = 'i' AND t.relkind = 'r' AND t.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
   -- What an interrupted REINDEX left is index/reindex-leftover's.
   AND x.relname !~ '_cc(new|old)\d*$'
   AND t.reltuples <= @max_rows
   -- The log names the index that could not be built, and not its table.
   AND (@event.constraint IS NULL OR x.relname = @event.constraint)
-- include: index/not-being-built
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
-- include: index/key-parts
  FROM pg_catalog.pg_index AS i
 WHERE i.indexrelid = @index_oid

-- prove
SELECT pg_catalog.count(*) AS keys_twice, (pg_catalog.sum(d.n) - pg_catalog.count(*))::int8 AS losers
  FROM (SELECT pg_catalog.count(*) AS n
          FROM (SELECT {keys:sql} FROM ONLY {schema}.{table} AS t WHERE {among:sql}) AS k({key_names:names})
         GROUP BY {key_names:names}
        HAVING pg_catalog.count(*) > 1) AS d
HAVING pg_catalog.count(*) > 0

-- guard: equality is the one that GROUP BY knows
SELECT pg_catalog.format('the index compares its column %s in another way than the type does by itself', k.n)
  FROM pg_catalog.pg_index AS i
 CROSS JOIN pg_catalog.generate_series(1, i.indnkeyatts::int4) AS k(n)
  JOIN pg_catalog.pg_opclass AS o ON o.oid = ((pg_catalog.string_to_array(i.indclass::text, ' '))[k.n])::oid
 WHERE i.indexrelid = @index_oid
   -- For text these compare by bytes, which finds equal what the type does.
   AND NOT o.opcdefault AND o.opcname NOT IN ('text_pattern_ops', 'varchar_pattern_ops', 'bpchar_pattern_ops', 'varchar_ops')

-- guard: no foreign key acts on what refers to its rows
SELECT pg_catalog.format('rows of %s refer to the table of which it is a partition by the foreign key %I', k.conrelid::regclass, k.conname)
  FROM pg_catalog.pg_constraint AS k
 WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid <> @table_oid
   AND k.confrelid IN (SELECT p.relid FROM pg_catalog.pg_partition_ancestors(@table_oid::oid::regclass) AS p(relid))
UNION ALL
-- include: data/acting-referrers
 WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN (@table_oid) AND w.why IS NOT NULL

-- guard: nothing refers to the rows that would go
SELECT pg_catalog.format('%s of the rows that would go are referred to by the foreign key %I of %I.%I', pg_catalog.count(*), r.v ->> 'name', r.v ->> 'schema', r.v ->> 'table')
  FROM (SELECT {referrer:sql} AS referrer
          FROM (SELECT t.*, pg_catalog.row_number() OVER w AS pgmend_place
                  FROM ONLY {schema}.{table} AS t
                 WHERE {among:sql}
                WINDOW w AS (PARTITION BY {keys:sql} ORDER BY {precedence:sql})) AS t
         WHERE t.pgmend_place > 1) AS d
  JOIN pg_catalog.jsonb_array_elements(@referrers::jsonb) WITH ORDINALITY AS r(v, n) ON r.n = d.referrer
 WHERE @referrers::jsonb IS NOT NULL
 GROUP BY r.n, r.v
 ORDER BY r.n

-- guard: nothing of its own happens when its rows go
SELECT pg_catalog.format('the trigger %I would run', g.tgname)
  FROM pg_catalog.pg_trigger AS g
 WHERE g.tgrelid = @table_oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'
   -- TRIGGER_TYPE_INSERT and TRIGGER_TYPE_DELETE of src/include/catalog/pg_trigger.h
   AND g.tgtype::int4 & 12 <> 0
UNION ALL
SELECT pg_catalog.format('the rule %I would run', w.rulename) FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = @table_oid
UNION ALL
SELECT 'row level security is forced on its owner' WHERE @secured::bool
UNION ALL
SELECT pg_catalog.format('it is published by %I, and subscribers would lose the rows, or lack the table beside it', p.pubname)
  FROM pg_catalog.pg_publication AS p
  JOIN pg_catalog.pg_publication_tables AS l ON l.pubname = p.pubname
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = l.schemaname
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = l.tablename
 WHERE c.oid = @table_oid OR c.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(@table_oid::oid::regclass) AS a(relid))

-- include: data/table-beside

-- measure
SELECT pg_catalog.count(*) AS rows FROM ONLY {schema}.{table}

-- repair: batches, lock_timeout=500ms, deadline=30m
-- include: data/quarantine
-- It is no unlogged one: a server that is killed before such a table is committed does not start again at once.
-- as: owner
CREATE TABLE {schema}.{run.worklist} (loser tid, keeper tid);
-- Lists all of them, whenever the list is empty.
-- repeat: rows
-- as: owner
INSERT INTO {schema}.{run.worklist} (loser, keeper)
SELECT d.place, d.keeper
  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n
          FROM ONLY {schema}.{table} AS t
         WHERE {among:sql}
        WINDOW w AS (PARTITION BY {keys:sql} ORDER BY {precedence:sql})) AS d
 WHERE d.n > 1
   AND NOT EXISTS (SELECT FROM {schema}.{run.worklist})
 ORDER BY d.place;
-- Moves some. What stays is locked with what goes, and both are compared again; a row that somebody holds or changed is left for
-- the next list. The row that is written is the row that was deleted, in one statement.
-- repeat: rows
-- assert: SELECT 'the columns of the table are not those of the plan'
--   WHERE @columns::jsonb <> (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a
--                              WHERE a.attrelid = @table_oid AND a.attnum > 0 AND NOT a.attisdropped)
--      OR EXISTS (SELECT FROM ONLY {schema}.{table} WHERE false)
-- as: owner
WITH taken AS MATERIALIZED (
  SELECT l.ctid AS entry, l.loser, l.keeper FROM {schema}.{run.worklist} AS l LIMIT @batch
), stays AS MATERIALIZED (
  SELECT t.ctid AS place, ROW ({keys:sql}) AS key FROM ONLY {schema}.{table} AS t
   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND {among:sql} FOR SHARE SKIP LOCKED
), goes AS MATERIALIZED (
  SELECT t.ctid AS place, ROW ({keys:sql}) AS key FROM ONLY {schema}.{table} AS t
   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND {among:sql} AND {free:sql} FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM ONLY {schema}.{table} AS t
   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper
                               WHERE g.key IS NOT DISTINCT FROM s.key))
  RETURNING {columns:names}
), kept AS (
  INSERT INTO {schema}.{run.quarantine} ({columns:names}, pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)
  SELECT {columns:names}, pg_catalog.format('%I.%I', {schema:literal}::text, {table:literal}::text),
         pg_catalog.format('duplicate in %I', {name:literal}::text), pg_catalog.clock_timestamp(), @run.attempt,
         pg_catalog.md5(ROW ({columns:names})::text)
    FROM gone
)
DELETE FROM {schema}.{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x));
-- as: owner
DROP TABLE IF EXISTS {schema}.{run.worklist};

-- verify: within=10s
SELECT 'duplicates are left'
  FROM (SELECT FROM (SELECT {keys:sql} FROM ONLY {schema}.{table} AS t WHERE {among:sql}) AS k({key_names:names})
         GROUP BY {key_names:names}
        HAVING pg_catalog.count(*) > 1
         LIMIT 1) AS d
UNION ALL
SELECT 'a row in quarantine is not the row that was taken'
  FROM (SELECT FROM {schema}.{run.quarantine} AS q WHERE q.pgmend_checksum <> pg_catalog.md5(ROW ({columns:names})::text) LIMIT 1) AS d

-- seal
SELECT pg_catalog.count(*) AS rows_in_quarantine,
       pg_catalog.sum(('x' || pg_catalog.left(pg_catalog.md5(q::text), 15))::bit(60)::int8) AS checksum_of_quarantine,
       -- A row that came back by other means is in the table, and may be in quarantine still.
       (SELECT pg_catalog.count(*)
          FROM (SELECT pg_catalog.md5(ROW ({columns:names})::text) AS checksum FROM ONLY {schema}.{table}) AS t
         WHERE t.checksum IN (SELECT p.pgmend_checksum FROM {schema}.{run.quarantine} AS p)) AS rows_of_quarantine_in_table
  FROM {schema}.{run.quarantine} AS q

-- undo: batches, lock_timeout=500ms, deadline=30m
-- repeat: rows
-- assert: SELECT pg_catalog.format('the unique index %I would refuse them by now; to have them back, first DROP INDEX CONCURRENTLY %I.%I', @name, @schema, @name)
--   FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
--  WHERE i.indrelid = @table_oid AND x.relname = @name AND i.indisready AND NOT @ready::bool
-- assert: SELECT pg_catalog.format('the trigger %I would run', g.tgname)
--   FROM pg_catalog.pg_trigger AS g
--  WHERE g.tgrelid = @table_oid AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype::int4 & 12 <> 0
-- as: owner
WITH back AS (
  DELETE FROM {schema}.{run.quarantine} AS q
   WHERE q.ctid = ANY (ARRAY (SELECT p.ctid FROM {schema}.{run.quarantine} AS p
                               WHERE p.pgmend_checksum = pg_catalog.md5(ROW ({columns:names})::text) LIMIT 2000))
  RETURNING {own_columns:names}
)
INSERT INTO {schema}.{table} ({own_columns:names}) OVERRIDING SYSTEM VALUE SELECT {own_columns:names} FROM back;
-- as: owner
DROP TABLE IF EXISTS {schema}.{run.worklist};
-- assert: SELECT 'rows are left in it, and are not those that were taken' FROM {schema}.{run.quarantine} AS q LIMIT 1
-- as: owner
DROP TABLE {schema}.{run.quarantine};

-- guidance
-- A unique index was being built concurrently, and rows with equal keys stopped it. What is left is an invalid index,
-- which enforces nothing, so more duplicates may come every minute.
--
-- Of the rows with one key one stays. Which, say the parameters `keep` (`oldest` or `newest`) and `by`: a list of columns, of
-- which the first that the table has decides, or `ctid`, the place in the table. The others are moved, a few thousand in a
-- transaction, into the table `pgmend_quarantine_ATTEMPT` in the same schema, with source, reason, time, attempt and a checksum.
-- No row is deleted. After that `index/invalid-unique` builds the index, in the same run.
--
-- `pgmend undo ATTEMPT` puts them back, unless the unique index is valid by then: then it says which index has to go first.
-- NULLs are not duplicates, except in an index with NULLS NOT DISTINCT.
--
-- Where foreign keys refer to the table, only rows that nothing refers to are moved, and the server refuses the rest. Is one of those
-- that would go referred to, it is left to a person, and the foreign key is named: choose by `keep` and `by` which rows stay, or change
-- what refers to them.
--
-- **Left to a person:** tables to which foreign keys with ON DELETE CASCADE, SET NULL or SET DEFAULT refer, that have triggers or rules
-- on INSERT or DELETE, forced row level security or a publication, and indexes that compare in a way of their own. A failed `CREATE UNIQUE INDEX` without CONCURRENTLY leaves
-- nothing in the catalog that would say what should be unique: run it with CONCURRENTLY.
--
-- **Prevention.** Have the unique index before the data. Where two writers race, `INSERT … ON CONFLICT` needs it anyway.
