-- rule: session/runaway-query
-- title: A statement runs for longer than its role or application may
-- scope: database
-- every: 1m
-- severity: warning
-- risk: high
-- hazards: cancel
-- requires: pg>=13
-- reads: catalog
-- param enabled: bool = false
-- param min_age: duration = 1h
-- param roles: text =
-- param applications: text =
-- param max_per_hour: integer = 20

-- detect
SELECT a.pid AS oid, '' AS schema, a.pid::text AS name, 'session' AS kind,
       a.backend_start::text || ' / ' || a.query_start::text AS definition,
       a.pid, a.backend_start, a.query_start,
       a.usename AS role, a.application_name AS application, a.wait_event_type AS waits_for,
       CASE WHEN a.backend_start IS NULL THEN pg_catalog.format('GRANT pg_read_all_stats TO %I', CURRENT_USER) END AS blind
  FROM pg_catalog.pg_stat_activity AS a
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
 WHERE a.datname = pg_catalog.current_database()
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND (a.backend_start IS NULL
        OR a.backend_type = 'client backend'
           AND a.state = 'active'
           AND a.query_start < pg_catalog.clock_timestamp() - @min_age::interval
           AND (a.usename = ANY (pg_catalog.string_to_array(@roles, ','))
                OR a.application_name = ANY (pg_catalog.string_to_array(@applications, ',')))
           AND NOT r.rolsuper
           AND a.application_name NOT LIKE 'pgmend/%')
 ORDER BY a.query_start

-- include: session/cancelled-in-peace

-- guard: not more statements than allowed were cancelled within the last hour
SELECT @repairs.last_hour || ' statements were cancelled within the last hour; the application needs a look'
 WHERE @repairs.last_hour::int8 >= @max_per_hour

-- measure
SELECT pg_catalog.count(*) AS active_sessions
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.state = 'active' AND a.backend_type = 'client backend'

-- repair: session, deadline=1m
SELECT pg_catalog.pg_cancel_backend(a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz AND a.query_start = @query_start::timestamptz AND a.state = 'active';

-- verify: within=10s
SELECT 'the statement still runs'
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = @pid AND a.backend_start = @backend_start::timestamptz AND a.query_start = @query_start::timestamptz AND a.state = 'active'

-- undo: none, because a statement that was cancelled is gone; what it changed was rolled back

-- guidance
-- Off until a site says for whom: `enabled=true` with `roles` or `applications` (comma-separated names) and `min_age`. A
-- report may run for hours, a web request may not, and only the site knows which is which.
--
-- **Before you approve.** `waits_for = Lock` means that it does nothing but wait: look for the root of the chain
-- (session/root-blocker) instead.
--
-- **Prevention.** `ALTER ROLE web SET statement_timeout = '30s'` needs no healer, and is exact.
