-- quiet
-- hazard: 27
CREATE TABLE app.t (id int, v text);
INSERT INTO app.t SELECT g, g::text FROM generate_series(1, 1000) AS g;
CREATE UNIQUE INDEX valid ON app.t (id);
-- @hold
INSERT INTO app.t VALUES (0, 'open');
SET statement_timeout = '300ms';
-- An invalid index that is not unique belongs to index/invalid.
-- @fails
CREATE INDEX CONCURRENTLY plain ON app.t (v);
-- A leftover belongs to index/reindex-leftover.
-- @fails
REINDEX INDEX CONCURRENTLY app.valid;
SET statement_timeout = 0;
-- @release

-- setup
CREATE TABLE app.clean (id int, "other id" int);
INSERT INTO app.clean SELECT g, g FROM generate_series(1, 1000) AS g;
-- NULLs are not duplicates of each other.
INSERT INTO app.clean VALUES (5000, NULL), (5000, NULL);
-- @hold
INSERT INTO app.clean VALUES (0, 0);
SET statement_timeout = '300ms';
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY clean_key ON app.clean (id, "other id");
SET statement_timeout = 0;
-- @release
CREATE TABLE app.dirty (id int);
INSERT INTO app.dirty VALUES (1), (1), (2);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY dirty_key ON app.dirty (id);

-- log
{"timestamp":"2026-11-25 07:00:00.000 UTC","pid":1,"error_severity":"ERROR","state_code":"23505","message":"could not create unique index \"dirty_key\"","detail":"Key (id)=(1) is duplicated.","statement":"CREATE UNIQUE INDEX CONCURRENTLY dirty_key ON app.dirty (id);"}

-- want
app.clean_key
app.dirty_key refused: blocked by

-- plan
REINDEX INDEX CONCURRENTLY "app"."clean_key"
REINDEX INDEX CONCURRENTLY "app"."dirty_key"
