-- set: min_rows=1000, max_dead_rows=100

-- quiet
CREATE TABLE app.small (id int);
INSERT INTO app.small SELECT generate_series(1, 500);
ANALYZE app.small;
UPDATE app.small SET id = id;
-- Somebody has set it already.
CREATE TABLE app.tuned (id int) WITH (autovacuum_vacuum_scale_factor = 0.01);
INSERT INTO app.tuned SELECT generate_series(1, 5000);
ANALYZE app.tuned;
UPDATE app.tuned SET id = id;
-- It is only ever inserted into: no row dies.
CREATE TABLE app.log (id int);
INSERT INTO app.log SELECT generate_series(1, 5000);
ANALYZE app.log;

-- setup
CREATE TABLE app."lar ge" (id int) WITH (fillfactor = 80);
INSERT INTO app."lar ge" SELECT generate_series(1, 5000);
ANALYZE app."lar ge";
UPDATE app."lar ge" SET id = id;
CREATE TABLE app.before (id int) WITH (autovacuum_vacuum_scale_factor = 0.5, fillfactor = 80);
INSERT INTO app.before SELECT generate_series(1, 5000);
ANALYZE app.before;
UPDATE app.before SET id = id;

-- want
app.before
app.lar ge

-- plan
ALTER TABLE "app"."before" SET (autovacuum_vacuum_scale_factor = E'0.01')
ALTER TABLE "app"."lar ge" SET (autovacuum_vacuum_scale_factor = E'0.01')
