-- guard: the ranges are uniform
SELECT @obstacle WHERE @obstacle::text <> ''

-- guard: a new partition can be made like the last one
SELECT pg_catalog.format('%s has %s, which a new one would lack', @last_range, x.what)
  FROM pg_catalog.pg_class AS c
 CROSS JOIN LATERAL (
       SELECT CASE WHEN c.relowner <> (SELECT t.relowner FROM pg_catalog.pg_class AS t WHERE t.oid = @oid) THEN 'another owner'
                   WHEN c.relam <> (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'heap') THEN 'another access method'
                   WHEN c.reltablespace <> 0 THEN 'a tablespace of its own'
                   WHEN c.relreplident NOT IN ('d', 'f') THEN 'a replica identity of its own'
                   WHEN c.relforcerowsecurity THEN 'row level security that is forced on its owner'
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_policy AS y WHERE y.polrelid = c.oid) THEN 'policies of its own'
                   WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS x WHERE x.grantor <> c.relowner) THEN 'grants that are not its owner''s'
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute AS b WHERE b.attrelid = c.oid AND b.attacl IS NOT NULL) THEN 'grants on columns'
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0) THEN 'foreign keys of its own'
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
                                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS h WHERE h.tgrelid = @oid AND h.tgname = g.tgname))
                        THEN 'triggers of its own' END AS what) AS x
 WHERE c.oid = @last_oid::oid AND x.what IS NOT NULL

-- guard: nobody else makes the partitions
SELECT pg_catalog.format('the extension %s is installed, and may make them', e.extname)
  FROM pg_catalog.pg_extension AS e
 WHERE e.extname IN ('pg_partman', 'timescaledb', 'pg_pathman', 'citus')

-- guard: what it would change is not replicated
SELECT pg_catalog.format('it is published by %I, and DDL is not replicated: subscribers would be sent what they have no place for', p.pubname)
  FROM pg_catalog.pg_publication_tables AS p
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.schemaname
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.tablename
 WHERE c.oid = @oid OR c.oid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = @oid)
UNION ALL
SELECT pg_catalog.format('it is filled by the subscription %I, and its definition is the publisher''s', s.subname)
  FROM pg_catalog.pg_subscription_rel AS r
  JOIN pg_catalog.pg_stat_subscription AS s ON s.subid = r.srsubid
 WHERE r.srrelid = @oid OR r.srrelid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = @oid)

-- guard: the names are free
SELECT pg_catalog.format('%I.%I is there already and is no partition', @child_schema, c.relname)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v) ON c.relname = m.v ->> 'name'
 WHERE c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = @child_schema)

-- guard: the DEFAULT partition is small enough to be looked through under a lock
SELECT pg_catalog.format('it has %s bytes, and ATTACH reads all of it while nobody else can', @default_size)
 WHERE @default_size::int8 > @max_default
