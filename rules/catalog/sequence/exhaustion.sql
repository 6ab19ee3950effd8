-- rule: sequence/exhaustion
-- title: A sequence is about to run out of values
-- scope: database
-- every: 1h
-- on: 2200H, 22003
-- severity: critical
-- risk: high
-- hazards: alter_sequence
-- requires: pg>=13
-- reads: rows
-- cooldown: 1h
-- param max_used: share = 80%

-- detect
SELECT s.oid, n.nspname AS schema, s.relname AS name, s.oid AS table_oid,
       pg_catalog.pg_get_userbyid(s.relowner) AS owner,
       q.seqstart AS start_value, q.seqmax AS max_value,
       (SELECT y.typname FROM pg_catalog.pg_type AS y WHERE y.oid = q.seqtypid) AS type,
       CASE q.seqtypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE 9223372036854775807 END AS type_max,
       q.seqmax AS limit_was,
       LEAST(q.seqmax, u.column_max) AS usable,
       u.columns, u.widest
  FROM pg_catalog.pg_sequence AS q
  JOIN pg_catalog.pg_class AS s ON s.oid = q.seqrelid AND s.relpersistence <> 't'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
 CROSS JOIN LATERAL (
       -- The columns it fills: by their defaults, and as an identity.
       SELECT pg_catalog.string_agg(x.rel || '.' || x.col || ' ' || x.typ, ', ' ORDER BY x.rel, x.col) AS columns,
              COALESCE(pg_catalog.min(x.top), 9223372036854775807) AS column_max,
              COALESCE(pg_catalog.bool_and(x.top > 2147483647), false) AS widest
         FROM (SELECT c.relname::text AS rel, a.attname::text AS col, pg_catalog.format_type(a.atttypid, NULL) AS typ,
                      CASE a.atttypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE 9223372036854775807 END AS top
                 FROM (SELECT f.adrelid AS tab, f.adnum AS col
                         FROM pg_catalog.pg_depend AS d
                         JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid
                        WHERE d.refobjid = s.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
                          AND d.classid = 'pg_catalog.pg_attrdef'::regclass
                       UNION
                       SELECT d.refobjid, d.refobjsubid::int2
                         FROM pg_catalog.pg_depend AS d
                        WHERE d.objid = s.oid AND d.classid = 'pg_catalog.pg_class'::regclass
                          AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0) AS k
                 JOIN pg_catalog.pg_class AS c ON c.oid = k.tab
                 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.tab AND a.attnum = k.col) AS x) AS u
 WHERE q.seqincrement > 0 AND NOT q.seqcycle
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   -- Nobody uses up 4,611,686,018,427,387,904 values; what cannot run out need not be read.
   AND LEAST(q.seqmax, u.column_max) < 4611686018427387904
 ORDER BY n.nspname, s.relname

-- capture: batch=100
SELECT v.last_value,
       pg_catalog.round(100 * (v.last_value::numeric - @start_value::numeric) / NULLIF(@usable::numeric - @start_value::numeric, 0), 1) AS used_percent
  FROM (SELECT pg_catalog.pg_sequence_last_value(@oid::regclass) AS last_value) AS v
 WHERE v.last_value::numeric - @start_value::numeric >= @max_used * (@usable::numeric - @start_value::numeric)

-- guard: every column it fills is a bigint already
SELECT CASE WHEN @columns::text IS NULL THEN 'no column is known to take its values; widen it by hand, if its users are bigint'
            ELSE pg_catalog.format('it fills %s: that column has to become a bigint first', @columns) END
 WHERE NOT @widest::bool

-- guard: nobody chose the limit
SELECT pg_catalog.format('its MAXVALUE %s is not that of its type, so somebody chose it', @max_value)
 WHERE @max_value::numeric <> @type_max::numeric

-- repair: transaction, lock_timeout=500ms
-- as: owner
ALTER SEQUENCE {schema}.{name} AS bigint;

-- verify: within=5s
SELECT 'the sequence is as narrow as before'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_sequence AS q
                    WHERE q.seqrelid = @oid AND q.seqtypid = 20 AND q.seqmax = 9223372036854775807)

-- undo: transaction, lock_timeout=500ms
-- as: owner
ALTER SEQUENCE {schema}.{name} AS pg_catalog.{type} MAXVALUE {limit_was:number};

-- guidance
-- When a sequence has given its last value, every INSERT that asks it fails (2200H). Where the column is
-- smaller than the sequence, the column's own limit comes first (22003).
--
-- A sequence of a smaller type that fills bigint columns is widened: that changes the catalog only and
-- takes a moment. **It needs an approval**, because an application that keeps the ids in 32 bits breaks
-- with the first larger one.
--
-- **Where the column itself is an integer**, nothing is changed. `ALTER COLUMN … TYPE bigint` rewrites the
-- table under ACCESS EXCLUSIVE; on a large one add a bigint column, fill it in batches under a trigger, index
-- it concurrently and swap. As a stopgap, where the application allows negative keys, a sequence can go on
-- at the type's minimum: that doubles the room once.
--
-- Never answer with CYCLE: the next values are taken, and the inserts fail with 23505.
