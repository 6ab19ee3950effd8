-- set: enabled=true, max_used=0, min_age=0s, applications=web

-- quiet
CREATE TABLE app.t (id int);
-- Another application.
-- @idle other
SET application_name = 'worker';
-- It idles in a transaction, which is not idle.
-- @idle in_transaction
SET application_name = 'web';
-- @hold in_transaction
INSERT INTO app.t VALUES (1);
-- A superuser's.
-- @idle admin superuser
SET application_name = 'web';

-- setup
-- @idle first
SET application_name = 'web';
-- @idle second
SET application_name = 'web';

-- want
session {first}
session {second}

-- plan
SELECT pg_catalog.pg_terminate_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity AS a\n WHERE a.pid = E'{first}' AND a.backend_start = E'{time}'::timestamptz AND a.state_change = E'{time}'::timestamptz AND a.state = 'idle'
SELECT pg_catalog.pg_terminate_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity AS a\n WHERE a.pid = E'{second}' AND a.backend_start = E'{time}'::timestamptz AND a.state_change = E'{time}'::timestamptz AND a.state = 'idle'
