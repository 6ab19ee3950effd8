-- set: min_rows=1000, factor=2

-- quiet
CREATE TABLE app.analyzed (id int);
INSERT INTO app.analyzed SELECT g FROM generate_series(1, 5000) AS g;
-- A session reports its changes at most once a second, also after its own ANALYZE.
SELECT pg_sleep(1.2);
SELECT 1;
ANALYZE app.analyzed;
UPDATE app.analyzed SET id = id WHERE id < 100;
CREATE TABLE app.small (id int);
INSERT INTO app.small SELECT g FROM generate_series(1, 100) AS g;

-- setup
CREATE TABLE app."never ""analyzed""" (id int);
INSERT INTO app."never ""analyzed""" SELECT g FROM generate_series(1, 5000) AS g;
CREATE TABLE app.changed (id int);
INSERT INTO app.changed SELECT g FROM generate_series(1, 5000) AS g;
SELECT pg_sleep(1.2);
SELECT 1;
ANALYZE app.changed;
UPDATE app.changed SET id = id + 1;

-- want
app.changed
app.never "analyzed"

-- plan
ANALYZE (SKIP_LOCKED) "app"."changed"
ANALYZE (SKIP_LOCKED) "app"."never ""analyzed"""
