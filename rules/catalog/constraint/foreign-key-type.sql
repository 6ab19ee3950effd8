-- rule: constraint/foreign-key-type
-- title: A foreign key has another type than the key it refers to
-- scope: database
-- every: 24h
-- severity: info
-- risk: high
-- hazards: none
-- requires: pg>=13
-- reads: catalog

-- detect
SELECT t.oid, n.nspname AS schema, k.conname AS name, t.oid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       t.relname AS "table", d.columns, d.types, p.oid::regclass::text AS parent, d.parent_columns, d.parent_types,
       CASE WHEN d.narrower THEN 'the parent''s key can grow beyond what the column can hold, and then no row can refer to it'
            WHEN d.integers THEN 'the column can hold values that no parent can have'
            ELSE 'values are compared across types, so some joins and indexes need a cast' END AS why
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid AND t.relpersistence <> 't'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
 CROSS JOIN LATERAL (
       SELECT pg_catalog.string_agg(pg_catalog.format('%I', a.attname), ', ' ORDER BY u.o) AS columns,
              pg_catalog.string_agg(pg_catalog.format_type(a.atttypid, NULL), ', ' ORDER BY u.o) AS types,
              pg_catalog.string_agg(pg_catalog.format('%I', b.attname), ', ' ORDER BY u.o) AS parent_columns,
              pg_catalog.string_agg(pg_catalog.format_type(b.atttypid, NULL), ', ' ORDER BY u.o) AS parent_types,
              -- int8, int2 and int4 of src/include/catalog/pg_type.dat
              pg_catalog.bool_and(a.atttypid IN (20, 21, 23) AND b.atttypid IN (20, 21, 23)) AS integers,
              pg_catalog.bool_or(a.atttypid IN (20, 21, 23) AND b.atttypid IN (20, 21, 23) AND a.attlen < b.attlen) AS narrower,
              pg_catalog.count(*) AS differ
         FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) WITH ORDINALITY AS u(attnum, parent_attnum, o)
         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
         JOIN pg_catalog.pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = u.parent_attnum
         JOIN pg_catalog.pg_type AS x ON x.oid = a.atttypid
         JOIN pg_catalog.pg_type AS y ON y.oid = b.atttypid
        -- A domain is its base type; text and varchar are compared as one.
        WHERE COALESCE(NULLIF(x.typbasetype, 0), x.oid) <> COALESCE(NULLIF(y.typbasetype, 0), y.oid)
          AND NOT (COALESCE(NULLIF(x.typbasetype, 0), x.oid) IN (25, 1043) AND COALESCE(NULLIF(y.typbasetype, 0), y.oid) IN (25, 1043))) AS d
 WHERE k.contype = 'f' AND k.conparentid = 0
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND d.differ > 0
 ORDER BY n.nspname, k.conname

-- guidance
-- The column of a foreign key and the key it refers to have different types. With a narrower integer in the child, inserts begin to
-- fail with 22003 on the day the parent's key passes 2,147,483,647 (smallint: 32,767), although the parent goes on. Other pairs
-- cost casts, and an index on the one side may not serve a join.
--
-- pgmend does not change the type of a column: `ALTER COLUMN … TYPE` rewrites the table under ACCESS EXCLUSIVE. On a small
-- table (below a few hundred MB, and a few seconds of standstill) that is the simplest way. On a large one this goes on while everybody works, and can be
-- stopped and taken up again after each step:
--
-- 1. **Expand.** `ALTER TABLE child ADD COLUMN ref_new bigint`; a BEFORE INSERT OR UPDATE trigger sets `NEW.ref_new := NEW.ref`.
-- 2. **Backfill in batches**, by the primary key, a few thousand at a time, each its own transaction, until none is left:
--    `UPDATE child SET ref_new = ref WHERE id > $last AND id <= $last + 5000 AND ref_new IS DISTINCT FROM ref`. Where it stopped, it
--    goes on: what has been done is no longer in the WHERE. VACUUM after every tenth part.
-- 3. **Index and constraint.** `CREATE INDEX CONCURRENTLY` on it; `ADD FOREIGN KEY (ref_new) … NOT VALID`, then `VALIDATE CONSTRAINT`.
-- 4. **Compare.** `SELECT count(*) FROM child WHERE ref_new IS DISTINCT FROM ref` is 0.
-- 5. **Swap**, in one transaction with `lock_timeout = '500ms'`, tried again until it comes through: drop the trigger, drop the old foreign
--    key, rename `ref` to `ref_old` and `ref_new` to `ref`.
-- 6. Days later, `DROP COLUMN ref_old`. Until then the way back is to rename again.
--
-- **Prevention.** A foreign key gets exactly the type of its key, and a new key is `bigint`.
