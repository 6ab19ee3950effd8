-- quiet
-- @superuser
CREATE EXTENSION amcheck SCHEMA app;
-- The observer has to be let.
-- @superuser
DO $$ DECLARE f regprocedure; BEGIN
  FOR f IN SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'app'::regnamespace AND p.proname IN ('bt_index_check', 'verify_heapam') LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f, current_database() || '_observer');
  END LOOP; END $$;
-- @superuser
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA app TO %I', current_database() || '_observer'); END $$;
CREATE TABLE app.t (id int PRIMARY KEY, v text);
INSERT INTO app.t SELECT g, g::text FROM generate_series(1, 1000) AS g;
CREATE INDEX sound ON app.t (v);
-- Dead entries and half empty pages are no corruption.
DELETE FROM app.t WHERE id % 3 = 0;
-- Neither is an index that leaves rows out on purpose.
CREATE INDEX partial ON app.t (v) WHERE id > 500;

-- setup
CREATE TABLE app.lost (id int, v text);
INSERT INTO app.lost SELECT g, g::text FROM generate_series(1, 1000) AS g;
CREATE INDEX "cor ""rupt" ON app.lost (id);
CREATE UNIQUE INDEX beside ON app.lost (v);
-- Rows that came while the server did not maintain the index, as after a lost write.
-- @superuser
UPDATE pg_index SET indisready = false WHERE indexrelid = 'app."cor ""rupt"'::regclass;
INSERT INTO app.lost SELECT g, g::text FROM generate_series(1001, 1100) AS g;
-- @superuser
UPDATE pg_index SET indisready = true WHERE indexrelid = 'app."cor ""rupt"'::regclass;

-- want
app.cor "rupt refused: the heap is sound

-- want (14)
app.cor "rupt

-- plan
REINDEX INDEX CONCURRENTLY "app"."cor ""rupt"
