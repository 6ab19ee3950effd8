SELECT pg_catalog.format('rows of %s refer to it by the foreign key %I, %s', k.conrelid::regclass, k.conname, w.why)
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
 CROSS JOIN LATERAL (
       SELECT CASE WHEN k.confdeltype = 'c' THEN 'which would delete them too'
                   WHEN k.confdeltype NOT IN ('a', 'r') THEN 'which would change them'
                   WHEN NOT (pg_catalog.has_schema_privilege(@owner::name, c.relnamespace, 'USAGE') AND pg_catalog.has_table_privilege(@owner::name, c.oid, 'SELECT'))
                        THEN pg_catalog.format('and its owner cannot see which ones: GRANT SELECT ON %s TO %I, and USAGE on its schema', c.oid::regclass, @owner)
                   WHEN EXISTS (SELECT FROM pg_catalog.pg_operator AS o WHERE o.oid = ANY (k.conpfeqop) AND o.oprnamespace <> 'pg_catalog'::regnamespace)
                        THEN 'which compares in a way of its own'
                   WHEN EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) AS u(attnum, key_attnum)
                                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
                                  JOIN pg_catalog.pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = u.key_attnum
                                 WHERE a.attcollation <> b.attcollation)
                        THEN 'whose columns have other collations'
                   WHEN c.relrowsecurity AND (c.relforcerowsecurity OR c.relowner <> (SELECT o.oid FROM pg_catalog.pg_roles AS o WHERE o.rolname = @owner))
                        THEN 'and row level security may hide some from its owner'
                   WHEN c.reltuples > 10000 AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i
                                                             WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = ANY (k.conkey))
                        THEN 'and no index leads with its columns, so each row that goes would read all of them' END AS why) AS w
