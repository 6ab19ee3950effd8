-- set: enabled=true, min_age=0s, exclude_applications=pg_dump, max_per_hour=1000

-- quiet
-- hazard: 14, 15
CREATE TABLE app.a (id int PRIMARY KEY, v int);
CREATE TABLE app.b (id int PRIMARY KEY, v int);
CREATE TABLE app.c (id int PRIMARY KEY, v int);
INSERT INTO app.a VALUES (1), (2);
INSERT INTO app.b VALUES (1);
INSERT INTO app.c VALUES (1);
-- Idles in a transaction and holds nobody up.
-- @hold harmless
INSERT INTO app.a VALUES (3);
-- A dump that somebody waits for.
-- @hold dump
SET application_name = 'pg_dump';
-- @hold dump
UPDATE app.b SET v = 1;
-- @busy behind_dump
UPDATE app.b SET v = 2;
-- A superuser's session is a person's.
-- @hold admin superuser
UPDATE app.c SET v = 1;
-- @busy behind_admin
UPDATE app.c SET v = 2;

-- setup
-- @hold holder
UPDATE app.a SET v = 1 WHERE id = 1;
-- @busy waiter
UPDATE app.a SET v = 2 WHERE id = 1;

-- want
session {holder}

-- plan
SELECT pg_catalog.pg_terminate_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity AS a\n WHERE a.pid = E'{holder}' AND a.backend_start = E'{time}'::timestamptz AND a.xact_start = E'{time}'::timestamptz AND a.state = E'idle in transaction'
