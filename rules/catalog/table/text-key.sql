-- rule: table/text-key
-- title: An indexed text column holds nothing but numbers or UUIDs
-- scope: database
-- every: 24h
-- severity: info
-- risk: high
-- hazards: none
-- requires: pg>=13
-- reads: rows
-- param min_rows: integer = 1000000

-- detect
SELECT t.oid, n.nspname AS schema, t.relname || '.' || a.attname AS name, t.oid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       t.relname AS "table", a.attname AS column, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       t.reltuples::int8 AS rows
  FROM pg_catalog.pg_class AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                                   -- text, varchar, bpchar of src/include/catalog/pg_type.dat
                                   AND a.atttypid IN (25, 1042, 1043)
 WHERE t.relkind IN ('r', 'm') AND t.relpersistence <> 't'
   AND NOT t.relispartition
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND t.reltuples >= @min_rows
   AND EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = t.oid AND i.indkey[0] = a.attnum)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e')
 ORDER BY n.nspname, t.relname, a.attnum

-- capture
SELECT v.always, v.looked_at, v.average_width,
       CASE v.always WHEN 'uuid' THEN 16 ELSE 8 END AS width_then
  FROM (SELECT CASE WHEN pg_catalog.bool_and(u.value ~ '^(0|[1-9][0-9]{0,17})$') THEN 'bigint'
                    WHEN pg_catalog.bool_and(u.value ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') THEN 'uuid' END AS always,
               pg_catalog.count(*) AS looked_at, pg_catalog.max(s.avg_width) AS average_width
          FROM pg_catalog.pg_stats AS s
         CROSS JOIN LATERAL pg_catalog.unnest(COALESCE(s.most_common_vals::text::text[], '{}'::text[]) || COALESCE(s.histogram_bounds::text::text[], '{}'::text[])) AS u(value)
         WHERE s.schemaname = @schema AND s.tablename = @table AND s.attname = @column AND NOT s.inherited) AS v
 WHERE v.always IS NOT NULL AND v.looked_at >= 20

-- guidance
-- Of the values that ANALYZE took as a sample, every one is a whole number, or every one a UUID in its usual form, and the column is indexed
-- text. A UUID takes 37 bytes as text and 16 as `uuid`, a number 8 as `bigint`; every index on it, and every comparison by a
-- collation, pays for that. It is a sample: a code with leading zeros, or one odd value among a hundred million, may not be in it. Leading
-- zeros that are in it count as text.
--
-- Make sure first: `SELECT count(*) FROM t WHERE c !~ '^(0|[1-9][0-9]{0,17})$'` is 0, and those who write it agree that it stays so.
--
-- pgmend does not change the type of a column: `ALTER COLUMN … TYPE` rewrites the table under ACCESS EXCLUSIVE. This goes on while
-- everybody works, and can be stopped and taken up again after each step:
--
-- 1. **Expand.** `ALTER TABLE t ADD COLUMN c_new uuid` (or bigint); a BEFORE INSERT OR UPDATE trigger sets `NEW.c_new := NEW.c::uuid`.
-- 2. **Backfill in batches**, by the primary key, a few thousand at a time, each its own transaction, until none is left:
--    `UPDATE t SET c_new = c::uuid WHERE id > $last AND id <= $last + 5000 AND c_new IS NULL AND c IS NOT NULL`. Where it stopped,
--    it goes on. VACUUM after every tenth part.
-- 3. **Index and constraints.** `CREATE INDEX CONCURRENTLY`; NOT NULL by way of `CHECK (c_new IS NOT NULL) NOT VALID` and VALIDATE.
-- 4. **Compare.** `SELECT count(*) FROM t WHERE c_new::text IS DISTINCT FROM c` is 0.
-- 5. **Swap**, in one transaction with `lock_timeout = '500ms'`, tried again until it comes through: drop the trigger, rename `c` to `c_old` and
--    `c_new` to `c`. Columns of other tables that refer to it go through the same first.
-- 6. Days later, `DROP COLUMN c_old`. Until then the way back is to rename again.
