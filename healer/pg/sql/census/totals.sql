-- The database in a few numbers. The size is what its relations had at their
-- last VACUUM or ANALYZE: nothing is opened.
SELECT (SELECT pg_catalog.sum(c.relpages::int8) * pg_catalog.current_setting('block_size')::int8 FROM pg_catalog.pg_class AS c)::int8 AS estimated_bytes,
       pg_catalog.age(d.datfrozenxid) AS xid_age,
       pg_catalog.mxid_age(d.datminmxid) AS multixact_age,
       pg_catalog.current_setting('autovacuum_freeze_max_age')::int8 AS freeze_max_age,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.backend_type = 'client backend') AS sessions,
       pg_catalog.current_setting('max_connections')::int8 AS max_sessions,
       (SELECT pg_catalog.max(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start))::int8
          FROM pg_catalog.pg_stat_activity AS a WHERE a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()) AS oldest_transaction_seconds,
       s.blks_hit, s.blks_read, s.temp_bytes, s.deadlocks, s.xact_commit, s.xact_rollback,
       pg_catalog.to_char(s.stats_reset, 'YYYY-MM-DD HH24:MI:SS"Z"') AS since
  FROM pg_catalog.pg_database AS d
  JOIN pg_catalog.pg_stat_database AS s ON s.datid = d.oid
 WHERE d.datname = pg_catalog.current_database()
