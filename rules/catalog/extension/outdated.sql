-- rule: extension/outdated
-- title: An extension's objects are older than its library
-- scope: database
-- every: 24h
-- severity: info
-- risk: high
-- hazards: extension
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h

-- detect
SELECT e.oid, '' AS schema, e.extname AS name, 'extension' AS kind,
       pg_catalog.pg_get_userbyid(e.extowner) AS owner,
       e.extversion AS installed, a.default_version AS version,
       e.extversion AS definition
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_available_extensions AS a ON a.name = e.extname
 WHERE a.default_version <> e.extversion
 ORDER BY e.extname

-- capture
-- There is a way from the one to the other; after a downgrade of the package there is none.
SELECT u.path AS by_way_of
  FROM pg_catalog.pg_extension_update_paths(@name) AS u
 WHERE u.source = @installed AND u.target = @version AND u.path IS NOT NULL

-- measure
SELECT e.extversion AS version FROM pg_catalog.pg_extension AS e WHERE e.extname = @name

-- repair: transaction, lock_timeout=500ms, deadline=10m
ALTER EXTENSION {name} UPDATE TO {version:literal};

-- verify: within=5s
SELECT 'it is of version ' || e.extversion
  FROM pg_catalog.pg_extension AS e
 WHERE e.extname = @name AND e.extversion <> @version

-- undo: none, because extensions bring no scripts that lead back

-- guidance
-- The package with the extension's library was updated, and the SQL objects in this database were not. Often that works
-- for years; new functions are missing, and fixes that need new SQL are not there.
--
-- **Before you approve.** Read the extension's release notes: some updates rebuild indexes or change results. PostGIS and
-- TimescaleDB have update procedures of their own. Try it on a copy; there is no way back but a restore.
--
-- **As whom.** The extension's owner; one that is not trusted needs a superuser:
-- `ALTER EXTENSION name UPDATE`
--
-- **Prevention.** Make it part of every upgrade of the package, in every database, and in template1.
