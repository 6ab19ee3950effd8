-- set: min_rows=100

-- quiet
-- Leading zeros are no number, an odd one among them neither; what is not indexed costs little.
CREATE TABLE app.codes (zip text, odd text, plain text, name text);
INSERT INTO app.codes SELECT lpad(g::text, 5, '0'), CASE WHEN g % 7 = 0 THEN 'x' ELSE g::text END, g::text, 'n' || g FROM generate_series(1, 500) AS g;
CREATE INDEX ON app.codes (zip);
CREATE INDEX ON app.codes (odd);
CREATE INDEX ON app.codes (name);
ANALYZE app.codes;
-- A few rows.
CREATE TABLE app.few (id text PRIMARY KEY);
INSERT INTO app.few SELECT g::text FROM generate_series(1, 50) AS g;
ANALYZE app.few;

-- setup
CREATE TABLE app."T ""1""" ("id {x}" varchar(40) PRIMARY KEY, n text);
INSERT INTO app."T ""1""" SELECT md5(g::text)::uuid, g FROM generate_series(1, 500) AS g;
CREATE INDEX ON app."T ""1""" (n);
ANALYZE app."T ""1""";

-- want
"app.T \"1\".id {x}"
"app.T \"1\".n"

-- plan
