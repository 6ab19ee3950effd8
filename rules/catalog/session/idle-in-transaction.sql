-- rule: session/idle-in-transaction
-- title: A session idles in a transaction and holds others up
-- scope: database
-- every: 1m
-- severity: warning
-- risk: low
-- hazards: terminate
-- requires: pg>=13
-- reads: catalog
-- param enabled: bool = false
-- param min_age: duration = 15m
-- param min_xmin_age: integer = 1000000
-- param exclude_roles: text =
-- param exclude_applications: text = pg_dump,pg_dumpall,pg_restore,pg_basebackup,psql
-- param max_per_hour: integer = 20

-- detect
WITH blocked AS (
    SELECT b.pid, pg_catalog.count(*) AS waiters
      FROM pg_catalog.pg_stat_activity AS w
     CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid)
     WHERE w.wait_event_type = 'Lock'
     GROUP BY b.pid
), held AS (
    SELECT a.pid, GREATEST(pg_catalog.age(a.backend_xid), pg_catalog.age(a.backend_xmin)) AS age
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.datname = pg_catalog.current_database() AND (a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL)
)
SELECT a.pid AS oid, '' AS schema, a.pid::text AS name, 'session' AS kind,
       -- The session and the transaction it idles in: another transaction is another finding.
       a.backend_start::text || ' / ' || a.xact_start::text AS definition,
       a.pid, a.backend_start, a.xact_start, a.state,
       a.usename AS role, a.application_name AS application, a.state_change AS idle_since,
       COALESCE(b.waiters, 0) AS waiters, COALESCE(h.age, 0) AS holds_back,
       CASE WHEN a.backend_start IS NULL THEN pg_catalog.format('GRANT pg_read_all_stats TO %I', CURRENT_USER) END AS blind
  FROM pg_catalog.pg_stat_activity AS a
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
  LEFT JOIN blocked AS b ON b.pid = a.pid
  LEFT JOIN held AS h ON h.pid = a.pid
 WHERE a.datname = pg_catalog.current_database()
   AND a.pid <> pg_catalog.pg_backend_pid()
   -- A session that the role may not see shows no start.
   AND (a.backend_start IS NULL
        OR a.backend_type = 'client backend'
           AND a.state IN ('idle in transaction', 'idle in transaction (aborted)')
           AND a.state_change < pg_catalog.clock_timestamp() - @min_age::interval
           AND (b.waiters > 0
                OR h.age >= @min_xmin_age AND h.age = (SELECT pg_catalog.max(o.age) FROM held AS o))
           AND NOT r.rolsuper
           AND a.application_name NOT LIKE 'pgmend/%'
           -- The leader of a parallel pg_dump idles in a transaction for as long as its workers read.
           AND a.application_name <> ALL (pg_catalog.string_to_array(@exclude_applications, ','))
           AND a.usename <> ALL (pg_catalog.string_to_array(@exclude_roles, ',')))
 ORDER BY a.xact_start

-- guard: not more sessions than allowed were ended within the last hour
SELECT @repairs.last_hour || ' sessions were ended within the last hour; the application needs a look'
 WHERE @repairs.last_hour::int8 >= @max_per_hour

-- measure
SELECT pg_catalog.count(*) AS waiting_sessions
  FROM pg_catalog.pg_stat_activity AS w
 WHERE w.wait_event_type = 'Lock' AND @pid::int4 = ANY (pg_catalog.pg_blocking_pids(w.pid))

-- repair: session, deadline=1m
SELECT pg_catalog.pg_terminate_backend(a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz AND a.xact_start = @xact_start::timestamptz AND a.state = @state;

-- include: session/ended

-- undo: none, because a session that was ended is gone; its transaction was rolled back

-- guidance
-- The application began a transaction, did something, and went away to think. Its locks stay, and VACUUM cannot
-- remove what became dead since. Cancelling does nothing to an idle session, so it is ended, and its transaction is
-- rolled back.
--
-- **Switch it on** for roles and applications that can reconnect: `enabled=true`, with exclude_roles and
-- exclude_applications (comma-separated). Backups and interactive psql are excluded by default.
--
-- **Prevention.** idle_in_transaction_session_timeout for the application's role, no user input and no remote calls
-- between BEGIN and COMMIT, and a pool that returns connections after COMMIT.
