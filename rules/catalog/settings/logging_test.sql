-- server: log_line_prefix=, log_destination=csvlog, log_lock_waits=on, log_temp_files=0, log_autovacuum_min_duration=0, log_checkpoints=on

-- quiet
-- csvlog has every field without a prefix; and a session's own choice is not the server's.
-- @superuser
SET log_lock_waits = off;

-- setup
-- The log of a container, as it comes.
-- @superuser
ALTER SYSTEM SET log_destination = 'stderr';
-- @superuser
ALTER SYSTEM SET log_line_prefix = '%m %q%u ';
-- @superuser
ALTER SYSTEM SET log_lock_waits = off;
-- @superuser
ALTER SYSTEM SET log_temp_files = -1;
-- @superuser
ALTER SYSTEM SET log_autovacuum_min_duration = -1;
-- @superuser
ALTER SYSTEM SET log_checkpoints = off;
-- @superuser
ALTER SYSTEM SET log_min_error_statement = 'fatal';
-- @superuser
SELECT pg_reload_conf();

-- want
setting log_autovacuum_min_duration
setting log_checkpoints
setting log_destination
setting log_line_prefix
setting log_lock_waits
setting log_min_error_statement
setting log_temp_files

-- plan


-- case: stderr with a good prefix
-- server: log_destination=csvlog, log_line_prefix=%m [%p] %q%u@%d %e , log_lock_waits=on, log_temp_files=0, log_autovacuum_min_duration=0, log_checkpoints=on

-- setup
-- @superuser
ALTER SYSTEM SET log_destination = 'stderr';
-- @superuser
SELECT pg_reload_conf();

-- want
setting log_destination

-- plan
