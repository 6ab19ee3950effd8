-- set: min_rows=100

-- quiet
CREATE TABLE app.keyed (id int PRIMARY KEY);
INSERT INTO app.keyed SELECT generate_series(1, 500);
CREATE TABLE app.small (id int);
INSERT INTO app.small VALUES (1);
-- As good as a primary key.
CREATE TABLE app.unique_not_null (id int NOT NULL UNIQUE);
INSERT INTO app.unique_not_null SELECT generate_series(1, 500);
CREATE TABLE app.keyed_parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.keyed_part PARTITION OF app.keyed_parts DEFAULT;
INSERT INTO app.keyed_parts SELECT generate_series(1, 500);
ANALYZE;

-- setup
CREATE TABLE app."no key" (id int);
INSERT INTO app."no key" SELECT generate_series(1, 500);
-- NULLs are not told apart.
CREATE TABLE app.nullable (id int UNIQUE);
INSERT INTO app.nullable SELECT generate_series(1, 500);
-- Neither are the rows that a predicate leaves out.
CREATE TABLE app.partial (id int NOT NULL);
CREATE UNIQUE INDEX ON app.partial (id) WHERE id > 10;
INSERT INTO app.partial SELECT generate_series(1, 500);
-- Said once, of the partitioned table.
CREATE TABLE app.parts (id int) PARTITION BY RANGE (id);
CREATE TABLE app.part PARTITION OF app.parts DEFAULT;
INSERT INTO app.parts SELECT generate_series(1, 500);
ANALYZE;

-- want
app.no key
app.nullable
app.partial
app.parts
