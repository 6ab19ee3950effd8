-- set: min_rows=1000

-- quiet
-- Switched on, by a word that begins like off.
CREATE TABLE app.enabled (id int) WITH (autovacuum_enabled = on);
INSERT INTO app.enabled SELECT generate_series(1, 2000);
-- Off, and not written.
CREATE TABLE app.unused (id int) WITH (autovacuum_enabled = off);
INSERT INTO app.unused VALUES (1);

-- setup
CREATE TABLE app."off ""a""" (id int, v text) WITH (autovacuum_enabled = off, fillfactor = 70, toast.autovacuum_enabled = no);
INSERT INTO app."off ""a""" SELECT generate_series(1, 2000);
CREATE TABLE app.toast (id int, v text) WITH (toast.autovacuum_enabled = false);
INSERT INTO app.toast SELECT generate_series(1, 2000);
-- A job of the site vacuums it.
CREATE TABLE app.by_job (id int) WITH (autovacuum_enabled = false);
INSERT INTO app.by_job SELECT generate_series(1, 2000);
VACUUM app.by_job;

-- want
app.by_job refused: no job of the site vacuums it
app.off "a"
app.toast

-- plan
ALTER TABLE "app"."by_job" RESET (autovacuum_enabled)
ALTER TABLE "app"."off ""a""" RESET (autovacuum_enabled)
ALTER TABLE "app"."off ""a""" RESET (toast.autovacuum_enabled)
ALTER TABLE "app"."toast" RESET (toast.autovacuum_enabled)
