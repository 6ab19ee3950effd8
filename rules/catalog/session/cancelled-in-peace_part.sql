-- guard: it does not wait for a synchronous standby
SELECT 'it committed and waits for a standby: a cancel would let it go on with only the local commit'
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.wait_event = 'SyncRep'

-- guard: it builds no index concurrently
SELECT pg_catalog.format('it runs %s; a cancel would leave an invalid index', p.command)
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.pid = @pid
