-- guard: its owner may make a table beside it
SELECT pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', @schema, @owner)
 WHERE NOT pg_catalog.has_schema_privilege(@owner::name, @schema::text, 'CREATE')
UNION ALL
SELECT pg_catalog.format('the column %I has the name of one that a quarantine adds', a.attname)
  FROM pg_catalog.pg_attribute AS a
 WHERE a.attrelid = @table_oid AND a.attname ~ '^pgmend_(source|reason|moved|attempt|checksum)$'
