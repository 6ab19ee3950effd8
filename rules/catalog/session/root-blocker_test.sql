-- set: min_age=0s, min_waiters=2, max_per_hour=1000

-- quiet
CREATE TABLE app.a (id int PRIMARY KEY, v int);
CREATE TABLE app.b (id int PRIMARY KEY, v int);
INSERT INTO app.a SELECT g, 0 FROM generate_series(1, 5) AS g;
INSERT INTO app.b SELECT g, 0 FROM generate_series(1, 5) AS g;
-- One that waits is not many.
-- @hold one
UPDATE app.b SET v = 1 WHERE id = 1;
-- @busy behind_one
UPDATE app.b SET v = 2 WHERE id = 1;
-- What holds locks and makes nobody wait.
-- @hold alone
UPDATE app.b SET v = 1 WHERE id = 2;

-- setup
-- @hold root
UPDATE app.a SET v = 1 WHERE id = 1;
-- In the middle of the chain: it waits itself.
-- @hold middle
UPDATE app.a SET v = 1 WHERE id = 2;
-- @busy middle
UPDATE app.a SET v = 2 WHERE id = 1;
-- @busy last
UPDATE app.a SET v = 3 WHERE id = 2;

-- want
session {root}

-- plan
SELECT pg_catalog.pg_terminate_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity AS a\n WHERE a.pid = E'{root}' AND a.backend_start = E'{time}'::timestamptz AND a.xact_start = E'{time}'::timestamptz AND a.state = E'idle in transaction'

-- case: one at work is cancelled
-- set: min_age=0s, min_waiters=2, max_per_hour=1000
-- setup
CREATE TABLE app.a (id int PRIMARY KEY, v int);
INSERT INTO app.a SELECT g, 0 FROM generate_series(1, 5) AS g;
-- @hold root
UPDATE app.a SET v = 1 WHERE id = 1;
-- @busy root
SELECT pg_sleep(3600);
-- @busy waiter
UPDATE app.a SET v = 2 WHERE id = 1;
-- @busy second
DELETE FROM app.a;

-- want
session {root}

-- plan
SELECT pg_catalog.pg_cancel_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity AS a\n WHERE a.pid = E'{root}' AND a.backend_start = E'{time}'::timestamptz AND a.xact_start = E'{time}'::timestamptz AND a.state = E'active'
