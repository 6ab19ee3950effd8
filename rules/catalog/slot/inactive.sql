-- rule: slot/inactive
-- title: A replication slot that nobody uses keeps WAL
-- scope: cluster
-- every: 5m
-- severity: critical
-- risk: high
-- hazards: drop_slot
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1h
-- param min_retained: bytes = 10GB
-- param min_age: duration = 1h

-- detect
SELECT 0::oid AS oid, '' AS schema, s.slot_name AS name, 'replication slot' AS kind,
       s.slot_type AS type, s.plugin, s.database, s.wal_status, s.safe_wal_size,
       pg_catalog.pg_wal_lsn_diff(w.lsn, s.restart_lsn)::int8 AS retained_bytes,
       pg_catalog.to_jsonb(s) ->> 'inactive_since' AS inactive_since
  FROM pg_catalog.pg_replication_slots AS s
-- include: slot/position
 WHERE COALESCE(s.wal_status, 'reserved') <> 'lost'
   AND pg_catalog.pg_wal_lsn_diff(w.lsn, s.restart_lsn) >= @min_retained
   -- Since 17 the server says since when; before, the WAL it keeps has to say it.
   AND COALESCE((pg_catalog.to_jsonb(s) ->> 'inactive_since')::timestamptz < pg_catalog.clock_timestamp() - @min_age::interval, true)
-- include: slot/ours

-- include: slot/droppable

-- repair: session, deadline=1m
SELECT pg_catalog.pg_drop_replication_slot(s.slot_name)
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_name = {name:literal} AND NOT s.active;

-- verify: within=5s
SELECT 'the slot is still there'
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_name = @name AND NOT s.active

-- undo: none, because the WAL that the slot kept is removed at the next checkpoint; its user has to begin anew

-- guidance
-- Somebody made the slot for a standby, a subscriber or a change-data-capture tool, and that is gone or down. The
-- server keeps all WAL since, until the disk is full and everything stops. A logical slot also keeps VACUUM from
-- cleaning the catalog.
--
-- **Ask first** whose slot it is: the name, the plugin and the database say most. If its user comes back, nothing
-- has to be done. Dropping the slot means that it has to copy everything again, so it needs an approval.
--
-- **Prevention.** `max_slot_wal_keep_size`, and from 18 on `idle_replication_slot_timeout`, turn a full disk into
-- one subscriber that has to begin anew.
