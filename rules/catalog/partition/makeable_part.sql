-- guard: the ranges are uniform
SELECT @obstacle WHERE @obstacle::text <> ''

-- guard: a new partition can be made like the last one
SELECT pg_catalog.format('%s has %s', @last_range, x.what)
  FROM pg_catalog.pg_class AS c
 CROSS JOIN LATERAL (
       SELECT CASE WHEN c.relowner <> (SELECT t.relowner FROM pg_catalog.pg_class AS t WHERE t.oid = @oid) THEN 'another owner than the table, who would have to make it'
                   WHEN c.relreplident = 'i' THEN 'an index as its replica identity, and that of a new one has no name yet'
                   WHEN c.relforcerowsecurity THEN 'row level security that is forced on its owner, who could not see whether a new one is still empty'
                   WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS x WHERE x.grantor <> c.relowner)
                        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS b CROSS JOIN LATERAL pg_catalog.aclexplode(b.attacl) AS x
                                    WHERE b.attrelid = c.oid AND x.grantor <> c.relowner) THEN 'grants that are not its owner''s to give'
                   -- Inside of a subquery, and of a whole row, the server prints its name, which is not that of a new one.
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_policy AS y
                                 WHERE y.polrelid = c.oid AND pg_catalog.concat(y.polqual::text, y.polwithcheck::text) ~ 'SUBLINK|:varattno 0 ')
                        THEN 'a policy that looks at other tables or at whole rows, whose text holds the partition''s name'
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
                                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS h WHERE h.tgrelid = @oid AND h.tgname = g.tgname))
                        THEN 'a trigger of its own, whose definition holds the partition''s name'
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = c.oid) THEN 'a rule of its own, whose definition holds the partition''s name' END AS what) AS x
 WHERE c.oid = @last_oid::oid AND x.what IS NOT NULL

-- guard: its owner may make what the last one has
SELECT pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', @child_schema, @owner)
 WHERE NOT pg_catalog.has_schema_privilege(@owner::name, @child_schema::text, 'CREATE')
UNION ALL
SELECT pg_catalog.format('GRANT CREATE ON TABLESPACE %I TO %I', s.spcname, @owner)
  FROM pg_catalog.pg_tablespace AS s
 WHERE s.oid IN (SELECT COALESCE(NULLIF(t.reltablespace, 0), c.reltablespace)
                   FROM pg_catalog.pg_class AS t CROSS JOIN pg_catalog.pg_class AS c WHERE t.oid = @oid AND c.oid = @last_oid::oid
                 UNION ALL
                 SELECT x.reltablespace
                   FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid WHERE i.indrelid = @last_oid::oid)
   AND NOT pg_catalog.has_tablespace_privilege(@owner::name, s.oid, 'CREATE')
UNION ALL
SELECT pg_catalog.format('GRANT REFERENCES ON %s TO %I', k.confrelid::regclass, @owner)
  FROM pg_catalog.pg_constraint AS k
 WHERE k.conrelid = @last_oid::oid AND k.contype = 'f' AND k.conparentid = 0
   AND NOT pg_catalog.has_any_column_privilege(@owner::name, k.confrelid, 'REFERENCES')

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
