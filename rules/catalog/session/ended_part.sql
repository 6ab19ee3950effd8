-- verify: within=10s
SELECT 'the session is still there'
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz
