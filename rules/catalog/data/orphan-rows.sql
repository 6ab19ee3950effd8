-- rule: data/orphan-rows
-- title: Rows without their parent keep a foreign key from being validated
-- scope: database
-- every: 6h
-- on: 23503
-- severity: warning
-- risk: high
-- hazards: move_rows, constraint
-- requires: pg>=13
-- reads: rows
-- logic: orphan-rows
-- cooldown: 1m
-- param max_rows: integer = 5000000
-- param batch: integer = 2000

-- detect
SELECT t.oid, n.nspname AS schema, k.conname AS name, t.oid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       t.relname AS "table", k.oid AS constraint_oid,
       p.oid AS parent_oid, pn.nspname AS parent_schema, p.relname AS parent,
       (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o)
          FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(attnum, o)
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS keys,
       (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o)
          FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(attnum, o)
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS parent_keys,
-- include: data/columns
-- include: data/referrers
         WHERE r.contype = 'f' AND r.conparentid = 0 AND r.confrelid = t.oid) AS referrers,
       t.relrowsecurity AND t.relforcerowsecurity OR p.relrowsecurity AND p.relforcerowsecurity AS secured
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
 WHERE k.contype = 'f' AND NOT k.convalidated AND k.conparentid = 0
   AND t.relkind = 'r' AND t.relpersistence <> 't'
   -- Since 18 a constraint can be declared and not enforced.
   AND COALESCE(pg_catalog.to_jsonb(k) ->> 'conenforced', 'true') = 'true'
   AND t.reltuples <= @max_rows
   AND (@event.constraint IS NULL OR k.conname = @event.constraint)
 ORDER BY n.nspname, k.conname

-- capture
SELECT pg_catalog.pg_get_constraintdef(k.oid) AS definition
  FROM pg_catalog.pg_constraint AS k
 WHERE k.oid = @constraint_oid AND NOT k.convalidated

-- prove
SELECT pg_catalog.count(*) AS orphans
  FROM ONLY {schema}.{table} AS t
 WHERE {keyed:sql}
   AND NOT EXISTS (SELECT FROM {parent_schema}.{parent} AS p WHERE {match:sql})
HAVING pg_catalog.count(*) > 0

-- guard: equality is the one of the server
SELECT pg_catalog.format('the operator %s.%s compares', o.oprnamespace::regnamespace, o.oprname)
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_operator AS o ON o.oid = ANY (k.conpfeqop)
 WHERE k.oid = @constraint_oid AND o.oprnamespace <> 'pg_catalog'::regnamespace
UNION ALL
SELECT 'it is MATCH FULL, and a row that is NULL in a part of the key breaks it too'
  FROM pg_catalog.pg_constraint AS k WHERE k.oid = @constraint_oid AND k.confmatchtype <> 's'
UNION ALL
SELECT 'rows of tables that inherit from the parent are no parents'
  FROM pg_catalog.pg_class AS p
 WHERE p.oid = @parent_oid AND p.relkind <> 'p' AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = p.oid)
UNION ALL
SELECT pg_catalog.format('the columns %I and %I have different collations, of which one is not deterministic', a.attname, b.attname)
  FROM pg_catalog.pg_constraint AS k
 CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) AS u(attnum, parent_attnum)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
  JOIN pg_catalog.pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = u.parent_attnum
 WHERE k.oid = @constraint_oid AND a.attcollation <> b.attcollation
   AND EXISTS (SELECT FROM pg_catalog.pg_collation AS e WHERE e.oid IN (a.attcollation, b.attcollation) AND NOT e.collisdeterministic)

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
          FROM ONLY {schema}.{table} AS t
         WHERE {keyed:sql}
           AND NOT EXISTS (SELECT FROM {parent_schema}.{parent} AS p WHERE {match:sql})) AS d
  JOIN pg_catalog.jsonb_array_elements(@referrers::jsonb) WITH ORDINALITY AS r(v, n) ON r.n = d.referrer
 WHERE @referrers::jsonb IS NOT NULL
 GROUP BY r.n, r.v
 ORDER BY r.n

-- guard: it is not the parents that were lost
SELECT pg_catalog.format('%I.%I, to which %I refers, is empty: bring back its rows, not these into quarantine', @parent_schema, @parent, @name)
 WHERE NOT EXISTS (SELECT FROM {parent_schema}.{parent})

-- guard: nothing of its own happens when its rows go
SELECT pg_catalog.format('the trigger %I would run', g.tgname)
  FROM pg_catalog.pg_trigger AS g
 WHERE g.tgrelid = @table_oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'
   -- TRIGGER_TYPE_INSERT and TRIGGER_TYPE_DELETE of src/include/catalog/pg_trigger.h
   AND g.tgtype::int4 & 12 <> 0
UNION ALL
SELECT pg_catalog.format('the rule %I would run', w.rulename) FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = @table_oid
UNION ALL
SELECT 'row level security is forced on its owner, or on the parent''s' WHERE @secured::bool
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
CREATE TABLE {schema}.{run.worklist} (loser tid);
-- Lists all of them, whenever the list is empty.
-- repeat: rows
-- as: owner
INSERT INTO {schema}.{run.worklist} (loser)
SELECT t.ctid
  FROM ONLY {schema}.{table} AS t
 WHERE {keyed:sql}
   AND NOT EXISTS (SELECT FROM {parent_schema}.{parent} AS p WHERE {match:sql})
   AND NOT EXISTS (SELECT FROM {schema}.{run.worklist})
 ORDER BY t.ctid;
-- Moves some, which are looked at again. A row that somebody holds or changed is left for the next list. The row that is written is
-- the row that was deleted, in one statement.
-- repeat: rows
-- assert: SELECT 'the columns of the table are not those of the plan'
--   WHERE @columns::jsonb <> (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a
--                              WHERE a.attrelid = @table_oid AND a.attnum > 0 AND NOT a.attisdropped)
--      OR EXISTS (SELECT FROM ONLY {schema}.{table} WHERE false)
-- as: owner
WITH taken AS MATERIALIZED (
  SELECT l.ctid AS entry, l.loser FROM {schema}.{run.worklist} AS l LIMIT @batch
), goes AS MATERIALIZED (
  SELECT t.ctid AS place FROM ONLY {schema}.{table} AS t
   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND {keyed:sql}
     AND NOT EXISTS (SELECT FROM {parent_schema}.{parent} AS p WHERE {match:sql}) AND {free:sql}
     FOR UPDATE OF t SKIP LOCKED
), gone AS (
  DELETE FROM ONLY {schema}.{table} AS t
   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))
  RETURNING {columns:names}
), kept AS (
  INSERT INTO {schema}.{run.quarantine} ({columns:names}, pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)
  SELECT {columns:names}, pg_catalog.format('%I.%I', {schema:literal}::text, {table:literal}::text),
         pg_catalog.format('no parent by %I', {name:literal}::text), pg_catalog.clock_timestamp(), @run.attempt,
         pg_catalog.md5(ROW ({columns:names})::text)
    FROM gone
)
DELETE FROM {schema}.{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x));
-- as: owner
DROP TABLE IF EXISTS {schema}.{run.worklist};

-- verify: within=10s
SELECT 'a row has no parent'
  FROM (SELECT FROM ONLY {schema}.{table} AS t
         WHERE {keyed:sql}
           AND NOT EXISTS (SELECT FROM {parent_schema}.{parent} AS p WHERE {match:sql})
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

-- undo: transaction, lock_timeout=500ms
-- A foreign key refuses such rows even while it is not validated, so it is made anew behind them, all at once.
-- assert: SELECT 'more than 10,000 rows are in quarantine, and for as long as they are put back nobody could use the table; docs/quarantine.md'
--   FROM (SELECT FROM {schema}.{run.quarantine} AS q OFFSET 10000 LIMIT 1) AS d
-- assert: SELECT 'the foreign key is not there any more; docs/quarantine.md says how to put the rows back'
--   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = @table_oid AND k.conname = @name AND k.contype = 'f')
-- assert: SELECT 'the foreign key has a comment, which would be lost'
--   FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = @table_oid AND k.conname = @name AND pg_catalog.obj_description(k.oid, 'pg_constraint') IS NOT NULL
-- assert: SELECT pg_catalog.format('the trigger %I would run', g.tgname)
--   FROM pg_catalog.pg_trigger AS g
--  WHERE g.tgrelid = @table_oid AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype::int4 & 12 <> 0
-- as: owner
ALTER TABLE {schema}.{table} DROP CONSTRAINT {name};
-- as: owner
INSERT INTO {schema}.{table} ({own_columns:names}) OVERRIDING SYSTEM VALUE SELECT {own_columns:names} FROM {schema}.{run.quarantine}
 WHERE pgmend_checksum = pg_catalog.md5(ROW ({columns:names})::text);
-- as: owner
ALTER TABLE {schema}.{table} ADD CONSTRAINT {name} {definition:sql};
-- as: owner
DROP TABLE IF EXISTS {schema}.{run.worklist};
-- assert: SELECT 'a row in quarantine is not the row that was taken'
--   FROM {schema}.{run.quarantine} AS q WHERE q.pgmend_checksum <> pg_catalog.md5(ROW ({columns:names})::text) LIMIT 1
-- as: owner
DROP TABLE {schema}.{run.quarantine};

-- guidance
-- A foreign key was added NOT VALID, which is the right first step, and some old rows have no parent. It checks new rows, and
-- cannot be validated: the planner does not rely on it, and a restore of a dump may fail.
--
-- Those rows are moved, a few thousand in a transaction, into the table `pgmend_quarantine_ATTEMPT` in the same schema, with
-- source, reason, time, attempt and a checksum. No row is deleted. After that `constraint/not-valid` validates the foreign key, in the
-- same run. A row whose parent comes in the very moment in which it is moved, is moved too.
--
-- `pgmend undo ATTEMPT` puts up to 10,000 of them back. For that the foreign key is dropped and added again as it was, not
-- validated, in one short transaction that locks both tables.
--
-- Before you approve: the missing parents may be what was lost, not the children too many. If a backup has them, put them back
-- instead; where the parent is empty, that is all there is to do, and nothing is moved.
--
-- Where foreign keys refer to the table itself, only rows that nothing refers to are moved; is one of the orphans referred to, all is
-- left to a person.
--
-- **Left to a person:** tables to which foreign keys with ON DELETE CASCADE, SET NULL or SET DEFAULT refer, that have triggers or rules
-- on INSERT or DELETE, forced row level security or a publication, MATCH FULL, and keys that compare in a way of their own. An `ADD FOREIGN KEY` that failed without NOT VALID
-- leaves nothing in the catalog: add it NOT VALID.
--
-- **Prevention.** Add foreign keys before the data. Do not switch triggers off to load: that is how such rows come.
