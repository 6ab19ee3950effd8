-- set: min_size=0

-- quiet
CREATE TABLE app.t (a int, b int, c text);
INSERT INTO app.t SELECT g, g, g::text FROM generate_series(1, 1000) AS g;
CREATE INDEX whole ON app.t (a, b);
CREATE INDEX later_column ON app.t (b);
CREATE INDEX other_order ON app.t (a DESC);
CREATE INDEX partial ON app.t (a) WHERE b > 3;
CREATE INDEX included ON app.t (a) INCLUDE (c);
CREATE UNIQUE INDEX uniq ON app.t (a);
CREATE INDEX hashed ON app.t USING hash (a);
CREATE INDEX only_partial ON app.t (c);
CREATE INDEX covered_partially ON app.t (c, a) WHERE b > 3;
CREATE TABLE app.r (a int, b int);
CREATE INDEX clustered ON app.r (a);
ALTER TABLE app.r CLUSTER ON clustered;
CREATE INDEX clustered_and_more ON app.r (a, b);
CREATE TABLE app.x (a text, b text);
CREATE INDEX other_class ON app.x (a text_pattern_ops);
CREATE INDEX other_collation ON app.x (a COLLATE "C");
CREATE INDEX both_of_them ON app.x (a, b);
-- Eleven columns in: column 1 is no prefix of column 10.
CREATE TABLE app.many (c1 int, c2 int, c3 int, c4 int, c5 int, c6 int, c7 int, c8 int, c9 int, c10 int, c11 int);
CREATE INDEX one ON app.many (c1);
CREATE INDEX ten ON app.many (c10, c1);

-- setup
CREATE TABLE app.o (customer int, day date, note text);
INSERT INTO app.o SELECT g, '2026-01-01', g::text FROM generate_series(1, 1000) AS g;
CREATE INDEX by_customer ON app.o (customer);
CREATE INDEX by_customer_and_day ON app.o (customer, day) INCLUDE (note);
CREATE INDEX "by ""note""" ON app.o (note COLLATE "C" DESC) WITH (fillfactor = 80);
CREATE UNIQUE INDEX note_key ON app.o (note COLLATE "C" DESC, customer);

-- A prefix of a prefix.
CREATE TABLE app.chain (a int, b int, c int);
CREATE INDEX chain_broad ON app.chain (a, b);
CREATE INDEX chain_narrow ON app.chain (a);
CREATE INDEX chain_abc ON app.chain (a, b, c);
-- Of two copies that are also prefixes the rule for duplicates takes the first.
CREATE TABLE app.twins (a int, b int);
CREATE INDEX twin ON app.twins (a);
CREATE INDEX twin_copy ON app.twins (a);
CREATE INDEX twins_ab ON app.twins (a, b);

-- want
app.by "note"
app.by_customer
app.chain_narrow
app.chain_broad
app.twin refused: blocked by
app.twin_copy refused: blocked by

-- plan
DROP INDEX CONCURRENTLY "app"."by ""note"""
DROP INDEX CONCURRENTLY "app"."by_customer"
DROP INDEX CONCURRENTLY "app"."chain_broad"
DROP INDEX CONCURRENTLY "app"."chain_narrow"
DROP INDEX CONCURRENTLY "app"."twin"
DROP INDEX CONCURRENTLY "app"."twin_copy"
