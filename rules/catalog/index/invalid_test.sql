-- quiet
CREATE TABLE app.t (id int, v text);
INSERT INTO app.t SELECT g, g::text FROM generate_series(1, 1000) AS g;
CREATE INDEX valid ON app.t (v);
-- A leftover beside its valid sibling belongs to index/reindex-leftover.
-- @hold
INSERT INTO app.t VALUES (0, 'open');
SET statement_timeout = '300ms';
-- @fails
REINDEX INDEX CONCURRENTLY app.valid;
-- An invalid unique index belongs to index/invalid-unique.
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY uniq ON app.t (id);
SET statement_timeout = 0;
-- @release

-- setup
-- A partitioned index gets what its partitions have.
CREATE TABLE app.q (gone int, id int, v text) PARTITION BY RANGE (id);
CREATE TABLE app.q1 (v text, id int, gone int);
ALTER TABLE app.q ATTACH PARTITION app.q1 FOR VALUES FROM (0) TO (10);
CREATE TABLE app.q2 PARTITION OF app.q DEFAULT;
CREATE INDEX q1_other ON app.q1 (v);
CREATE INDEX "q1 idx" ON app.q1 (lower(v), id DESC);
CREATE INDEX q2_idx ON app.q2 (lower(v), id DESC);
CREATE INDEX q_idx ON ONLY app.q (lower(v), id DESC);
-- One that lacks a partition's own is reported.
CREATE TABLE app.p (id int) PARTITION BY RANGE (id);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10);
CREATE INDEX parent_only ON ONLY app.p (id);
CREATE TABLE app."tab
le" (id int, v text);
INSERT INTO app."tab
le" SELECT g, g::text FROM generate_series(1, 1000) AS g;
CREATE INDEX half_dropped ON app."tab
le" (id);
-- @hold
INSERT INTO app."tab
le" VALUES (0, 'open');
SET statement_timeout = '300ms';
-- @fails
CREATE INDEX CONCURRENTLY broken ON app."tab
le" (v) WHERE id > 3;
-- @fails
CREATE INDEX CONCURRENTLY "💥 broken too" ON app."tab
le" (lower(v));
-- Somebody's drop that waits for the reader is cut short: its index is to go.
-- @fails
DROP INDEX CONCURRENTLY app.half_dropped;
SET statement_timeout = 0;
-- @release
-- @superuser
UPDATE pg_index SET indislive = false, indisready = false WHERE indexrelid = 'app.half_dropped'::regclass;

-- want
app.broken
app.half_dropped
app.parent_only refused: each partition has its own index
app.q_idx
app.💥 broken too

-- plan
REINDEX INDEX CONCURRENTLY "app"."broken"
DROP INDEX CONCURRENTLY "app"."half_dropped"
ALTER INDEX "app"."q_idx" ATTACH PARTITION "app"."q1 idx"
ALTER INDEX "app"."q_idx" ATTACH PARTITION "app"."q2_idx"
REINDEX INDEX CONCURRENTLY "app"."💥 broken too"
