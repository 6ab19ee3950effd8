-- set: min_rows=1000, factor=2, min_age=0s

-- quiet
-- hazard: 34
CREATE TABLE app.few (id int);
INSERT INTO app.few SELECT g FROM generate_series(1, 100000) AS g;
VACUUM ANALYZE app.few;
DELETE FROM app.few WHERE id <= 2000;
-- Its own options let more pile up.
CREATE TABLE app.tuned (id int) WITH (autovacuum_vacuum_threshold = 1000000);
INSERT INTO app.tuned SELECT g FROM generate_series(1, 5000) AS g;
DELETE FROM app.tuned WHERE id <= 4000;

-- setup
CREATE TABLE app."de ad" (id int PRIMARY KEY, v text);
INSERT INTO app."de ad" SELECT g, repeat('x', 50) FROM generate_series(1, 5000) AS g;
VACUUM ANALYZE app."de ad";
UPDATE app."de ad" SET v = v || 'y';

-- want
app.de ad

-- plan
VACUUM (SKIP_LOCKED, TRUNCATE OFF) "app"."de ad"
