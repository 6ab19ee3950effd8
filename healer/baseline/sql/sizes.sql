-- How large plain tables are, of those in @oids. One of no size has no rows; one
-- of some size may have none.
SELECT c.oid, pg_catalog.pg_relation_size(c.oid) AS size
  FROM pg_catalog.pg_class AS c
 WHERE c.relkind = 'r' AND c.oid = ANY (pg_catalog.string_to_array(@oids, ',')::pg_catalog.oid[])
