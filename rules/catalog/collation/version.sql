-- rule: collation/version
-- title: Indexes are sorted as an older version of a collation sorted
-- scope: database
-- every: 6h
-- severity: critical
-- risk: medium
-- hazards: reindex, collation
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h

-- detect
WITH used AS (
    -- By the keys of indexes: what is in no index's order has no order that could be wrong.
    SELECT k.id AS used_oid, pg_catalog.count(DISTINCT x.oid) AS indexes,
           pg_catalog.bool_or(i.indisexclusion) AS exclusion, pg_catalog.bool_or(x.oid < 16384) AS catalog
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.relpersistence <> 't'
     CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[]) AS k(id)
     -- 0 is none, 100 the database's own (src/include/catalog/pg_collation.dat).
     WHERE k.id NOT IN (0, 100)
     GROUP BY k.id
), versions AS (
    SELECT c.oid, c.collname, c.collnamespace, c.collowner, c.collversion AS recorded, u.indexes, u.exclusion, u.catalog,
           pg_catalog.pg_collation_actual_version(c.oid) AS actual
      FROM used AS u
      JOIN pg_catalog.pg_collation AS c ON c.oid = u.used_oid
)
SELECT v.oid, n.nspname AS schema, v.collname AS name, 'collation' AS kind,
       pg_catalog.pg_get_userbyid(v.collowner) AS owner,
       v.recorded, v.actual, v.actual || ' / ' || COALESCE(v.recorded, '') AS definition,
       v.indexes, v.exclusion, v.catalog,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_partitioned_table AS p
         WHERE v.oid = ANY (pg_catalog.string_to_array(p.partcollation::text, ' ')::oid[])) AS partitioned_tables
  FROM versions AS v
  JOIN pg_catalog.pg_namespace AS n ON n.oid = v.collnamespace
 -- A version that was never recorded is not known to be right.
 WHERE v.actual IS NOT NULL AND v.actual IS DISTINCT FROM v.recorded
 ORDER BY n.nspname, v.collname

-- guard: the recorded version can be set
SELECT 'no version was recorded, and REFRESH VERSION cannot begin; REINDEX by hand, then make the collation again'
 WHERE @recorded IS NULL

-- guard: each index can be built again beside itself
SELECT CASE WHEN @exclusion::bool THEN 'an exclusion constraint uses it, whose index cannot be rebuilt concurrently'
            ELSE 'an index of a system catalog uses it' END
 WHERE @exclusion::bool OR @catalog::bool

-- measure
SELECT pg_catalog.sum(pg_catalog.pg_relation_size(i.indexrelid)) AS indexes_size
  FROM pg_catalog.pg_index AS i
 WHERE @oid::oid = ANY (pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[])

-- repair: session, deadline=4h
-- What an interrupted rebuild left is index/reindex-leftover's: rebuilding it would make a second index of it.
-- each: SELECT n.nspname AS schema, x.relname AS name, pg_catalog.pg_get_userbyid(x.relowner) AS owner
--   FROM pg_catalog.pg_index AS i
--   JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.relpersistence <> 't'
--   JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
--  WHERE @oid::oid = ANY (pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[]) AND i.indislive
--    AND (i.indisvalid OR x.relname !~ '_cc(new|old)\d*$')
--  ORDER BY n.nspname, x.relname
-- fails: 23505 -> data/duplicate-rows
REINDEX INDEX CONCURRENTLY {each.schema}.{each.name};
ALTER COLLATION {schema}.{name} REFRESH VERSION;

-- verify: within=10s
SELECT 'the recorded version is not the actual one'
  FROM pg_catalog.pg_collation AS c
 WHERE c.oid = @oid AND c.collversion IS DISTINCT FROM pg_catalog.pg_collation_actual_version(c.oid)
UNION ALL
SELECT 'an index is not valid'
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
 WHERE @oid::oid = ANY (pg_catalog.string_to_array(i.indcollation::text, ' ')::oid[])
   AND NOT i.indisvalid AND x.relname !~ '_cc(new|old)\d*$'

-- undo: none, because the indexes are sorted by the version that is there now, and saying otherwise would be wrong

-- guidance
-- The C library or ICU was upgraded, or the data directory moved to another host, and now sorts text in another order.
-- The indexes are still in the old order: lookups miss rows that are there, and unique indexes let duplicates in.
--
-- Every index that sorts by the collation is rebuilt, and only then is the new version recorded. Recorded first, the
-- warning would be gone and the corruption would stay.
--
-- **It does not mend** rows that went into the wrong partition of a table that is partitioned by text
-- (`partitioned_tables`), CHECK constraints that compare text, and materialized views: look at those by hand.
--
-- **If a unique index cannot be rebuilt,** rows became duplicate while it was wrong: data/duplicate-rows takes over, and the
-- version is not recorded.
--
-- **For the database's own collation** see collation/database-version (15 and later). Before 15 that version is recorded
-- nowhere: after an upgrade of the C library rebuild all text indexes.
