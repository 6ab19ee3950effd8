-- rule: slot/unbounded
-- title: Nothing bounds the WAL that an inactive replication slot keeps
-- scope: cluster
-- every: 15m
-- severity: warning
-- risk: medium
-- hazards: alter_system, reload
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h
-- param min_retained: bytes = 1GB
-- param keep: bytes = 64GB

-- detect
SELECT 0::oid AS oid, '' AS schema, 'max_slot_wal_keep_size' AS name, 'setting' AS kind,
       g.setting AS was, COALESCE(g.sourcefile LIKE '%/postgresql.auto.conf', false) AS by_alter_system,
       g.source, i.slots,
       -- At least twice what is kept already, so that nothing is lost by it; a power of two stays the same for a while.
       (SELECT pg_catalog.min(b.gb) || 'GB'
          FROM (SELECT 1024 AS gb UNION ALL SELECT 512 UNION ALL SELECT 256 UNION ALL SELECT 128 UNION ALL SELECT 64 UNION ALL SELECT 32
                UNION ALL SELECT 16 UNION ALL SELECT 8 UNION ALL SELECT 4 UNION ALL SELECT 2 UNION ALL SELECT 1) AS b
         WHERE b.gb * 1073741824::int8 >= GREATEST(@keep, 2 * i.retained)) AS bound,
       i.retained AS retained_bytes
  FROM pg_catalog.pg_settings AS g
 CROSS JOIN LATERAL (
       SELECT pg_catalog.string_agg(s.slot_name::text, ', ' ORDER BY s.slot_name) AS slots,
              pg_catalog.max(pg_catalog.pg_wal_lsn_diff(w.lsn, s.restart_lsn))::int8 AS retained
         FROM pg_catalog.pg_replication_slots AS s
-- include: slot/position
        WHERE NOT s.active AND NOT s.temporary AND s.restart_lsn IS NOT NULL) AS i
 WHERE g.name = 'max_slot_wal_keep_size' AND g.setting = '-1'
   AND i.retained >= @min_retained
   -- Since 18 a slot that idles for too long is given up by itself.
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_settings AS t WHERE t.name = 'idle_replication_slot_timeout' AND t.setting <> '0')

-- guard: no more is kept than the greatest bound
SELECT 'the slots keep more than 512 GB; look at them first' WHERE @bound::text IS NULL

-- include: settings/alter-system

-- guard: the healer may change the setting
SELECT pg_catalog.format('before 15 only a superuser may run: ALTER SYSTEM SET max_slot_wal_keep_size = %L', @bound)
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname = @healer AND NOT r.rolsuper

-- guard (15): the healer may change the setting
SELECT pg_catalog.format('GRANT ALTER SYSTEM ON PARAMETER max_slot_wal_keep_size TO %1$I; GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO %1$I', @healer)
 WHERE NOT (pg_catalog.has_parameter_privilege(@healer, 'max_slot_wal_keep_size', 'ALTER SYSTEM')
            AND pg_catalog.has_function_privilege(@healer, 'pg_catalog.pg_reload_conf()', 'EXECUTE'))

-- repair: session, deadline=1m
ALTER SYSTEM SET max_slot_wal_keep_size = {bound:literal};
SELECT pg_catalog.pg_reload_conf();

-- verify: within=10s
SELECT 'the setting is as it was'
  FROM pg_catalog.pg_settings AS g
 WHERE g.name = 'max_slot_wal_keep_size' AND g.setting = '-1'

-- undo: session, deadline=1m
-- if: SELECT 1 WHERE @by_alter_system::bool
ALTER SYSTEM SET max_slot_wal_keep_size = {was:literal};
-- if: SELECT 1 WHERE NOT @by_alter_system::bool
ALTER SYSTEM RESET max_slot_wal_keep_size;
SELECT pg_catalog.pg_reload_conf();

-- guidance
-- An inactive slot keeps WAL without a limit, because max_slot_wal_keep_size is -1. If its user does not come back,
-- the disk fills and the server stops. A bound turns that into one subscriber that has to begin anew.
--
-- The bound is at least twice what is kept now, and at least `keep` (64GB). Choose it by the disk: WAL for the
-- longest time a subscriber may be away, and at most half of what is free.
--
-- From 18 on there is `idle_replication_slot_timeout`, too. It is not what is set here: it bounds a time, in which a busy server
-- fills any disk, and it also gives up the slot of a standby that is away for a weekend and keeps hardly anything. Set it
-- yourself where you know how long each user of a slot may be away; this rule is silent then.
--
-- Before 15 only a superuser may run ALTER SYSTEM. From 15 on the healer can be granted this one setting; see
-- `pgmend plan`, which prints the GRANT.
