SELECT t.oid, n.nspname AS schema, t.relname AS name, t.oid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       a.attname AS column, y.typname AS key_type, y.typname LIKE 'int_' AS integer,
       p.partdefid AS default_oid, COALESCE(d.relname, t.relname) AS default_name, COALESCE(dn.nspname, n.nspname) AS default_schema,
       COALESCE(d.relpages, 0)::int8 * pg_catalog.current_setting('block_size')::int8 AS default_size,
       l.ranges AS partitions, l.child_schema
  FROM pg_catalog.pg_partitioned_table AS p
  JOIN pg_catalog.pg_class AS t ON t.oid = p.partrelid AND t.relpersistence = 'p'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = p.partattrs[0]
  JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid AND y.typname IN ('date', 'timestamp', 'timestamptz', 'int2', 'int4', 'int8')
                               AND y.typnamespace = 'pg_catalog'::regnamespace
  LEFT JOIN pg_catalog.pg_class AS d ON d.oid = p.partdefid
  LEFT JOIN pg_catalog.pg_namespace AS dn ON dn.oid = d.relnamespace
 CROSS JOIN LATERAL (
       SELECT pg_catalog.count(*) AS ranges, pg_catalog.min(cn.nspname::text) AS child_schema,
              pg_catalog.count(DISTINCT c.relnamespace) = 1 AS one_schema, pg_catalog.bool_and(c.relkind = 'r') AS plain
         FROM pg_catalog.pg_inherits AS i
         JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
         JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
        WHERE i.inhparent = t.oid AND c.oid <> p.partdefid) AS l
 WHERE p.partstrat = 'r' AND p.partnatts = 1 AND p.partattrs[0] > 0
   AND NOT t.relispartition
   AND l.ranges > 0 AND l.plain AND l.one_schema
