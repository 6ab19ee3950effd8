-- quiet
CREATE TABLE app.fresh (id serial PRIMARY KEY);
INSERT INTO app.fresh DEFAULT VALUES;
CREATE TABLE app.half (id serial PRIMARY KEY);
SELECT setval('app.half_id_seq', 1000000000);
-- Set to its end and never used: a restore does that, and RESTART follows.
CREATE SEQUENCE app.unused MAXVALUE 10;
SELECT setval('app.unused', 10, false);
-- Cycling is somebody's intent.
CREATE SEQUENCE app.round MAXVALUE 10 CYCLE;
SELECT setval('app.round', 10);
CREATE TABLE app.past_int4 (id bigserial PRIMARY KEY);
SELECT setval('app.past_int4_id_seq', 4000000000);

-- setup
-- The column was made a bigint, the sequence was forgotten.
CREATE TABLE app."o ""1""" (id serial PRIMARY KEY);
ALTER TABLE app."o ""1""" ALTER COLUMN id TYPE bigint;
SELECT setval('app."o ""1""_id_seq"', 2147483000);
CREATE TABLE app.narrow (id serial PRIMARY KEY);
SELECT setval('app.narrow_id_seq', 2000000000);
-- The sequence has room, its column has none.
CREATE SEQUENCE app.wide_seq;
CREATE TABLE app.narrow_column (id int PRIMARY KEY DEFAULT nextval('app.wide_seq'));
SELECT setval('app.wide_seq', 2147483646);
CREATE SEQUENCE app.chosen MAXVALUE 1000;
CREATE TABLE app.with_limit (id bigint PRIMARY KEY DEFAULT nextval('app.chosen'));
SELECT setval('app.chosen', 990);
CREATE SEQUENCE app.alone AS smallint;
SELECT setval('app.alone', 32767);
CREATE TABLE app.with_identity (id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME app.ident) PRIMARY KEY);
ALTER SEQUENCE app.ident AS integer;
SELECT setval('app.ident', 2147483647);
-- @fails
INSERT INTO app.with_identity DEFAULT VALUES;

-- want
"app.o \"1\"_id_seq"
app.ident
app.narrow_id_seq refused: every column it fills is a bigint already
app.wide_seq refused: every column it fills is a bigint already
app.chosen refused: nobody chose the limit
app.alone refused: every column it fills is a bigint already

-- plan
ALTER SEQUENCE "app"."alone" AS bigint
ALTER SEQUENCE "app"."chosen" AS bigint
ALTER SEQUENCE "app"."ident" AS bigint
ALTER SEQUENCE "app"."narrow_id_seq" AS bigint
ALTER SEQUENCE "app"."o ""1""_id_seq" AS bigint
ALTER SEQUENCE "app"."wide_seq" AS bigint
