-- quiet
-- hazard: 5
-- A user's own valid index of such a name, and an invalid one without a valid sibling.
CREATE TABLE app.t (id int, v text);
INSERT INTO app.t SELECT g, g::text FROM generate_series(1, 1000) AS g;
CREATE INDEX mine_ccnew ON app.t (id);
CREATE INDEX other ON app.t (v);
-- @hold
INSERT INTO app.t VALUES (0, 'open');
SET statement_timeout = '300ms';
-- @fails
CREATE INDEX CONCURRENTLY lonely_ccnew ON app.t (id, v);
SET statement_timeout = 0;
-- @release

-- setup
-- The real thing: REINDEX CONCURRENTLY waits for an open transaction and is cancelled.
CREATE TABLE app."a ""b.c" (id int);
INSERT INTO app."a ""b.c" SELECT g FROM generate_series(1, 1000) AS g;
CREATE INDEX "x % {y} 'z'" ON app."a ""b.c" (id);
CREATE UNIQUE INDEX u ON app."a ""b.c" (id) WHERE id > 5;
-- @hold
INSERT INTO app."a ""b.c" VALUES (0);
SET statement_timeout = '300ms';
-- @fails
REINDEX INDEX CONCURRENTLY app."x % {y} 'z'";
-- @fails
REINDEX INDEX CONCURRENTLY app.u;
SET statement_timeout = 0;
-- @release

-- want
app.u_ccnew
app.x % {y} 'z'_ccnew

-- plan
DROP INDEX CONCURRENTLY "app"."u_ccnew"
DROP INDEX CONCURRENTLY "app"."x % {y} 'z'_ccnew"
