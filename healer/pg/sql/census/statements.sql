-- The function, not the view over it: a session of ours may not read views that are not the system's.
-- What took the most time since pg_stat_statements was reset.
SELECT s.query, s.calls, s.total_exec_time AS total_ms, s.mean_exec_time AS mean_ms, s.rows,
       s.shared_blks_hit, s.shared_blks_read, s.temp_blks_written,
       pg_catalog.left(pg_catalog.to_jsonb(s) ->> 'stats_since', 19) AS since -- 17 and newer
  FROM {extension}.pg_stat_statements(true) AS s
  JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY s.total_exec_time DESC, s.queryid
 LIMIT 20
