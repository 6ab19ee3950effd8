-- The names under which statements touch a table: its own, its parents' and
-- partitions', and those of the views over any of them.
WITH RECURSIVE r (oid) AS (
    SELECT @table::pg_catalog.oid
    UNION
    SELECT x.oid
      FROM r
      CROSS JOIN LATERAL (
           SELECT h.inhparent AS oid FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = r.oid
           UNION ALL
           SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = r.oid
           UNION ALL
           SELECT w.ev_class
             FROM pg_catalog.pg_depend AS d
             JOIN pg_catalog.pg_rewrite AS w ON w.oid = d.objid
            WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
              AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.oid) AS x
)
SELECT n.nspname AS schema, c.relname AS name
  FROM r
  JOIN pg_catalog.pg_class AS c ON c.oid = r.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
 ORDER BY n.nspname, c.relname
 LIMIT 1000
