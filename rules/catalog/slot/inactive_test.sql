-- server: max_slot_wal_keep_size=-1
-- set: min_retained=20MB, min_age=0s

-- quiet
-- Reserves nothing, so it keeps nothing.
-- @superuser
SELECT pg_create_physical_replication_slot('never_used');
-- @superuser
DO $$ BEGIN EXECUTE format('ALTER ROLE %I REPLICATION', current_database() || '_healer'); END $$;
CREATE TABLE app.filler (n int);

-- setup
-- @superuser
SELECT pg_create_physical_replication_slot('old_cdc', true);
INSERT INTO app.filler VALUES (1);
-- @superuser
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);
-- @superuser
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);
-- @superuser
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);
-- @superuser
CHECKPOINT;
-- @superuser
SELECT pg_create_physical_replication_slot('made_just_now', true);

-- want
replication slot old_cdc

-- plan
SELECT pg_catalog.pg_drop_replication_slot(s.slot_name)\n  FROM pg_catalog.pg_replication_slots AS s\n WHERE s.slot_name = E'old_cdc' AND NOT s.active
