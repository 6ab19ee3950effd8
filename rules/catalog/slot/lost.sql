-- rule: slot/lost
-- title: A replication slot has lost its WAL and can never be used again
-- scope: cluster
-- every: 15m
-- severity: warning
-- risk: low
-- hazards: drop_slot
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1h

-- detect
SELECT 0::oid AS oid, '' AS schema, s.slot_name AS name, 'replication slot' AS kind,
       s.slot_type AS type, s.plugin, s.database, s.wal_status,
       -- From 16 on the server says when a logical slot lost rows instead of WAL; both are lost.
       pg_catalog.to_jsonb(s) ->> 'invalidation_reason' AS reason
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.wal_status = 'lost'
-- include: slot/ours

-- include: slot/droppable

-- repair: session, deadline=1m
SELECT pg_catalog.pg_drop_replication_slot(s.slot_name)
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_name = {name:literal} AND s.wal_status = 'lost' AND NOT s.active;

-- verify: within=5s
SELECT 'the slot is still there'
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_name = @name AND s.wal_status = 'lost'

-- undo: none, because a slot whose WAL is gone has nothing left to give; its subscriber has to begin anew

-- guidance
-- The subscriber or standby stayed away for so long that the server removed the WAL it still needed
-- (max_slot_wal_keep_size, or from 18 on idle_replication_slot_timeout). The slot cannot be used again; it only
-- counts against max_replication_slots and can hold the horizon of VACUUM.
--
-- **Then**: a physical standby is built anew (pg_basebackup or pg_rewind) with a new slot; a logical subscriber
-- needs its tables copied again (`ALTER SUBSCRIPTION … REFRESH PUBLICATION` after a TRUNCATE, or a new one).
--
-- **Prevention.** Alarm on inactive slots before the limit is reached (slot/inactive), and choose the limit by how
-- long a subscriber may be away.
