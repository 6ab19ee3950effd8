-- rule: sequence/behind
-- title: A sequence is behind the column it fills, so inserts fail
-- scope: database
-- every: 10m
-- on: 23505
-- severity: critical
-- risk: low
-- hazards: alter_sequence
-- requires: pg>=13
-- reads: rows
-- cooldown: 1m
-- param max_tables: integer = 2000

-- detect
SELECT s.oid, n.nspname AS schema, s.relname AS name, t.oid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       tn.nspname AS table_schema, t.relname AS "table", a.attname AS column,
       q.seqincrement AS increment, q.seqmax AS max_value,
       CASE a.atttypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE 9223372036854775807 END AS column_max,
       t.reltuples AS rows,
       t.relkind = 'p' AS apart
  FROM (-- A serial or a shared sequence, by the column's default; an identity, by the sequence itself.
        SELECT d.refobjid AS seq, f.adrelid AS tab, f.adnum AS col
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
        UNION
        SELECT d.objid, d.refobjid, d.refobjsubid::int2
          FROM pg_catalog.pg_depend AS d
         WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
           AND d.deptype = 'i' AND d.refobjsubid > 0) AS x
  JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = x.seq
  JOIN pg_catalog.pg_class AS s ON s.oid = x.seq
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_class AS t ON t.oid = x.tab AND t.relkind IN ('r', 'p') AND t.relpersistence <> 't'
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.tab AND a.attnum = x.col AND a.atttypid IN (20, 21, 23)
 WHERE q.seqincrement > 0 AND NOT q.seqcycle
   AND (@event.table IS NULL OR t.relname = @event.table)
   AND (@event.schema IS NULL OR tn.nspname = @event.schema)
   -- An INSERT that gives the column did not ask the sequence.
   AND (@event.inserted IS NULL OR NOT @event.inserted::jsonb @> pg_catalog.to_jsonb(a.attname::text))
   -- A unique violation names the index that was hit; on a partitioned table, a partition's.
   AND (@event.constraint IS NULL
        OR EXISTS (SELECT FROM pg_catalog.pg_index AS b
                     JOIN pg_catalog.pg_class AS bx ON bx.oid = b.indexrelid
                     LEFT JOIN pg_catalog.pg_inherits AS bh ON bh.inhrelid = b.indrelid
                    WHERE bx.relname = @event.constraint AND t.oid IN (b.indrelid, bh.inhparent)))
   -- Without a failing INSERT, only the tables that are inserted into most: looking costs a millisecond each.
   AND (t.relkind = 'p' OR @event.table IS NOT NULL OR @event.constraint IS NOT NULL
        OR t.oid IN (SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.relkind = 'r'
                      ORDER BY pg_catalog.pg_stat_get_tuples_inserted(c.oid) DESC, c.reltuples DESC, c.oid LIMIT @max_tables))
   -- A table that nobody ever filled need not be read; where an INSERT failed, it is.
   AND (t.relkind = 'p' OR t.relpages > 0 OR t.reltuples > 0 OR pg_catalog.pg_stat_get_tuples_inserted(t.oid) > 0
        OR @event.table IS NOT NULL OR @event.constraint IS NOT NULL)
   -- An index leads with the column, so that its greatest value is found at once.
   AND EXISTS (SELECT FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum)
 ORDER BY n.nspname, s.relname, t.oid

-- capture: batch=50
SELECT m.top,
       v.last_value,
       v.is_called
  FROM (SELECT pg_catalog.max(r.{column}) AS top FROM {table_schema}.{table} AS r) AS m
 CROSS JOIN {schema}.{name} AS v
 WHERE m.top >= v.last_value + CASE WHEN v.is_called THEN @increment::int8 ELSE 0 END

-- guard: the greatest value is not a sentinel
SELECT pg_catalog.format('%s is far beyond the sequence, which is at %s: somebody put it there by hand', @top, @last_value)
 WHERE @top::numeric - @last_value::numeric > GREATEST(1000000, 2 * @rows::float8)::numeric
    OR @top::numeric > 0.9 * LEAST(@max_value::numeric, @column_max::numeric)

-- repair: transaction, lock_timeout=500ms
-- NO CYCLE changes nothing here; it takes the lock that stops nextval until the end.
-- as: owner
ALTER SEQUENCE {schema}.{name} NO CYCLE;
-- The next value keeps the sequence's remainder, as two servers with an increment of 2 need it.
-- let: SELECT (v.last_value::numeric + @increment::numeric * (pg_catalog.div(m.top::numeric - v.last_value::numeric, @increment::numeric) + 1))::int8 AS next
--   FROM (SELECT pg_catalog.max(r.{column}) AS top FROM {table_schema}.{table} AS r) AS m CROSS JOIN {schema}.{name} AS v
-- assert: SELECT 'the next value would be out of range' WHERE @next::numeric > LEAST(@max_value::numeric, @column_max::numeric)
-- assert: SELECT 'the sequence would go back' FROM {schema}.{name} AS v WHERE @next::numeric < v.last_value
-- as: owner
ALTER SEQUENCE {schema}.{name} RESTART WITH {next:number};

-- verify: within=5s
SELECT 'the sequence is still behind'
  FROM (SELECT pg_catalog.max(r.{column}) AS top FROM {table_schema}.{table} AS r) AS m
 CROSS JOIN {schema}.{name} AS v
 WHERE m.top >= v.last_value + CASE WHEN v.is_called THEN @increment::int8 ELSE 0 END

-- undo: none, because a sequence only moves forward: going back would make the inserts fail again

-- guidance
-- Rows were written with explicit values, by a restore, a COPY or a replication, and nobody moved the
-- sequence. Every INSERT that takes its key from the sequence now meets a value that is there (23505),
-- until the sequence has burnt its way through.
--
-- Every ten minutes the sequences of the `max_tables` (2000) tables that are inserted into most are compared with
-- their columns; those of any table as soon as the log says that an INSERT into it met a taken key.
--
-- **Prevention.** After loading rows with explicit keys: `SELECT setval(…, max(id))`, or identity
-- columns GENERATED ALWAYS, which refuse explicit values.
