-- Asked by the observer, who sees other roles' sessions; a session that it may
-- not see could be any, so it counts as old.
SELECT pg_catalog.format('session %s has a transaction open for %s', a.pid,
                         pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start))
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database()
   AND a.backend_type = 'client backend'
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   AND a.xact_start < pg_catalog.clock_timestamp() - $1::pg_catalog.interval
UNION ALL
SELECT pg_catalog.format('transaction %L is prepared since %s', p.gid, p.prepared)
  FROM pg_catalog.pg_prepared_xacts AS p
 WHERE p.database = pg_catalog.current_database()
UNION ALL
SELECT pg_catalog.format('session %s is hidden from %I (GRANT pg_monitor TO %2$I shows it)', a.pid, CURRENT_USER)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database()
   AND a.query = '<insufficient privilege>'
 LIMIT 1
