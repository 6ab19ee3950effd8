-- set: min_size=0

-- quiet
CREATE TABLE app.full (id int PRIMARY KEY, v text, n int);
INSERT INTO app.full SELECT g, repeat('x', 100) || g, NULL FROM generate_series(1, 20000) AS g;
CREATE INDEX wide ON app.full (v);
CREATE INDEX nulls ON app.full (n, id);
CREATE INDEX expression ON app.full ((v || 'y'));
-- Half empty, as somebody wants it.
CREATE INDEX roomy ON app.full (id, n) WITH (fillfactor = 30);
VACUUM ANALYZE app.full;
-- What its rows were before is not known: nobody has looked since.
CREATE TABLE app.never (id int);
INSERT INTO app.never SELECT generate_series(1, 20000);
CREATE INDEX never_idx ON app.never (id);
DELETE FROM app.never WHERE id % 20 <> 0;
-- A hash index keeps its pages for good.
CREATE TABLE app.hashed (id int);
INSERT INTO app.hashed SELECT generate_series(1, 20000);
CREATE INDEX hashed_idx ON app.hashed USING hash (id);
DELETE FROM app.hashed WHERE id % 20 <> 0;
VACUUM ANALYZE app.hashed;

-- setup
CREATE TABLE app.shrunk (id int, v text);
INSERT INTO app.shrunk SELECT g, 'value ' || g FROM generate_series(1, 20000) AS g;
CREATE UNIQUE INDEX "blo ""ated" ON app.shrunk (id);
CREATE INDEX of_expression ON app.shrunk (upper(v));
DELETE FROM app.shrunk WHERE id % 20 <> 0;
VACUUM ANALYZE app.shrunk;

-- want
app.blo "ated
app.of_expression

-- plan
REINDEX INDEX CONCURRENTLY "app"."blo ""ated"
REINDEX INDEX CONCURRENTLY "app"."of_expression"
