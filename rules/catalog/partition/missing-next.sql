-- rule: partition/missing-next
-- title: The next ranges of a partitioned table have no partition
-- scope: database
-- every: 1h
-- on: no_partition_for_row
-- severity: critical
-- risk: low
-- hazards: create_table, attach, constraint, grant, reloptions, row_security, replica_identity
-- requires: pg>=13
-- reads: rows
-- logic: next-partitions
-- cooldown: 1m
-- param horizon: integer = 2
-- param max_default: bytes = 100MB

-- detect
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
   AND (@event.table IS NULL OR t.relname = @event.table)
   AND (@event.schema IS NULL OR n.nspname = @event.schema)
   -- Where integers count, the greatest one has to be found at once.
   AND (y.typname NOT LIKE 'int_'
        OR EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indrelid = t.oid AND x.indisvalid AND x.indpred IS NULL AND x.indkey[0] = a.attnum))
 ORDER BY n.nspname, t.relname

-- capture
SELECT r.ranges,
       CASE WHEN @integer::bool THEN (SELECT pg_catalog.max(v.{column})::text FROM {schema}.{name} AS v WHERE @integer::bool)
            WHEN @key_type::text = 'date' THEN pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD')
            WHEN @key_type::text = 'timestamp' THEN pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS')
            ELSE pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS+00') END AS position
  FROM (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', c.relname, 'oid', c.oid::text, 'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid)))::text AS ranges
          FROM pg_catalog.pg_inherits AS i
          JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = @oid) AS r

-- prove
-- What the DEFAULT partition took of a missing range has to be moved first, by the repair that makes that partition, too.
SELECT CASE WHEN EXISTS (SELECT FROM {default_schema}.{default_name} AS r
          WHERE @default_oid::oid <> 0 AND @default_size::int8 <= @max_default
            AND r.{column}::text IS NOT NULL
            AND EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
                         WHERE CASE WHEN @integer::bool
                                    THEN r.{column}::text::numeric >= (m.v ->> 'from')::numeric AND r.{column}::text::numeric < (m.v ->> 'to')::numeric
                                    ELSE r.{column}::text::timestamptz >= (m.v ->> 'from')::timestamptz
                                         AND r.{column}::text::timestamptz < (m.v ->> 'to')::timestamptz END))
            THEN 'partition/default-rows' END AS blocked_by

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

-- repair: transaction, lock_timeout=500ms, deadline=10m
-- A table of its own first, which locks nobody out; foreign keys and triggers come with ATTACH. The CHECK says what ATTACH would
-- look for in its rows under its lock. There is none for the DEFAULT partition: until ATTACH it would refuse the rows of the range.
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
-- as: owner
ALTER TABLE {schema}.{name} DETACH PARTITION {child_schema}.{each.name};
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- assert: SELECT 'the partition holds rows by now' FROM {child_schema}.{each.name} AS r LIMIT 1
-- as: owner
DROP TABLE {child_schema}.{each.name};

-- guidance
-- Nobody made the next partitions. From the first moment after the last range on, every INSERT fails with 23514
-- (`no partition of relation … found for row`), or all rows go to the DEFAULT partition, which makes adding the
-- missing one harder every minute.
--
-- Made are the partitions for now and the next `horizon` intervals, with the width and the naming of the last
-- ones. Where the last three ranges are not equally wide, or leave a gap, nothing is made. A new one is like the last one:
-- its indexes, storage parameters, grants, row level security and replica identity come along; its own CHECKs do not, which
-- most often say its range. What cannot be brought (triggers or policies of its own, another owner) is said, and nothing is made.
--
-- Where the DEFAULT partition took rows of a missing range already, `partition/default-rows` makes that partition and moves
-- them; this rule waits for it, and goes on in the same run.
--
-- **Prevention.** A job that makes partitions well ahead, and an alarm on its failure. Where pg_partman or
-- TimescaleDB is installed, this rule only reports: find out why that does not run.
