       -- How full a new one would be made.
       COALESCE((SELECT pg_catalog.split_part(o, '=', 2)::float8 FROM pg_catalog.unnest(x.reloptions) AS o WHERE o LIKE 'fillfactor=%'), 90) / 100 AS fill
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
  JOIN pg_catalog.pg_am AS m ON m.oid = x.relam AND m.amname = 'btree'
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid AND t.relpersistence <> 't' AND t.relkind IN ('r', 'm')
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
 WHERE i.indisvalid AND i.indisready AND i.indislive AND NOT i.indisexclusion
   AND x.relpages > 2
   AND x.relpages * pg_catalog.current_setting('block_size')::int8 >= @min_size
