-- rule: vacuum/wraparound-database
-- title: Transaction ids come near their end in a database that nobody can connect to
-- scope: cluster
-- every: 1h
-- severity: critical
-- risk: high
-- hazards: none
-- requires: pg>=13
-- reads: catalog
-- param factor: number = 1.5
-- param max_age: integer = 1000000000

-- detect
SELECT d.oid, '' AS schema, d.datname AS name, 'database' AS kind,
       pg_catalog.age(d.datfrozenxid) AS xid_age, pg_catalog.mxid_age(d.datminmxid) AS mxid_age,
       pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS true, then vacuumdb --freeze %I, then ALLOW_CONNECTIONS false', d.datname, d.datname) AS advice
  FROM pg_catalog.pg_database AS d
 WHERE NOT d.datallowconn
   -- A DROP DATABASE that was cut short leaves one that only another DROP DATABASE can end.
   AND d.datconnlimit <> -2
   AND (pg_catalog.age(d.datfrozenxid) >= LEAST(@factor::float8 * pg_catalog.current_setting('autovacuum_freeze_max_age')::float8, @max_age::float8)
        OR pg_catalog.mxid_age(d.datminmxid) >= LEAST(@factor::float8 * pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::float8, @max_age::float8))
 ORDER BY d.datname

-- guidance
-- The cluster stops when its oldest database does, and this one takes no connections, so nobody can vacuum it by hand.
-- Autovacuum can, and has not come: look for what holds the horizon (vacuum/horizon-holder) and whether autovacuum's
-- launcher runs (`SELECT * FROM pg_stat_activity WHERE backend_type LIKE 'autovacuum%'`).
--
-- To freeze it by hand, as a superuser: `ALTER DATABASE name ALLOW_CONNECTIONS true`, `vacuumdb --freeze name`, and
-- `ALLOW_CONNECTIONS false` again. For template0 that is the way as well.
