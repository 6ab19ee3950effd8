-- set: enabled=true, min_age=0s, applications=report, max_per_hour=1000

-- quiet
-- Another application's statement.
-- @idle other
SET application_name = 'reporting';
-- @busy other
SELECT pg_sleep(3600);
-- The application's session, idle.
-- @idle idle
SET application_name = 'report';
-- A superuser's.
-- @idle admin superuser
SET application_name = 'report';
-- @busy admin
SELECT pg_sleep(3601);

-- setup
-- @idle runaway
SET application_name = 'report';
-- @busy runaway
SELECT pg_sleep(3602);

-- want
session {runaway}

-- plan
SELECT pg_catalog.pg_cancel_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity AS a\n WHERE a.pid = E'{runaway}' AND a.backend_start = E'{time}'::timestamptz AND a.query_start = E'{time}'::timestamptz AND a.state = 'active'
