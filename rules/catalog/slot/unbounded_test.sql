-- server: wal_keep_size=0
-- set: min_retained=20MB, keep=1GB

-- quiet
-- @superuser
SELECT pg_create_physical_replication_slot('never_used');
-- @superuser
SELECT pg_create_physical_replication_slot('keeps_little', true);
CREATE TABLE app.filler (n int);
-- @superuser
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 150000 THEN
        EXECUTE format('GRANT ALTER SYSTEM ON PARAMETER max_slot_wal_keep_size TO %I', current_database() || '_healer');
    END IF;
    EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO %I', current_database() || '_healer');
END $$;

-- setup
INSERT INTO app.filler VALUES (1);
-- @superuser
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);
-- @superuser
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);

-- want
setting max_slot_wal_keep_size refused for want of rights: the healer may change the setting

-- want (15)
setting max_slot_wal_keep_size

-- plan
ALTER SYSTEM SET max_slot_wal_keep_size = E'1GB'
SELECT pg_catalog.pg_reload_conf()

-- case: it was chosen by somebody
-- server: max_slot_wal_keep_size=-1
-- requires: pg>=15
-- set: min_retained=20MB, keep=1GB

-- setup
-- @superuser
SELECT pg_create_physical_replication_slot('keeps_some', true);
CREATE TABLE app.filler (n int);
-- @superuser
DO $$ BEGIN
    EXECUTE format('GRANT ALTER SYSTEM ON PARAMETER max_slot_wal_keep_size TO %I', current_database() || '_healer');
    EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO %I', current_database() || '_healer');
END $$;
INSERT INTO app.filler VALUES (1);
-- @superuser
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);
-- @superuser
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);

-- want
setting max_slot_wal_keep_size

-- plan
ALTER SYSTEM SET max_slot_wal_keep_size = E'1GB'
SELECT pg_catalog.pg_reload_conf()
