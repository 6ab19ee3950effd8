-- server: autovacuum=on, fsync=on, full_page_writes=on

-- quiet
-- One session's choice is not the server's.
SET synchronous_commit = off;
CREATE TABLE app.exempted (id int) WITH (autovacuum_enabled = off);

-- setup
-- @superuser
ALTER SYSTEM SET fsync = off;
-- @superuser
ALTER SYSTEM SET full_page_writes = off;
-- @superuser
ALTER SYSTEM SET autovacuum = off;
-- @superuser
ALTER SYSTEM SET zero_damaged_pages = on;
-- @superuser
SELECT pg_reload_conf();

-- want
setting fsync
setting full_page_writes
setting autovacuum
setting zero_damaged_pages

-- plan
