-- verify: within=10s
SELECT 'the index is not valid'
 WHERE @live::bool
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                    WHERE i.indrelid = @table_oid AND c.relname = @name AND i.indisvalid AND i.indisready)
UNION ALL
SELECT 'the index is still there'
  FROM pg_catalog.pg_class AS c
 WHERE NOT @live::bool AND c.oid = @oid
