-- requires: pg>=15
-- database: LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C' TEMPLATE template0
-- quiet
CREATE TABLE app.t (v text, c text COLLATE "C", n int);
CREATE INDEX of_c ON app.t (c);
CREATE INDEX of_number ON app.t (n);
CREATE INDEX of_default ON app.t (v);

-- setup
-- Its owner is a role that the healer may become.
-- @superuser
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), current_database() || '_owner'); END $$;
CREATE TABLE app.words (id int, v text);
INSERT INTO app.words SELECT g, g::text FROM generate_series(1, 100) AS g;
CREATE UNIQUE INDEX "wo ""rds" ON app.words (v);
-- @superuser
UPDATE pg_database SET datcollversion = '1' WHERE datname = current_database();

-- want
database {database}

-- plan
REINDEX INDEX CONCURRENTLY "app"."of_default"
REINDEX INDEX CONCURRENTLY "app"."wo ""rds"
ALTER DATABASE "{database}" REFRESH COLLATION VERSION
