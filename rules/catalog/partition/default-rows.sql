-- rule: partition/default-rows
-- title: The DEFAULT partition holds rows of ranges that have no partition
-- scope: database
-- every: 6h
-- severity: warning
-- risk: high
-- hazards: create_table, attach, constraint, grant, reloptions, row_security, replica_identity, move_rows, lock
-- requires: pg>=13
-- reads: rows
-- logic: default-ranges
-- cooldown: 1m
-- param max_rows: integer = 5000000
-- param max_moved: integer = 10000
-- param max_default: bytes = 100MB

-- detect
SELECT t.oid, n.nspname AS schema, t.relname AS name, t.oid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       a.attname AS column, y.typname AS key_type, y.typname LIKE 'int_' AS integer,
       p.partdefid AS default_oid, d.relname AS default_name, dn.nspname AS default_schema,
       d.relpages::int8 * pg_catalog.current_setting('block_size')::int8 AS default_size,
       l.ranges AS partitions, l.child_schema,
       (SELECT pg_catalog.jsonb_agg(b.attname ORDER BY b.attnum)
          FROM pg_catalog.pg_attribute AS b WHERE b.attrelid = t.oid AND b.attnum > 0 AND NOT b.attisdropped AND b.attgenerated = '') AS own_columns,
       (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', rn.nspname, 'table', rc.relname, 'name', r.conname,
                   'columns', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o) FROM pg_catalog.unnest(r.conkey) WITH ORDINALITY AS u(attnum, o)
                                 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.conrelid AND a.attnum = u.attnum),
                   'keys', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o) FROM pg_catalog.unnest(r.confkey) WITH ORDINALITY AS u(attnum, o)
                              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.confrelid AND a.attnum = u.attnum)) ORDER BY rn.nspname, rc.relname, r.conname)
          FROM pg_catalog.pg_constraint AS r
          JOIN pg_catalog.pg_class AS rc ON rc.oid = r.conrelid
          JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
         WHERE r.contype = 'f' AND r.conparentid = 0 AND r.confrelid IN (t.oid, p.partdefid)) AS referrers,
       d.relrowsecurity AND d.relforcerowsecurity AS secured
  FROM pg_catalog.pg_partitioned_table AS p
  JOIN pg_catalog.pg_class AS t ON t.oid = p.partrelid AND t.relpersistence = 'p'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = p.partattrs[0]
  JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid AND y.typname IN ('date', 'timestamp', 'timestamptz', 'int2', 'int4', 'int8')
                               AND y.typnamespace = 'pg_catalog'::regnamespace
  JOIN pg_catalog.pg_class AS d ON d.oid = p.partdefid AND d.relkind = 'r'
  JOIN pg_catalog.pg_namespace AS dn ON dn.oid = d.relnamespace
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
   AND d.reltuples <= @max_rows
 ORDER BY n.nspname, t.relname

-- capture
SELECT r.ranges, (SELECT pg_catalog.max(d.{column})::text FROM ONLY {default_schema}.{default_name} AS d) AS position
  FROM (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', c.relname, 'oid', c.oid::text, 'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid)))::text AS ranges
          FROM pg_catalog.pg_inherits AS i
          JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = @oid) AS r

-- prove
SELECT pg_catalog.count(*) AS misplaced
  FROM ONLY {default_schema}.{default_name} AS d
 WHERE d.{column} >= {covered_until:literal}
HAVING pg_catalog.count(*) > 0

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

-- guard: so few rows that they can be moved under one lock
SELECT pg_catalog.format('%s rows would be moved, and nobody could write to the DEFAULT partition meanwhile', @misplaced)
 WHERE @misplaced::int8 > @max_moved

-- guard: no foreign key acts on what refers to its rows
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
 WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN (@oid, @default_oid) AND w.why IS NOT NULL

-- guard: nothing refers to the rows that would be moved
SELECT pg_catalog.format('%s of the rows that would be moved are referred to by the foreign key %I of %I.%I', pg_catalog.count(*), r.v ->> 'name', r.v ->> 'schema', r.v ->> 'table')
  FROM (SELECT {referrer:sql} AS referrer
          FROM ONLY {default_schema}.{default_name} AS d
         WHERE d.{column} >= {covered_until:literal}) AS d
  JOIN pg_catalog.jsonb_array_elements(@referrers::jsonb) WITH ORDINALITY AS r(v, n) ON r.n = d.referrer
 WHERE @referrers::jsonb IS NOT NULL
 GROUP BY r.n, r.v
 ORDER BY r.n

-- guard: nothing of its own happens when its rows go
SELECT pg_catalog.format('the trigger %I would run', g.tgname)
  FROM pg_catalog.pg_trigger AS g
 WHERE g.tgrelid = @default_oid::oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'
   -- TRIGGER_TYPE_INSERT and TRIGGER_TYPE_DELETE of src/include/catalog/pg_trigger.h
   AND g.tgtype::int4 & 12 <> 0
UNION ALL
SELECT pg_catalog.format('the rule %I would run', w.rulename) FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = @default_oid::oid
UNION ALL
SELECT 'row level security is forced on its owner' WHERE @secured::bool

-- measure
SELECT pg_catalog.count(*) AS rows_in_default FROM ONLY {default_schema}.{default_name}

-- repair: transaction, lock_timeout=500ms, deadline=1m
-- What comes into the DEFAULT partition between the move and ATTACH would make ATTACH fail. The CHECK says what
-- ATTACH would look for in the rows that were moved, while nobody can read the DEFAULT partition.
-- as: owner
LOCK TABLE ONLY {default_schema}.{default_name} IN SHARE ROW EXCLUSIVE MODE;
-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
CREATE TABLE {child_schema}.{each.name} (LIKE {child_schema}.{last_range} INCLUDING ALL EXCLUDING IDENTITY,
  CONSTRAINT pgmend_range CHECK ({column} IS NOT NULL AND {column} >= {each.low:literal} AND {column} < {each.high:literal}));
-- each: SELECT m.v ->> 'name' AS name, k.conname AS check
--         FROM pg_catalog.pg_constraint AS k CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE k.conrelid = @last_oid::oid AND k.contype = 'c' AND k.coninhcount = 0
-- as: owner
ALTER TABLE {child_schema}.{each.name} DROP CONSTRAINT {each.check};
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.lower(x.privilege_type) AS privilege,
--              CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee
--         FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS x
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND x.grantee <> c.relowner AND NOT x.is_grantable
-- as: owner
GRANT {each.privilege} ON TABLE {child_schema}.{each.name} TO {each.grantee};
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.lower(x.privilege_type) AS privilege,
--              CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee
--         FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS x
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND x.grantee <> c.relowner AND x.is_grantable
-- as: owner
GRANT {each.privilege} ON TABLE {child_schema}.{each.name} TO {each.grantee} WITH GRANT OPTION;
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.split_part(o.o, '=', 1) AS option, pg_catalog.substr(o.o, pg_catalog.strpos(o.o, '=') + 1) AS value
--         FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.unnest(c.reloptions) AS o(o)
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid
-- as: owner
ALTER TABLE {child_schema}.{each.name} SET ({each.option} = {each.value:literal});
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.split_part(o.o, '=', 1) AS option, pg_catalog.substr(o.o, pg_catalog.strpos(o.o, '=') + 1) AS value
--         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_class AS s ON s.oid = c.reltoastrelid CROSS JOIN LATERAL pg_catalog.unnest(s.reloptions) AS o(o)
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid
-- as: owner
ALTER TABLE {child_schema}.{each.name} SET (toast.{each.option} = {each.value:literal});
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND c.relrowsecurity
-- as: owner
ALTER TABLE {child_schema}.{each.name} ENABLE ROW LEVEL SECURITY;
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND c.relreplident = 'f'
-- as: owner
ALTER TABLE {child_schema}.{each.name} REPLICA IDENTITY FULL;
-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
WITH gone AS (
  DELETE FROM ONLY {default_schema}.{default_name} AS d
   WHERE d.{column} >= {each.low:literal} AND d.{column} < {each.high:literal}
  RETURNING {own_columns:names}
)
INSERT INTO {child_schema}.{each.name} ({own_columns:names}) SELECT {own_columns:names} FROM gone;
-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
ALTER TABLE {schema}.{name} ATTACH PARTITION {child_schema}.{each.name} FOR VALUES FROM ({each.low:literal}) TO ({each.high:literal});
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
ALTER TABLE {child_schema}.{each.name} DROP CONSTRAINT pgmend_range;

-- verify: within=5s
SELECT pg_catalog.format('%s is no partition of it', m.v ->> 'name')
  FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
                     JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                    WHERE i.inhparent = @oid AND c.relname = m.v ->> 'name' AND c.relispartition)

-- undo: transaction, lock_timeout=500ms
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- assert: SELECT 'it holds so many rows by now that moving them would keep others waiting' FROM ONLY {child_schema}.{each.name} AS r OFFSET 10000 LIMIT 1
-- as: owner
ALTER TABLE {schema}.{name} DETACH PARTITION {child_schema}.{each.name};
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
INSERT INTO {default_schema}.{default_name} ({own_columns:names}) SELECT {own_columns:names} FROM {child_schema}.{each.name};
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
DROP TABLE {child_schema}.{each.name};

-- guidance
-- Nobody made the next partitions in time, and the DEFAULT partition took the rows. They are found, but no partition is
-- skipped or dropped as a whole any more, and none can be added: ATTACH and CREATE fail while the DEFAULT partition holds rows of the new range.
--
-- In one transaction the partitions are made up to the greatest key, with the width and the naming of the last ones and what the
-- last one has of its own (as in `partition/missing-next`), the rows are moved into them, and they are attached. No row leaves the
-- table, and nobody sees it without its rows. Meanwhile nobody can write to the DEFAULT partition, so it is done for at most
-- `max_moved` rows and a DEFAULT partition of `max_default`.
--
-- Where foreign keys refer to the table, rows are moved only while nothing refers to them; is one of them referred to, or would the
-- foreign key act (ON DELETE CASCADE, SET NULL, SET DEFAULT), it is left to a person, and the foreign key is named.
--
-- For more: make a partition table by hand, move the rows in batches into it while a view or the application reads both, and attach it in
-- the quietest hour. Rows before the first range, and keys that are NULL, stay where they are.
--
-- **Prevention.** `partition/missing-next` makes partitions ahead; or pg_partman. Have an alarm on rows in the DEFAULT partition.
