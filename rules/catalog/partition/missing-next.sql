-- rule: partition/missing-next
-- title: The next ranges of a partitioned table have no partition
-- scope: database
-- every: 1h
-- on: no_partition_for_row
-- severity: critical
-- risk: low
-- hazards: create_table, attach
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
       l.ranges AS partitions, l.child_schema, l.tablespace, l.special
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
              pg_catalog.count(DISTINCT c.relnamespace) = 1 AS one_schema, pg_catalog.bool_and(c.relkind = 'r') AS plain,
              COALESCE(pg_catalog.max(s.spcname::text), '') AS tablespace,
              -- What CREATE TABLE … (LIKE …) would not give a new one.
              CASE WHEN pg_catalog.bool_or(c.relacl IS NOT NULL) THEN 'grants'
                   WHEN pg_catalog.bool_or(c.relrowsecurity) THEN 'row level security'
                   WHEN pg_catalog.bool_or(c.reloptions IS NOT NULL) THEN 'storage parameters'
                   WHEN pg_catalog.bool_or(c.relreplident <> 'd') THEN 'a replica identity'
                   WHEN pg_catalog.bool_or(c.relowner <> t.relowner) THEN 'another owner'
                   WHEN pg_catalog.bool_or(c.relam <> (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'heap')) THEN 'another access method'
                   WHEN pg_catalog.bool_or(c.reltablespace <> 0) THEN 'a tablespace'
                   WHEN pg_catalog.bool_or(EXISTS (SELECT FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
                                                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS h WHERE h.tgrelid = t.oid AND h.tgname = g.tgname)))
                        THEN 'triggers' END AS special
         FROM pg_catalog.pg_inherits AS i
         JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
         JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
         LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
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
  FROM (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', c.relname, 'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid)))::text AS ranges
          FROM pg_catalog.pg_inherits AS i
          JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = @oid) AS r

-- guard: the ranges are uniform
SELECT @obstacle WHERE @obstacle::text <> ''

-- guard: its partitions are like itself
SELECT pg_catalog.format('the partitions have %s of their own, which a new one would lack', @special) WHERE @special::text IS NOT NULL

-- guard: nobody else makes the partitions
SELECT pg_catalog.format('the extension %s is installed, and may make them', e.extname)
  FROM pg_catalog.pg_extension AS e
 WHERE e.extname IN ('pg_partman', 'timescaledb', 'pg_pathman', 'citus')

-- guard: the names are free
SELECT pg_catalog.format('%I.%I is there already and is no partition', @child_schema, c.relname)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v) ON c.relname = m.v ->> 'name'
 WHERE c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = @child_schema)

-- guard: the DEFAULT partition is small enough to be looked through under a lock
SELECT pg_catalog.format('it has %s bytes, and ATTACH reads all of it while nobody else can', @default_size)
 WHERE @default_size::int8 > @max_default

-- guard: the DEFAULT partition holds no row of a missing range
SELECT 'there is one; see partition/default-rows'
  FROM {default_schema}.{default_name} AS r
 WHERE @default_oid::oid <> 0
   AND r.{column}::text IS NOT NULL
   AND EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
                WHERE CASE WHEN @integer::bool
                           THEN r.{column}::text::numeric >= (m.v ->> 'from')::numeric AND r.{column}::text::numeric < (m.v ->> 'to')::numeric
                           ELSE r.{column}::text::timestamptz >= (m.v ->> 'from')::timestamptz
                                AND r.{column}::text::timestamptz < (m.v ->> 'to')::timestamptz END)
 LIMIT 1

-- repair: transaction, lock_timeout=500ms, deadline=10m
-- A table of its own first, which locks nobody out; indexes, foreign keys and triggers come with ATTACH.
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
CREATE TABLE {child_schema}.{each.name} (LIKE {schema}.{name} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY);
-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
ALTER TABLE {schema}.{name} ATTACH PARTITION {child_schema}.{each.name} FOR VALUES FROM ({each.low:literal}) TO ({each.high:literal});

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
-- ones. Where the last three ranges are not equally wide, or leave a gap, nothing is made.
--
-- **Prevention.** A job that makes partitions well ahead, and an alarm on its failure. Where pg_partman or
-- TimescaleDB is installed, this rule only reports: find out why that does not run.
