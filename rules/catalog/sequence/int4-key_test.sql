-- set: min_rows=1000

-- quiet
CREATE TABLE app.small (id serial PRIMARY KEY);
INSERT INTO app.small SELECT FROM generate_series(1, 100);
CREATE TABLE app.wide (id bigserial PRIMARY KEY);
INSERT INTO app.wide SELECT FROM generate_series(1, 2000);
-- A key that does not count up by itself.
CREATE TABLE app.natural_key (country int PRIMARY KEY);
INSERT INTO app.natural_key SELECT g FROM generate_series(1, 2000) AS g;
-- A sequence that is not the key.
CREATE TABLE app.counted (id bigint PRIMARY KEY, n serial);
INSERT INTO app.counted SELECT g FROM generate_series(1, 2000) AS g;
ANALYZE app.small, app.wide, app.natural_key, app.counted;

-- setup
CREATE TABLE app."orders ""1""" (id serial PRIMARY KEY);
INSERT INTO app."orders ""1""" SELECT FROM generate_series(1, 2000);
CREATE TABLE app.with_identity (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
INSERT INTO app.with_identity SELECT FROM generate_series(1, 2000);
CREATE TABLE app.tiny (id smallserial PRIMARY KEY);
INSERT INTO app.tiny SELECT FROM generate_series(1, 50);
CREATE TABLE app.parted (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES FROM (0) TO (10000);
INSERT INTO app.parted SELECT FROM generate_series(1, 2000);
ANALYZE app."orders ""1""", app.with_identity, app.tiny, app.parted_1;

-- want
"app.orders \"1\""
app.with_identity
app.tiny
app.parted

-- plan
