-- set: min_age=0s
-- alone: slots and standbys hold every database back

-- quiet
CREATE TABLE app.t (id int PRIMARY KEY, v int);
INSERT INTO app.t SELECT g, g FROM generate_series(1, 100) AS g;
-- Idle, and in no transaction.
-- @idle
SELECT count(*) FROM app.t;

-- setup
-- @hold oldest
BEGIN ISOLATION LEVEL REPEATABLE READ;
-- @hold oldest
SELECT count(*) FROM app.t;
UPDATE app.t SET v = v + 1;
-- Younger than the oldest, so ending it would change nothing.
-- @hold younger
UPDATE app.t SET v = 0 WHERE id = 1;

-- want
session {oldest}

-- case: a prepared transaction is older than a session
-- set: min_age=0s
-- setup
CREATE TABLE app.t (id int PRIMARY KEY, v int);
INSERT INTO app.t SELECT g, g FROM generate_series(1, 100) AS g;
BEGIN;
UPDATE app.t SET v = 0 WHERE id = 1;
PREPARE TRANSACTION 'a ''holder''';
UPDATE app.t SET v = v + 1 WHERE id > 1;
-- @hold younger
UPDATE app.t SET v = 0 WHERE id = 2;

-- want
prepared transaction a 'holder'
