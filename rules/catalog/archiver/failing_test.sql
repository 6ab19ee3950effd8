-- server: archive_command=true
-- set: min_age=0s

-- quiet
CREATE TABLE app.t (n int);
-- @superuser
SELECT pg_switch_wal();

-- setup
-- @superuser
ALTER SYSTEM SET archive_command = 'false';
-- @superuser
SELECT pg_reload_conf();
INSERT INTO app.t VALUES (1);
-- @superuser
SELECT pg_switch_wal();

-- want
setting archive_command

-- plan
