-- rule: session/root-blocker
-- title: One session makes many others wait
-- scope: database
-- every: 1m
-- severity: critical
-- risk: high
-- hazards: cancel, terminate
-- requires: pg>=13
-- reads: catalog
-- param min_age: duration = 5m
-- param min_waiters: integer = 5
-- param max_per_hour: integer = 20

-- detect
WITH RECURSIVE waiting AS (
    SELECT w.pid,
           -- Since 14 the server says since when it waits; before, its statement cannot be younger than its wait.
           COALESCE((SELECT pg_catalog.min((pg_catalog.to_jsonb(l) ->> 'waitstart')::timestamptz) FROM pg_catalog.pg_locks AS l WHERE l.pid = w.pid AND NOT l.granted),
                    w.query_start) AS since,
           b.pid AS blocker
      FROM pg_catalog.pg_stat_activity AS w
     CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid)
     WHERE w.wait_event_type = 'Lock'
), chain (pid, since, root) AS (
    SELECT w.pid, w.since, w.blocker FROM waiting AS w
    UNION
    SELECT c.pid, c.since, w.blocker FROM chain AS c JOIN waiting AS w ON w.pid = c.root
), roots AS (
    SELECT c.root, pg_catalog.count(DISTINCT c.pid) AS waiters, pg_catalog.min(c.since) AS since
      FROM chain AS c
     WHERE c.root NOT IN (SELECT w.pid FROM waiting AS w)
       AND c.since < pg_catalog.clock_timestamp() - @min_age::interval
     GROUP BY c.root
)
SELECT a.pid AS oid, '' AS schema, a.pid::text AS name, 'session' AS kind,
       a.backend_start::text || ' / ' || a.xact_start::text AS definition,
       a.pid, a.backend_start, a.xact_start, a.state,
       a.usename AS role, a.application_name AS application,
       s.waiters, s.since AS first_waits_since,
       CASE WHEN a.backend_start IS NULL THEN pg_catalog.format('GRANT pg_read_all_stats TO %I', CURRENT_USER) END AS blind
  FROM roots AS s
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = s.root
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
 WHERE s.waiters >= @min_waiters
   AND a.datname = pg_catalog.current_database()
   AND (a.backend_start IS NULL
        OR a.backend_type = 'client backend' AND a.xact_start IS NOT NULL
           AND NOT r.rolsuper
           AND a.application_name NOT LIKE 'pgmend/%')
 ORDER BY s.waiters DESC, a.pid

-- include: session/cancelled-in-peace

-- guard: not more sessions than allowed were stopped within the last hour
SELECT @repairs.last_hour || ' sessions were stopped within the last hour; the application needs a look'
 WHERE @repairs.last_hour::int8 >= @max_per_hour

-- measure
SELECT pg_catalog.count(*) AS waiting_sessions
  FROM pg_catalog.pg_stat_activity AS w
 WHERE w.wait_event_type = 'Lock' AND w.datname = pg_catalog.current_database()

-- repair: session, deadline=1m
-- if: SELECT 1 WHERE @state = 'active'
SELECT pg_catalog.pg_cancel_backend(a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz AND a.xact_start = @xact_start::timestamptz AND a.state = @state;
-- if: SELECT 1 WHERE @state <> 'active'
SELECT pg_catalog.pg_terminate_backend(a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz AND a.xact_start = @xact_start::timestamptz AND a.state = @state;

-- verify: within=10s
SELECT 'somebody still waits for it'
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz AND a.xact_start = @xact_start::timestamptz
   AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS w
                WHERE w.wait_event_type = 'Lock' AND a.pid = ANY (pg_catalog.pg_blocking_pids(w.pid)))

-- undo: none, because a statement that was cancelled is gone; its transaction was rolled back

-- guidance
-- All of these sessions wait for each other, and the first of them waits for nobody. Stopping any other one only makes
-- room for the next.
--
-- A session at work is cancelled: its transaction is rolled back and its locks are free. One that is idle in a
-- transaction hears no cancel, so it is ended. If it is cancelled and still holds its locks, because a savepoint caught
-- the error, it is found again, idle, and ended then.
--
-- **Before you approve.** Is it a migration that is nearly done (`SELECT * FROM pg_stat_progress_create_index`, or the
-- deploy's log)? Its rollback costs what it did. Is it a VACUUM of autovacuum? Those give way by themselves, but for the
-- one against wraparound, which is never stopped here.
--
-- **Prevention.** `lock_timeout` in migrations, so that they give up instead of queueing in front of everybody; short
-- transactions; log_lock_waits = on shows it early.
