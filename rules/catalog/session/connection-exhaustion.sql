-- rule: session/connection-exhaustion
-- title: Nearly all connections are taken, and a pool holds idle ones
-- scope: database
-- every: 1m
-- on: 53300
-- severity: critical
-- risk: high
-- hazards: terminate
-- requires: pg>=13
-- reads: catalog
-- param enabled: bool = false
-- param max_used: share = 90%
-- param min_age: duration = 5m
-- param applications: text =

-- detect
WITH used AS (
    SELECT pg_catalog.count(*) AS connections
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.backend_type = 'client backend'
), places AS (
    SELECT pg_catalog.current_setting('max_connections')::int8 - pg_catalog.current_setting('superuser_reserved_connections')::int8
           -- Since 16.
           - COALESCE(pg_catalog.current_setting('reserved_connections', true)::int8, 0) AS open
)
SELECT a.pid AS oid, '' AS schema, a.pid::text AS name, 'session' AS kind,
       a.backend_start::text || ' / ' || a.state_change::text AS definition,
       a.pid, a.backend_start, a.state_change,
       a.usename AS role, a.application_name AS application,
       u.connections, p.open AS places,
       CASE WHEN a.backend_start IS NULL THEN pg_catalog.format('GRANT pg_read_all_stats TO %I', CURRENT_USER) END AS blind
  FROM pg_catalog.pg_stat_activity AS a
  JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
 CROSS JOIN used AS u
 CROSS JOIN places AS p
 WHERE a.datname = pg_catalog.current_database()
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.backend_start IS NULL
        OR u.connections >= @max_used::float8 * p.open
           AND a.backend_type = 'client backend'
           AND a.state = 'idle'
           AND a.state_change < pg_catalog.clock_timestamp() - @min_age::interval
           AND a.application_name = ANY (pg_catalog.string_to_array(@applications, ','))
           AND NOT r.rolsuper)
 ORDER BY a.state_change
 -- No more than bring it below the threshold; of those the ones that idle the longest.
 LIMIT (SELECT GREATEST(u.connections - pg_catalog.floor(@max_used::float8 * p.open)::int8 + 1, 1) FROM used AS u, places AS p)

-- measure
SELECT pg_catalog.count(*) AS connections
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.backend_type = 'client backend'

-- repair: session, deadline=1m
SELECT pg_catalog.pg_terminate_backend(a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz AND a.state_change = @state_change::timestamptz AND a.state = 'idle';

-- include: session/ended

-- undo: none, because the pool opens another connection when it needs one

-- guidance
-- Soon nobody but a superuser can connect: "too many clients already" (53300). The pools that are named in `applications`
-- hold connections that have done nothing for `min_age`; the oldest are ended, so many as bring it below `max_used`.
-- A good pool opens new ones when it needs them; try that with yours before you set `enabled=true`.
--
-- **Now.** `SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC` says
-- who took them. Many "active" are not a matter of connections: look at what they wait for.
--
-- **Prevention.** Fewer and smaller pools, pgbouncer in front, `ALTER ROLE app CONNECTION LIMIT`, and idle_session_timeout
-- (14 and later) for people. A higher max_connections makes every snapshot dearer, and needs a restart.
