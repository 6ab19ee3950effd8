-- rule: table/no-primary-key
-- title: A table whose rows cannot be told apart
-- scope: database
-- every: 6h
-- severity: info
-- risk: high
-- hazards: none
-- requires: pg>=13
-- reads: catalog
-- param min_rows: integer = 1000

-- detect
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       c.reltuples::int8 AS rows,
       p.published,
       CASE WHEN p.published AND c.relreplident IN ('d', 'n') THEN 'it is published, and every UPDATE and DELETE of it fails'
            ELSE 'its rows cannot be told apart' END AS why
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS r WHERE r.prrelid = c.oid)
              OR EXISTS (SELECT FROM pg_catalog.pg_publication AS a WHERE a.puballtables) AS published) AS p
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   -- A partition has what its partitioned table has.
   AND NOT c.relispartition
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND (p.published
        OR GREATEST(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid),
                    (SELECT pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(h.inhrelid)) FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = c.oid)) >= @min_rows)
   -- A unique index over columns that are never null serves as well.
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_index AS i
                    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                                       WHERE a.attrelid = c.oid AND NOT a.attnotnull
                                         AND a.attnum = ANY ((pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])[1:i.indnkeyatts])))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY n.nspname, c.relname

-- guidance
-- Without a primary key a row that is there twice cannot be removed once, logical replication cannot say which row was
-- changed (UPDATE and DELETE of a published table fail), and tools that copy or compare tables fall back to all columns.
--
-- **Published now?** `ALTER TABLE name REPLICA IDENTITY FULL` lets UPDATE and DELETE pass at once; it costs: the whole old
-- row goes into the WAL, and the subscriber looks for it by a scan.
--
-- **Mend it** without holding anybody up: where columns are unique already, `CREATE UNIQUE INDEX CONCURRENTLY`, then
-- `ALTER TABLE … ADD PRIMARY KEY USING INDEX` (the columns have to be NOT NULL; a validated CHECK (col IS NOT NULL) makes
-- that quick). Where nothing is unique, an identity column; on a large table adding it rewrites the table.
--
-- A log or a queue that is only ever inserted into and truncated needs none: mute the finding.
