-- rule: collation/database-version
-- title: Indexes are sorted as an older version of the database's collation sorted
-- scope: database
-- every: 6h
-- severity: critical
-- risk: medium
-- hazards: reindex, collation
-- requires: pg>=15
-- reads: catalog
-- cooldown: 24h

-- detect
SELECT d.oid, '' AS schema, d.datname AS name, 'database' AS kind,
       pg_catalog.pg_get_userbyid(d.datdba) AS owner,
       d.recorded, d.actual, d.actual || ' / ' || COALESCE(d.recorded, '') AS definition,
       u.indexes, u.exclusion, u.catalog
  FROM (SELECT b.oid, b.datname, b.datdba, pg_catalog.to_jsonb(b) ->> 'datcollversion' AS recorded,
               pg_catalog.pg_database_collation_actual_version(b.oid) AS actual
          FROM pg_catalog.pg_database AS b
         WHERE b.datname = pg_catalog.current_database()) AS d
 CROSS JOIN (SELECT pg_catalog.count(*) AS indexes, pg_catalog.bool_or(i.indisexclusion) AS exclusion, pg_catalog.bool_or(x.oid < 16384) AS catalog
               FROM pg_catalog.pg_index AS i
               JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.relpersistence <> 't'
               -- 100 is the collation "default" (src/include/catalog/pg_collation.dat).
              WHERE 100::oid = ANY (pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[])) AS u
 -- A version that was never recorded is not known to be right.
 WHERE d.actual IS NOT NULL AND d.actual IS DISTINCT FROM d.recorded

-- guard: the recorded version can be set
SELECT 'no version was recorded, and REFRESH COLLATION VERSION cannot begin; REINDEX the text indexes by hand'
 WHERE @recorded IS NULL

-- guard: each index can be built again beside itself
SELECT CASE WHEN @exclusion::bool THEN 'an exclusion constraint sorts by it, whose index cannot be rebuilt concurrently'
            ELSE 'an index of a system catalog sorts by it' END
 WHERE @exclusion::bool OR @catalog::bool

-- measure
SELECT pg_catalog.sum(pg_catalog.pg_relation_size(i.indexrelid)) AS indexes_size
  FROM pg_catalog.pg_index AS i
 WHERE 100::oid = ANY (pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[])

-- repair: session, deadline=4h
-- What an interrupted rebuild left is index/reindex-leftover's: rebuilding it would make a second index of it.
-- each: SELECT n.nspname AS schema, x.relname AS name, pg_catalog.pg_get_userbyid(x.relowner) AS owner
--   FROM pg_catalog.pg_index AS i
--   JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.relpersistence <> 't'
--   JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
--  WHERE 100::oid = ANY (pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[]) AND i.indislive
--    AND (i.indisvalid OR x.relname !~ '_cc(new|old)\d*$')
--  ORDER BY n.nspname, x.relname
-- fails: 23505 -> data/duplicate-rows
REINDEX INDEX CONCURRENTLY {each.schema}.{each.name};
ALTER DATABASE {name} REFRESH COLLATION VERSION;

-- verify: within=10s
SELECT 'the recorded version is not the actual one'
  FROM pg_catalog.pg_database AS b
 WHERE b.oid = @oid AND pg_catalog.to_jsonb(b) ->> 'datcollversion' IS DISTINCT FROM pg_catalog.pg_database_collation_actual_version(b.oid)
UNION ALL
SELECT 'an index is not valid'
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
 WHERE 100::oid = ANY (pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[])
   AND NOT i.indisvalid AND x.relname !~ '_cc(new|old)\d*$'

-- undo: none, because the indexes are sorted by the version that is there now, and saying otherwise would be wrong

-- guidance
-- The C library or ICU was upgraded, or the data directory moved to another host, and text without a COLLATE now sorts in
-- another order. The indexes are still in the old one: lookups miss rows that are there, and unique indexes let
-- duplicates in. At each connection the server warns: "database has a collation version mismatch".
--
-- Every index that sorts by the database's collation is rebuilt, one after the other, and only then is the new version
-- recorded. Recorded first, the warning would be gone and the corruption would stay.
--
-- **It does not mend** rows in the wrong partition of a table that is partitioned by text, CHECK constraints that compare
-- text, and materialized views. **A superuser's database** (postgres owns most): run the printed statements yourself, or
-- `ALTER DATABASE name OWNER TO` a role that the healer may become.
--
-- **If a unique index cannot be rebuilt,** rows became duplicate while it was wrong: data/duplicate-rows takes over, and the
-- version is not recorded.
