-- rule: settings/dangerous
-- title: The server runs with a setting or a fault that loses data
-- scope: cluster
-- every: 1h
-- severity: critical
-- risk: high
-- hazards: none
-- requires: pg>=13
-- reads: catalog

-- detect
SELECT 0::oid AS oid, '' AS schema, s.name, 'setting' AS kind, s.setting AS value, s.source,
       d.danger AS why,
       pg_catalog.format('ALTER SYSTEM SET %s = %s; SELECT pg_reload_conf();', s.name, d.sound) AS advice
  FROM pg_catalog.pg_settings AS s
  JOIN (SELECT 'fsync' AS name, 'off' AS bad, 'on' AS sound, 'after a crash of the host the database is lost' AS danger
        UNION ALL SELECT 'full_page_writes', 'off', 'on', 'a page that was half written in a crash stays torn'
        UNION ALL SELECT 'autovacuum', 'off', 'on', 'dead rows pile up, statistics age, and wraparound comes nearer'
        UNION ALL SELECT 'track_counts', 'off', 'on', 'autovacuum does not run without the counts'
        UNION ALL SELECT 'zero_damaged_pages', 'on', 'off', 'a page that cannot be read is silently emptied'
        UNION ALL SELECT 'ignore_checksum_failure', 'on', 'off', 'corrupt pages are used, and written back with a good checksum'
        UNION ALL SELECT 'ignore_invalid_pages', 'on', 'off', 'recovery goes on over pages that are not there'
        UNION ALL SELECT 'ignore_system_indexes', 'on', 'off', 'the catalog is read without its indexes'
        UNION ALL SELECT 'allow_in_place_tablespaces', 'on', 'off', 'it is for the tests of PostgreSQL only') AS d
    ON d.name = s.name AND d.bad = s.setting
UNION ALL
SELECT 0::oid, '', COALESCE(b.datname, '(shared objects)'), 'database', b.checksum_failures::text, 'statistics',
       pg_catalog.format('pages failed their checksums, last at %s: the storage returns other bytes than were written', b.checksum_last_failure),
       'stop writing to it, check the storage, restore from a backup'
  FROM pg_catalog.pg_stat_database AS b
 WHERE b.checksum_failures > 0
 ORDER BY 2, 3

-- guidance
-- The server works, and one event from now it will have lost data. Nothing is changed by pgmend, because
-- each of these was switched by somebody, perhaps for an import that runs right now.
--
-- **fsync, full_page_writes off.** Switch them on again and run a CHECKPOINT. What was written while fsync was
-- off is safe after `sync` on the host. Base backups and replicas from that time are not to be trusted.
--
-- **autovacuum, track_counts off.** Switch them on; expect a few hours of vacuuming. Single tables can be
-- exempted with `ALTER TABLE … SET (autovacuum_enabled = off)`.
--
-- **Checksum failures.** Do not restart, do not VACUUM, do not set zero_damaged_pages. Take a copy of the data
-- directory, find the relation in the server's log, check memory and disks, and restore from a backup that was
-- taken before the first failure.
