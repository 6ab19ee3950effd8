-- quiet
-- hazard: 27
CREATE TABLE app.fine (id int);
INSERT INTO app.fine SELECT g FROM generate_series(1, 100) AS g;
CREATE UNIQUE INDEX fine_key ON app.fine (id);
-- Duplicates that no unique index complains of.
CREATE TABLE app.twice (id int);
INSERT INTO app.twice VALUES (1), (1);
-- NULLs are not duplicates of each other; the index is invalid for another reason.
CREATE TABLE app.nulls (a int, b int);
INSERT INTO app.nulls VALUES (1, NULL), (1, NULL), (2, 2);
-- Outside of the index's predicate.
CREATE TABLE app.old (id int, live bool);
INSERT INTO app.old VALUES (1, true), (1, false), (1, false);
-- @hold
INSERT INTO app.nulls VALUES (3, 3);
SET statement_timeout = '300ms';
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY nulls_key ON app.nulls (a, b);
SET statement_timeout = 0;
-- @release
-- @hold
INSERT INTO app.old VALUES (3, true);
SET statement_timeout = '300ms';
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY old_key ON app.old (id) WHERE live;
SET statement_timeout = 0;
-- @release

-- setup
CREATE TABLE app."t ""1""" (id bigint GENERATED ALWAYS AS IDENTITY, "e mail {x}" text, big text, twice bigint GENERATED ALWAYS AS (length("e mail {x}") * 2) STORED);
ALTER TABLE app."t ""1""" ADD dropped int;
ALTER TABLE app."t ""1""" DROP dropped;
INSERT INTO app."t ""1""" ("e mail {x}", big) SELECT 'm' || g % 90, repeat(md5(g::text), 100) FROM generate_series(1, 200) AS g;
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY "it's {one}" ON app."t ""1""" ("e mail {x}");
-- By an expression and a predicate.
CREATE TABLE app.users (id int PRIMARY KEY, email text, gone bool NOT NULL DEFAULT false);
INSERT INTO app.users VALUES (1, 'a@x', false), (2, 'A@x', false), (3, 'A@X', true), (4, 'b@x', false), (5, NULL, false), (6, NULL, false);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY users_email ON app.users (lower(email)) WHERE NOT gone;
-- In a partition, whose index is its own.
CREATE TABLE app.parted (at date, v int) PARTITION BY RANGE (at);
CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
INSERT INTO app.parted VALUES ('2026-01-01', 1), ('2026-01-01', 1), ('2026-01-02', 1);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY parted_1_key ON app.parted_1 (at, v);
-- Left to a person.
CREATE TABLE app.people (id int PRIMARY KEY, name text);
CREATE TABLE app.letters (person int REFERENCES app.people ON DELETE CASCADE);
INSERT INTO app.people VALUES (1, 'x'), (2, 'x');
INSERT INTO app.letters VALUES (1), (2);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY people_name ON app.people (name);
CREATE TABLE app.watched (v int);
INSERT INTO app.watched VALUES (1), (1);
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE TRIGGER note BEFORE DELETE ON app.watched FOR EACH ROW EXECUTE FUNCTION app.note();
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY watched_key ON app.watched (v);

-- log
{"timestamp":"2026-11-25 07:00:00.000 UTC","pid":1,"error_severity":"ERROR","state_code":"23505","message":"could not create unique index \"users_email\"","detail":"Key (lower(email))=(a@x) is duplicated.","statement":"CREATE UNIQUE INDEX CONCURRENTLY users_email ON app.users (lower(email)) WHERE NOT gone;"}

-- want
app.it's {one}
app.parted_1_key
app.people_name refused: no foreign key refers to its rows
app.users_email
app.watched_key refused: nothing of its own happens when its rows go

-- plan
CREATE TABLE "app".{run.quarantine} (LIKE "app"."t ""1""", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."t ""1""" AS t\n         WHERE ("e mail {x}") IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY "e mail {x}" ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW ("e mail {x}") AS key FROM ONLY "app"."t ""1""" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND ("e mail {x}") IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW ("e mail {x}") AS key FROM ONLY "app"."t ""1""" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND ("e mail {x}") IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."t ""1""" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "id", "e mail {x}", "big", "twice"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "e mail {x}", "big", "twice", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "e mail {x}", "big", "twice", pg_catalog.format('%I.%I', E'app'::text, E't "1"'::text),\n         pg_catalog.format('duplicate in %I', E'it''s {one}'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "e mail {x}", "big", "twice")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."parted_1", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."parted_1" AS t\n         WHERE (at) IS DISTINCT FROM NULL AND (v) IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY at, v ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (at, v) AS key FROM ONLY "app"."parted_1" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (at) IS DISTINCT FROM NULL AND (v) IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (at, v) AS key FROM ONLY "app"."parted_1" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (at) IS DISTINCT FROM NULL AND (v) IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."parted_1" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "at", "v"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("at", "v", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "at", "v", pg_catalog.format('%I.%I', E'app'::text, E'parted_1'::text),\n         pg_catalog.format('duplicate in %I', E'parted_1_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("at", "v")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."people", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."people" AS t\n         WHERE (name) IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY name ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (name) AS key FROM ONLY "app"."people" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (name) IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (name) AS key FROM ONLY "app"."people" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (name) IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."people" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "id", "name"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "name", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "name", pg_catalog.format('%I.%I', E'app'::text, E'people'::text),\n         pg_catalog.format('duplicate in %I', E'people_name'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "name")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."users", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."users" AS t\n         WHERE ((NOT gone)) AND (lower(email)) IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY lower(email) ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (lower(email)) AS key FROM ONLY "app"."users" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND ((NOT gone)) AND (lower(email)) IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (lower(email)) AS key FROM ONLY "app"."users" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND ((NOT gone)) AND (lower(email)) IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."users" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "id", "email", "gone"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "email", "gone", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "email", "gone", pg_catalog.format('%I.%I', E'app'::text, E'users'::text),\n         pg_catalog.format('duplicate in %I', E'users_email'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "email", "gone")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."watched", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."watched" AS t\n         WHERE (v) IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY v ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (v) AS key FROM ONLY "app"."watched" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (v) IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (v) AS key FROM ONLY "app"."watched" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (v) IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."watched" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "v"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("v", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "v", pg_catalog.format('%I.%I', E'app'::text, E'watched'::text),\n         pg_catalog.format('duplicate in %I', E'watched_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("v")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}

-- case: NULLs that are not distinct
-- requires: pg>=15
-- setup
CREATE TABLE app.t (a int, b int, c int);
INSERT INTO app.t VALUES (1, NULL, 1), (1, NULL, 2), (2, 2, 3);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY t_key ON app.t (a, b) NULLS NOT DISTINCT;

-- want
app.t_key

-- plan
CREATE TABLE "app".{run.quarantine} (LIKE "app"."t", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."t" AS t\n         WHERE true\n        WINDOW w AS (PARTITION BY a, b ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (a, b) AS key FROM ONLY "app"."t" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND true FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (a, b) AS key FROM ONLY "app"."t" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND true FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."t" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "a", "b", "c"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("a", "b", "c", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "a", "b", "c", pg_catalog.format('%I.%I', E'app'::text, E't'::text),\n         pg_catalog.format('duplicate in %I', E't_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("a", "b", "c")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}

-- case: a column that is computed when it is read
-- requires: pg>=18
-- setup
CREATE TABLE app.v (a int, twice int GENERATED ALWAYS AS (a * 2) VIRTUAL);
INSERT INTO app.v VALUES (1), (1), (2);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY v_key ON app.v (a);

-- want
app.v_key

-- plan
CREATE TABLE "app".{run.quarantine} (LIKE "app"."v", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."v" AS t\n         WHERE (a) IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY a ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (a) AS key FROM ONLY "app"."v" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (a) IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (a) AS key FROM ONLY "app"."v" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (a) IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."v" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "a", "twice"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("a", "twice", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "a", "twice", pg_catalog.format('%I.%I', E'app'::text, E'v'::text),\n         pg_catalog.format('duplicate in %I', E'v_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("a", "twice")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}

-- case: a collation for which more is equal, of a column, of an index alone, and not of an index
-- setup
CREATE COLLATION app."c {i}" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE app.names (name text COLLATE app."c {i}", v int);
INSERT INTO app.names VALUES ('a', 1), ('A', 1), ('b', 1);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY names_key ON app.names (name);
CREATE TABLE app.words (word text);
INSERT INTO app.words VALUES ('a'), ('A'), ('b');
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY words_key ON app.words (word COLLATE app."c {i}");
CREATE TABLE app.exact (word text COLLATE app."c {i}");
INSERT INTO app.exact VALUES ('a'), ('A'), ('b'), ('b');
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY exact_key ON app.exact (word COLLATE "C");

-- want
app.exact_key
app.names_key
app.words_key

-- plan
CREATE TABLE "app".{run.quarantine} (LIKE "app"."exact", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."exact" AS t\n         WHERE (word COLLATE pg_catalog."C") IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY word COLLATE pg_catalog."C" ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (word COLLATE pg_catalog."C") AS key FROM ONLY "app"."exact" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (word COLLATE pg_catalog."C") IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (word COLLATE pg_catalog."C") AS key FROM ONLY "app"."exact" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (word COLLATE pg_catalog."C") IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."exact" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "word"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("word", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "word", pg_catalog.format('%I.%I', E'app'::text, E'exact'::text),\n         pg_catalog.format('duplicate in %I', E'exact_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("word")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."names", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."names" AS t\n         WHERE (name) IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY name ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (name) AS key FROM ONLY "app"."names" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (name) IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (name) AS key FROM ONLY "app"."names" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (name) IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."names" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "name", "v"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("name", "v", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "name", "v", pg_catalog.format('%I.%I', E'app'::text, E'names'::text),\n         pg_catalog.format('duplicate in %I', E'names_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("name", "v")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."words", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."words" AS t\n         WHERE (word COLLATE app."c {i}") IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY word COLLATE app."c {i}" ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (word COLLATE app."c {i}") AS key FROM ONLY "app"."words" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (word COLLATE app."c {i}") IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (word COLLATE app."c {i}") AS key FROM ONLY "app"."words" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (word COLLATE app."c {i}") IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."words" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "word"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("word", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "word", pg_catalog.format('%I.%I', E'app'::text, E'words'::text),\n         pg_catalog.format('duplicate in %I', E'words_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("word")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}

-- case: a schema whose tables are published
-- requires: pg>=15
-- setup
CREATE TABLE app.sent (id int, v int);
INSERT INTO app.sent VALUES (1, 1), (2, 1);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY sent_key ON app.sent (v);
-- @superuser
CREATE PUBLICATION p FOR TABLES IN SCHEMA app;

-- want
app.sent_key refused: nothing of its own happens when its rows go

-- plan
CREATE TABLE "app".{run.quarantine} (LIKE "app"."sent", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE UNLOGGED TABLE "app".{run.worklist} (loser tid, keeper tid)
INSERT INTO "app".{run.worklist} (loser, keeper)\nSELECT d.place, d.keeper\n  FROM (SELECT t.ctid AS place, pg_catalog.first_value(t.ctid) OVER w AS keeper, pg_catalog.row_number() OVER w AS n\n          FROM ONLY "app"."sent" AS t\n         WHERE (v) IS DISTINCT FROM NULL\n        WINDOW w AS (PARTITION BY v ORDER BY t.ctid ASC)) AS d\n WHERE d.n > 1\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY d.place
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser, l.keeper FROM "app".{run.worklist} AS l LIMIT E'2000'\n), stays AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (v) AS key FROM ONLY "app"."sent" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.keeper FROM taken AS x)) AND (v) IS DISTINCT FROM NULL FOR SHARE SKIP LOCKED\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place, ROW (v) AS key FROM ONLY "app"."sent" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND (v) IS DISTINCT FROM NULL FOR UPDATE SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."sent" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place JOIN stays AS s ON s.place = x.keeper\n                               WHERE g.key IS NOT DISTINCT FROM s.key))\n  RETURNING "id", "v"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "v", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "v", pg_catalog.format('%I.%I', E'app'::text, E'sent'::text),\n         pg_catalog.format('duplicate in %I', E'sent_key'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "v")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
