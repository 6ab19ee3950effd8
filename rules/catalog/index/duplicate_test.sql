-- set: min_size=0

-- quiet
-- hazard: 24
CREATE TABLE app.t (id int NOT NULL, v text, w text COLLATE "C", n int);
INSERT INTO app.t SELECT g, g::text, g::text, g FROM generate_series(1, 1000) AS g;
CREATE INDEX plain ON app.t (v);
-- Near misses: each differs from plain in one thing.
CREATE INDEX partial ON app.t (v) WHERE id > 5;
CREATE INDEX opclass ON app.t (v text_pattern_ops);
CREATE INDEX collated ON app.t (v COLLATE "C");
CREATE INDEX included ON app.t (v) INCLUDE (id);
CREATE INDEX expression ON app.t (lower(v));
CREATE INDEX descending ON app.t (v DESC);
CREATE INDEX nulls ON app.t (v NULLS FIRST);
CREATE INDEX hashed ON app.t USING hash (v);
CREATE UNIQUE INDEX uniq ON app.t (n);
CREATE INDEX not_uniq ON app.t (n);
-- Both of a pair back something: neither may go.
CREATE UNIQUE INDEX ident ON app.t (id);
ALTER TABLE app.t ADD PRIMARY KEY (id);
ALTER TABLE app.t REPLICA IDENTITY USING INDEX ident;
CREATE TABLE app.r (id int);
CREATE INDEX clustered ON app.r (id);
CREATE INDEX commented ON app.r (id);
ALTER TABLE app.r CLUSTER ON clustered;
COMMENT ON INDEX app.commented IS 'mind this one';
CREATE TABLE app.s (v text);
CREATE INDEX first ON app.s ((v || 'x'));
CREATE INDEX second ON app.s ((v || 'y'));

-- A deferrable constraint checks at COMMIT and is no target of ON CONFLICT: the index that is both stays.
CREATE TABLE app.later (v int, CONSTRAINT later_key UNIQUE (v) DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX at_once ON app.later (v);
-- Options that make another index of it.
CREATE TABLE app.options (n int, d tsvector);
CREATE INDEX ranges ON app.options USING brin (n) WITH (pages_per_range = 8);
CREATE INDEX wide_ranges ON app.options USING brin (n);
CREATE INDEX signature ON app.options USING gist (d tsvector_ops (siglen = 100));
CREATE INDEX long_signature ON app.options USING gist (d tsvector_ops (siglen = 200));
-- An index of one partition belongs to the partitioned one.
CREATE TABLE app.parts (n int) PARTITION BY RANGE (n);
CREATE TABLE app.part PARTITION OF app.parts DEFAULT;
CREATE INDEX parts_idx ON app.parts (n);
CREATE INDEX parts_idx_too ON app.parts (n);
-- A copy that is not valid belongs to other rules.
CREATE TABLE app.invalid (id int);
INSERT INTO app.invalid VALUES (1), (1);
CREATE INDEX invalid_twin ON app.invalid (id);
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY invalid_copy ON app.invalid (id);

-- setup
CREATE TABLE app.u (id int PRIMARY KEY, v text, CONSTRAINT v_key UNIQUE (v));
INSERT INTO app.u SELECT g, g::text FROM generate_series(1, 1000) AS g;
-- The copy goes, the constraint's index stays.
CREATE UNIQUE INDEX "a ""copy"" {of} it" ON app.u (v);
-- Of two that could go the older stays; equal expressions print the same.
CREATE INDEX old ON app.u (lower(v)) WHERE id > 7;
CREATE INDEX new ON app.u (lower(v)) WHERE id > 7;
-- The one that something hangs on stays, though it is younger.
CREATE INDEX loose ON app.u (id, v) WITH (fillfactor = 70);
CREATE INDEX kept ON app.u (id, v);
COMMENT ON INDEX app.kept IS 'kept';
-- So do the one that a foreign key depends on, and the one of an exclusion constraint.
CREATE TABLE app.referenced (n int);
CREATE UNIQUE INDEX depended_on ON app.referenced (n);
CREATE TABLE app.referencing (n int REFERENCES app.referenced (n));
CREATE UNIQUE INDEX independent ON app.referenced (n);
REINDEX INDEX CONCURRENTLY app.depended_on;
CREATE TABLE app.excluded (b box);
CREATE INDEX "63 bytes 💥 of a name, which is as long as a name can ever be" ON app.excluded USING gist (b);
ALTER TABLE app.excluded ADD CONSTRAINT overlapping EXCLUDE USING gist (b WITH &&);

-- want
app.63 bytes 💥 of a name, which is as long as a name can ever be
app.a "copy" {of} it
app.independent
app.loose
app.new

-- plan
DROP INDEX CONCURRENTLY "app"."63 bytes 💥 of a name, which is as long as a name can ever be"
DROP INDEX CONCURRENTLY "app"."a ""copy"" {of} it"
DROP INDEX CONCURRENTLY "app"."independent"
DROP INDEX CONCURRENTLY "app"."loose"
DROP INDEX CONCURRENTLY "app"."new"
