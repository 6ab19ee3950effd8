-- Who waits for a lock, and for whom. Only sessions that wait are asked for
-- their blockers, because asking takes the lock manager's own locks.
SELECT w.pid, w.usename AS "user", w.application_name AS application, w.state,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - w.state_change)::int8 AS seconds,
       b.pid AS blocker, k.usename AS blocker_user, k.application_name AS blocker_application, k.state AS blocker_state,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - k.xact_start)::int8 AS blocker_seconds,
       (SELECT l.mode || COALESCE(' on ' || l.relation::pg_catalog.regclass::text, ' on a ' || l.locktype)
          FROM pg_catalog.pg_locks AS l WHERE l.pid = w.pid AND NOT l.granted LIMIT 1) AS lock
  FROM pg_catalog.pg_stat_activity AS w
 CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid)
  LEFT JOIN pg_catalog.pg_stat_activity AS k ON k.pid = b.pid
 WHERE w.wait_event_type = 'Lock' AND w.datname = pg_catalog.current_database()
 ORDER BY w.pid, b.pid
 LIMIT 200
