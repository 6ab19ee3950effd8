-- server: max_wal_size=64MB, checkpoint_timeout=1h
-- set: min_age=0s, min_events=5, up_to=128MB

-- quiet
-- @superuser
DO $$ BEGIN
    PERFORM pg_stat_reset_shared('bgwriter');
    IF current_setting('server_version_num')::int >= 140000 THEN
        PERFORM pg_stat_reset_shared('wal');
    END IF;
    IF current_setting('server_version_num')::int >= 170000 THEN
        PERFORM pg_stat_reset_shared('checkpointer');
    END IF;
    IF current_setting('server_version_num')::int >= 150000 THEN
        EXECUTE format('GRANT ALTER SYSTEM ON PARAMETER max_wal_size TO %I', current_database() || '_healer');
    END IF;
    EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO %I', current_database() || '_healer');
END $$;
-- A few by hand are no fault.
-- @superuser
CHECKPOINT;
-- @superuser
CHECKPOINT;
CREATE TABLE app.filler AS SELECT g AS n, repeat('x', 500) AS v FROM generate_series(1, 20000) AS g;

-- setup
-- @superuser
CHECKPOINT;
-- @superuser
CHECKPOINT;
-- @superuser
CHECKPOINT;
-- @superuser
CHECKPOINT;

-- want
setting max_wal_size refused: the server counts its WAL

-- want (14)
setting max_wal_size refused for want of rights: the healer may change the setting

-- want (15)
setting max_wal_size

-- plan
ALTER SYSTEM SET max_wal_size = E'128MB'
SELECT pg_catalog.pg_reload_conf()
