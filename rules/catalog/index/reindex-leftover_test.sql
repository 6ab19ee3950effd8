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

-- case: names that PostgreSQL cuts, quotes and counts, and users' own
-- quiet
-- hazard: 5
-- Invalid, of such a name, and with a valid sibling of the same definition: yet a user's own, for it is not the sibling's name.
CREATE TABLE app.t (id int, v text);
INSERT INTO app.t SELECT g, g::text FROM generate_series(1, 100) AS g;
CREATE INDEX other ON app.t (v);
CREATE INDEX mine ON app.t (id);
-- @hold
INSERT INTO app.t VALUES (0, 'open');
SET statement_timeout = '500ms';
-- @fails
CREATE INDEX CONCURRENTLY mine_ccnew ON app.t (v);
-- @fails
CREATE INDEX CONCURRENTLY _ccnew ON app.t (id);
-- @fails
CREATE INDEX CONCURRENTLY oth_ccold1 ON app.t (v);
SET statement_timeout = 0;
-- @release

-- setup
CREATE TABLE app.u (id int);
INSERT INTO app.u SELECT g FROM generate_series(1, 100) AS g;
CREATE INDEX aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ON app.u (id);
CREATE INDEX "ééééééééééééééééééééééééééééééé" ON app.u (id, id);
CREATE INDEX "🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘" ON app.u (id) WHERE id > 1;
CREATE INDEX "x"" ON ""y" ON app.u (id) WHERE id > 2;
CREATE INDEX mine_ccnew1 ON app.u (id) WHERE id > 3;
-- @hold
INSERT INTO app.u VALUES (0);
SET statement_timeout = '500ms';
-- @fails
REINDEX INDEX CONCURRENTLY app.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;
-- @fails
REINDEX INDEX CONCURRENTLY app.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;
-- @fails
REINDEX INDEX CONCURRENTLY app."ééééééééééééééééééééééééééééééé";
-- @fails
REINDEX INDEX CONCURRENTLY app."🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘";
-- @fails
REINDEX INDEX CONCURRENTLY app."x"" ON ""y";
-- @fails
REINDEX INDEX CONCURRENTLY app.mine_ccnew1;
SET statement_timeout = 0;
-- @release

-- want
app.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_ccnew
app.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_ccnew1
app.mine_ccnew1_ccnew
app.x" ON "y_ccnew
app.éééééééééééééééééééééééééééé_ccnew
app.🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘_ccnew

-- plan
DROP INDEX CONCURRENTLY "app"."aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_ccnew1"
DROP INDEX CONCURRENTLY "app"."aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_ccnew"
DROP INDEX CONCURRENTLY "app"."mine_ccnew1_ccnew"
DROP INDEX CONCURRENTLY "app"."x"" ON ""y_ccnew"
DROP INDEX CONCURRENTLY "app"."éééééééééééééééééééééééééééé_ccnew"
DROP INDEX CONCURRENTLY "app"."🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘_ccnew"
