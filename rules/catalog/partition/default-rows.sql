-- rule: partition/default-rows
-- title: The DEFAULT partition holds rows of ranges that have no partition
-- scope: database
-- every: 6h
-- severity: warning
-- risk: high
-- hazards: create_table, attach, constraint, grant, reloptions, row_security, policy, alter_policy, replica_identity, move_rows, lock
-- requires: pg>=13
-- reads: rows
-- logic: default-ranges
-- cooldown: 1m
-- param max_rows: integer = 5000000
-- param max_moved: integer = 10000
-- param max_default: bytes = 100MB

-- detect
-- include: partition/by-range
   AND d.relkind = 'r' AND d.reltuples <= @max_rows
 ORDER BY n.nspname, t.relname

-- capture
SELECT r.ranges, (SELECT pg_catalog.max(d.{column})::text FROM ONLY {default_schema}.{default_name} AS d) AS position,
       (SELECT pg_catalog.jsonb_agg(b.attname ORDER BY b.attnum)
          FROM pg_catalog.pg_attribute AS b WHERE b.attrelid = @oid AND b.attnum > 0 AND NOT b.attisdropped AND b.attgenerated = '') AS own_columns,
-- include: data/referrers
         WHERE r.contype = 'f' AND r.conparentid = 0 AND r.confrelid IN (@oid, @default_oid::oid)) AS referrers
-- include: partition/ranges

-- prove
SELECT pg_catalog.count(*) AS misplaced
  FROM ONLY {default_schema}.{default_name} AS d
 WHERE d.{column} >= {covered_until:literal}
HAVING pg_catalog.count(*) > 0

-- include: partition/makeable

-- guard: so few rows that they can be moved under one lock
SELECT pg_catalog.format('%s rows would be moved, and nobody could write to the DEFAULT partition meanwhile', @misplaced)
 WHERE @misplaced::int8 > @max_moved

-- guard: no foreign key acts on what refers to its rows
-- include: data/acting-referrers
 WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN (@oid, @default_oid) AND w.why IS NOT NULL

-- guard: nothing refers to the rows that would be moved
SELECT pg_catalog.format('%s of the rows that would be moved are referred to by the foreign key %I of %I.%I', pg_catalog.count(*), r.v ->> 'name', r.v ->> 'schema', r.v ->> 'table')
  FROM (SELECT {referrer:sql} AS referrer
          FROM ONLY {default_schema}.{default_name} AS d
         WHERE d.{column} >= {covered_until:literal}) AS d
  JOIN pg_catalog.jsonb_array_elements(@referrers::jsonb) WITH ORDINALITY AS r(v, n) ON r.n = d.referrer
 WHERE @referrers::jsonb IS NOT NULL
 GROUP BY r.n, r.v
 ORDER BY r.n

-- guard: nothing of its own happens when its rows go
SELECT pg_catalog.format('the trigger %I would run', g.tgname)
  FROM pg_catalog.pg_trigger AS g
 WHERE g.tgrelid = @default_oid::oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'
   -- TRIGGER_TYPE_INSERT and TRIGGER_TYPE_DELETE of src/include/catalog/pg_trigger.h
   AND g.tgtype::int4 & 12 <> 0
UNION ALL
SELECT pg_catalog.format('the rule %I would run', w.rulename) FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = @default_oid::oid
UNION ALL
SELECT 'row level security is forced on its owner' FROM pg_catalog.pg_class AS d WHERE d.oid = @default_oid::oid AND d.relrowsecurity AND d.relforcerowsecurity

-- measure
SELECT pg_catalog.count(*) AS rows_in_default FROM ONLY {default_schema}.{default_name}

-- repair: transaction, lock_timeout=500ms, deadline=1m
-- What comes into the DEFAULT partition between the move and ATTACH would make ATTACH fail. The CHECK says what
-- ATTACH would look for in the rows that were moved, while nobody can read the DEFAULT partition.
-- as: owner
LOCK TABLE ONLY {default_schema}.{default_name} IN SHARE ROW EXCLUSIVE MODE;
-- include: partition/like-the-last
-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
WITH gone AS (
  DELETE FROM ONLY {default_schema}.{default_name} AS d
   WHERE d.{column} >= {each.low:literal} AND d.{column} < {each.high:literal}
  RETURNING {own_columns:names}
)
INSERT INTO {child_schema}.{each.name} ({own_columns:names}) SELECT {own_columns:names} FROM gone;
-- include: partition/attach

-- undo: transaction, lock_timeout=500ms
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- assert: SELECT 'it holds so many rows by now that moving them would keep others waiting' FROM ONLY {child_schema}.{each.name} AS r OFFSET 10000 LIMIT 1
-- as: owner
ALTER TABLE {schema}.{name} DETACH PARTITION {child_schema}.{each.name};
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
INSERT INTO {default_schema}.{default_name} ({own_columns:names}) SELECT {own_columns:names} FROM {child_schema}.{each.name};
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
DROP TABLE {child_schema}.{each.name};

-- guidance
-- Nobody made the next partitions in time, and the DEFAULT partition took the rows. They are found, but no partition is
-- skipped or dropped as a whole any more, and none can be added: ATTACH and CREATE fail while the DEFAULT partition holds rows of the new range.
--
-- In one transaction the partitions are made up to the greatest key, with the width and the naming of the last ones and what the
-- last one has of its own (as in `partition/missing-next`), the rows are moved into them, and they are attached. No row leaves the
-- table, and nobody sees it without its rows. Meanwhile nobody can write to the DEFAULT partition, so it is done for at most
-- `max_moved` rows and a DEFAULT partition of `max_default`.
--
-- Where foreign keys refer to the table, rows are moved only while nothing refers to them; is one of them referred to, or would the
-- foreign key act (ON DELETE CASCADE, SET NULL, SET DEFAULT), it is left to a person, and the foreign key is named.
--
-- For more: make a partition table by hand, move the rows in batches into it while a view or the application reads both, and attach it in
-- the quietest hour. Rows before the first range, and keys that are NULL, stay where they are.
--
-- **Prevention.** `partition/missing-next` makes partitions ahead; or pg_partman. Have an alarm on rows in the DEFAULT partition.
