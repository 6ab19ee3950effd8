SELECT 'lock' AS what, l.mode, l.granted, l.locktype AS kind,
       COALESCE(l.relation::pg_catalog.regclass::pg_catalog.text, l.locktype) AS relation, NULL AS who
  FROM pg_catalog.pg_locks AS l
 WHERE l.pid = $1::pg_catalog.int4
   AND (l.locktype = 'relation' AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
        AND l.relation >= 16384 AND l.mode <> 'AccessShareLock' OR NOT l.granted)
UNION ALL
SELECT DISTINCT 'waiter', NULL, NULL::pg_catalog.bool, NULL, NULL, w.pid::pg_catalog.text
  FROM pg_catalog.pg_locks AS w
 WHERE NOT w.granted
   AND w.pid <> $1::pg_catalog.int4
   AND $1::pg_catalog.int4 = ANY (pg_catalog.pg_blocking_pids(w.pid))
