-- measure
SELECT pg_catalog.pg_relation_size(c.oid) AS size
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = @schema AND c.relname = @name

-- repair: session, deadline=4h
REINDEX INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT CASE WHEN NOT i.indisvalid THEN 'the index is not valid'
            ELSE pg_catalog.format('it was %s and is %s: there was less to win than it seemed', pg_catalog.pg_size_pretty(@size::int8), pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid))) END
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
 WHERE n.nspname = @schema AND c.relname = @name
   AND (NOT i.indisvalid OR pg_catalog.pg_relation_size(c.oid) > 0.9 * @size::int8)
UNION ALL
SELECT 'the index is gone'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = @schema AND c.relname = @name)

-- undo: none, because the new index holds the same, in less space
