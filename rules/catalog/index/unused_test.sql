-- set: min_size=0, min_age=0s

-- quiet
CREATE TABLE app.parent (id int PRIMARY KEY);
CREATE TABLE app.t (id int PRIMARY KEY, a int, b int, c text, d int REFERENCES app.parent (id));
INSERT INTO app.t SELECT g, g, g, g::text FROM generate_series(1, 2000) AS g;
CREATE INDEX used ON app.t (a);
CREATE UNIQUE INDEX checks ON app.t (b);
CREATE INDEX expression ON app.t (lower(c));
CREATE INDEX of_foreign_key ON app.t (d);
CREATE INDEX commented ON app.t (b, a);
COMMENT ON INDEX app.commented IS 'the quarterly report';
CREATE TABLE app.parts (id int, v int) PARTITION BY RANGE (id);
CREATE TABLE app.part PARTITION OF app.parts DEFAULT;
CREATE INDEX of_parts ON app.parts (v);
ANALYZE app.t;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT * FROM app.t WHERE a = 1;
-- The counters come late, and before 15 are seen late.
SELECT pg_sleep(1.2);
SELECT 1;
SELECT pg_sleep(1.2);

-- setup
CREATE INDEX "un ""used" ON app.t (c text_pattern_ops, a DESC) INCLUDE (b) WITH (fillfactor = 70) WHERE b > 5;
CREATE INDEX hashed ON app.t USING hash (c);

-- want
app.hashed
app.un "used

-- plan
DROP INDEX CONCURRENTLY "app"."hashed"
DROP INDEX CONCURRENTLY "app"."un ""used"
