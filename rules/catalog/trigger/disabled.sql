-- rule: trigger/disabled
-- title: A trigger is switched off, and with an internal one a foreign key
-- scope: database
-- every: 1h
-- severity: warning
-- risk: high
-- hazards: none
-- requires: pg>=13
-- reads: catalog

-- detect
SELECT c.oid, n.nspname AS schema, COALESCE(k.conname, t.tgname) AS name, c.oid AS table_oid,
       c.relname AS "table",
       CASE WHEN t.tgisinternal THEN 'the foreign key is not enforced' ELSE 'the trigger does not fire' END AS why,
       pg_catalog.string_agg(t.tgname, ', ' ORDER BY t.tgname) AS triggers,
       pg_catalog.format('ALTER TABLE %I.%I ENABLE TRIGGER %s', n.nspname, c.relname,
                         CASE WHEN t.tgisinternal THEN 'ALL' ELSE pg_catalog.quote_ident(pg_catalog.min(t.tgname)) END) AS advice
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.oid = t.tgconstraint AND t.tgisinternal
 WHERE t.tgenabled = 'D'
   AND c.relpersistence <> 't'
   -- What a partition has of its partitioned table is said there.
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS p WHERE p.oid = t.tgparentid AND p.tgenabled = 'D')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 GROUP BY c.oid, n.nspname, c.relname, k.conname, t.tgisinternal, CASE WHEN t.tgisinternal THEN '' ELSE t.tgname END, COALESCE(k.conname, t.tgname)
 ORDER BY n.nspname, 3

-- guidance
-- Somebody ran ALTER TABLE … DISABLE TRIGGER, most often for a bulk load or a restore, and did not switch it on again.
-- With DISABLE TRIGGER ALL the internal triggers of foreign keys are off too: rows without a parent get in, and deleting
-- a parent leaves its children.
--
-- Nothing is changed here, because rows came in meanwhile that the trigger has not seen.
--
-- 1. Ask who switched it off (the log has the ALTER TABLE with log_statement = ddl), and whether the load is over.
-- 2. Switch it on: `ALTER TABLE name ENABLE TRIGGER name`; for foreign keys `ENABLE TRIGGER ALL`, as a superuser.
-- 3. A foreign key says that it is valid and may be broken now. Look for rows without a parent:
--    `SELECT c.* FROM child c LEFT JOIN parent p ON p.id = c.parent_id WHERE c.parent_id IS NOT NULL AND p.id IS NULL`
-- 4. For an audit or a summary trigger, bring up to date what it would have written.
--
-- **Prevention.** `SET session_replication_role = replica` for a load ends with its session, and DISABLE TRIGGER does not.
