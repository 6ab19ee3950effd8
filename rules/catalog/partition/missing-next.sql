-- rule: partition/missing-next
-- title: The next ranges of a partitioned table have no partition
-- scope: database
-- every: 1h
-- on: no_partition_for_row
-- severity: critical
-- risk: low
-- hazards: create_table, attach, constraint, grant, reloptions, row_security, policy, alter_policy, replica_identity
-- requires: pg>=13
-- reads: rows
-- logic: next-partitions
-- cooldown: 1m
-- param horizon: integer = 2
-- param max_default: bytes = 100MB

-- detect
-- include: partition/by-range
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
-- include: partition/ranges

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

-- include: partition/makeable

-- repair: transaction, lock_timeout=500ms, deadline=10m
-- A table of its own first, which locks nobody out; foreign keys and triggers come with ATTACH. The CHECK says what ATTACH would
-- look for in its rows under its lock. There is none for the DEFAULT partition: until ATTACH it would refuse the rows of the range.
-- include: partition/like-the-last
-- include: partition/attach

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
-- its indexes, tablespace, storage parameters, grants (on columns too), policies, row level security, foreign keys and replica identity
-- come along; its own CHECKs do not, which most often say its range. Where the table itself has a tablespace, for new ones, that
-- counts. What cannot be brought, such as a trigger of its own or another owner, is said with the reason, and nothing is made.
--
-- Where the DEFAULT partition took rows of a missing range already, `partition/default-rows` makes that partition and moves
-- them; this rule waits for it, and goes on in the same run.
--
-- **Prevention.** A job that makes partitions well ahead, and an alarm on its failure. Where pg_partman or
-- TimescaleDB is installed, this rule only reports: find out why that does not run.
