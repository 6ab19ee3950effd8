-- server: max_slot_wal_keep_size=16MB, max_wal_size=64MB, min_wal_size=32MB

-- quiet
-- Inactive, and nothing is lost.
-- @superuser
SELECT pg_create_physical_replication_slot('never_used');
-- @superuser
DO $$ BEGIN EXECUTE format('ALTER ROLE %I REPLICATION', current_database() || '_healer'); END $$;

-- setup
-- @superuser
SELECT pg_create_physical_replication_slot('standby_that_went', true);
CREATE TABLE app.filler (n int);
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
SELECT pg_switch_wal();
INSERT INTO app.filler VALUES (1);
-- @superuser
CHECKPOINT;
-- @superuser
CHECKPOINT;

-- want
replication slot standby_that_went

-- plan
SELECT pg_catalog.pg_drop_replication_slot(s.slot_name)\n  FROM pg_catalog.pg_replication_slots AS s\n WHERE s.slot_name = E'standby_that_went' AND s.wal_status = 'lost' AND NOT s.active
