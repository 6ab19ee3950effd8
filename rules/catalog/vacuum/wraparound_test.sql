-- set: max_age=1000, catalogs=false
-- alone: it counts the transactions of the whole server

-- quiet
CREATE PROCEDURE app.burn(n int) LANGUAGE plpgsql AS $$
BEGIN FOR i IN 1..n LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$;
CREATE TABLE app.frozen (id int, v text);
CALL app.burn(1500);
VACUUM (FREEZE) app.frozen;
CREATE TABLE app.young (id int, v text);
-- It has nothing to freeze.
CREATE TABLE app.parts (id int) PARTITION BY RANGE (id);
-- A snapshot that was taken a moment ago holds nobody back for long.
-- @hold
BEGIN ISOLATION LEVEL REPEATABLE READ;
-- @hold
SELECT 1;

-- setup
-- @release
CREATE TABLE app."o ""ld" (id int, v text);
INSERT INTO app."o ""ld" SELECT generate_series(1, 100);
CALL app.burn(1500);
VACUUM (FREEZE) app.frozen;
VACUUM (FREEZE) app.young;

-- want
app.o "ld

-- plan
VACUUM (FREEZE, TRUNCATE OFF, SKIP_LOCKED) "app"."o ""ld"

-- case: close to the end the indexes are left for later
-- set: max_age=1000, catalogs=false, close=1000
-- setup
CREATE PROCEDURE app.burn(n int) LANGUAGE plpgsql AS $$
BEGIN FOR i IN 1..n LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$;
CREATE TABLE app.close (id int PRIMARY KEY);
INSERT INTO app.close SELECT generate_series(1, 100);
CALL app.burn(1500);

-- want
app.close

-- plan
VACUUM (FREEZE, TRUNCATE OFF, SKIP_LOCKED, INDEX_CLEANUP OFF) "app"."close"

-- case: a prepared transaction holds the horizon
-- set: max_age=1000, catalogs=false
-- setup
-- hazard: 18
CREATE PROCEDURE app.burn(n int) LANGUAGE plpgsql AS $$
BEGIN FOR i IN 1..n LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$;
CREATE TABLE app.held (id int);
CREATE TABLE app.other (id int);
BEGIN;
INSERT INTO app.other VALUES (1);
PREPARE TRANSACTION 'holder';
CALL app.burn(1500);

-- want
app.held refused: blocked by
app.other refused: blocked by

-- plan
VACUUM (FREEZE, TRUNCATE OFF, SKIP_LOCKED) "app"."held"
VACUUM (FREEZE, TRUNCATE OFF, SKIP_LOCKED) "app"."other"
