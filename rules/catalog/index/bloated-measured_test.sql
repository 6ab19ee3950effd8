-- set: min_size=0

-- quiet
-- @superuser
CREATE EXTENSION pgstattuple;
CREATE TABLE app.full (id int PRIMARY KEY, n int);
INSERT INTO app.full SELECT g, g % 7 FROM generate_series(1, 20000) AS g;
-- Half empty, as somebody wants it.
CREATE INDEX roomy ON app.full (id, n) WITH (fillfactor = 30);
-- Few entries for its pages by the planner's statistics, which are wrong about it: the keys are wide, and new.
CREATE TABLE app.wide (v text);
ALTER TABLE app.wide ALTER v SET STORAGE PLAIN;
CREATE INDEX wide_idx ON app.wide (v);
INSERT INTO app.wide VALUES ('x');
ANALYZE app.wide;
INSERT INTO app.wide SELECT repeat('x', 500) || g FROM generate_series(1, 2000) AS g;
CREATE TABLE app.empty (id int PRIMARY KEY);
VACUUM app.full, app.wide, app.empty;
-- Only btrees have leaves to count.
CREATE TABLE app.hashed (id int);
INSERT INTO app.hashed SELECT generate_series(1, 20000);
CREATE INDEX hashed_idx ON app.hashed USING hash (id);
DELETE FROM app.hashed WHERE id % 20 <> 0;
VACUUM app.hashed;

-- setup
CREATE TABLE app.shrunk (id int, v text);
INSERT INTO app.shrunk SELECT g, 'value ' || g FROM generate_series(1, 20000) AS g;
CREATE UNIQUE INDEX "blo ""ated" ON app.shrunk (id);
CREATE INDEX of_expression ON app.shrunk (upper(v));
DELETE FROM app.shrunk WHERE id % 20 <> 0;
-- Nobody has analyzed it: the estimate would not know.
VACUUM app.shrunk;

-- want
app.blo "ated
app.of_expression

-- plan
REINDEX INDEX CONCURRENTLY "app"."blo ""ated"
REINDEX INDEX CONCURRENTLY "app"."of_expression"
