-- rule: index/bloated
-- title: Index that is mostly empty space
-- scope: database
-- every: 6h
-- severity: info
-- risk: medium
-- hazards: reindex
-- requires: pg>=13
-- reads: rows
-- cooldown: 168h
-- param min_size: bytes = 64MB
-- param min_waste: share = 50%

-- detect
SELECT i.indexrelid AS oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner, t.relname AS "table",
       x.relpages AS pages, x.reltuples AS entries,
-- include: index/btrees
   -- Where it can be measured it is not estimated: index/bloated-measured.
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = 'pgstattuple')
   -- Pages and entries are of the last VACUUM or ANALYZE, so one has to have been.
   AND x.reltuples >= 0
   AND GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(t.oid), pg_catalog.pg_stat_get_last_autovacuum_time(t.oid),
                pg_catalog.pg_stat_get_last_analyze_time(t.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(t.oid)) IS NOT NULL
   -- An entry takes 20 bytes at least, so this much is empty for sure if the entries were that small.
   AND 1 - x.reltuples * 20 / ((x.relpages - 1) * (pg_catalog.current_setting('block_size')::float8 - 40) * 0.9) >= @min_waste::float8
 ORDER BY n.nspname, x.relname

-- capture
SELECT e.size, e.size * e.waste AS wasted_bytes, e.waste
  FROM (SELECT pg_catalog.pg_relation_size(@oid) AS size,
               -- What a new one would take: entries of 4 bytes of pointer, 8 of header and the aligned values, in pages
               -- filled as far as its fillfactor says, over pages of 40 bytes for themselves.
               1 - (2 + pg_catalog.ceil(@entries::float8 * (12 + w.nulls + 8 * pg_catalog.ceil(w.width / 8))
                                        / ((pg_catalog.current_setting('block_size')::float8 - 40) * @fill::float8)))
                   / @pages::float8 AS waste
          FROM (SELECT pg_catalog.sum(COALESCE(s.avg_width, CASE WHEN a.attlen > 0 THEN a.attlen END))::float8 AS width,
                       pg_catalog.bool_and(s.avg_width IS NOT NULL OR a.attlen > 0) AS known,
                       CASE WHEN pg_catalog.bool_or(s.null_frac > 0) THEN 8 ELSE 0 END AS nulls
                  FROM pg_catalog.pg_index AS i
                 -- The index's own columns: an expression's statistics are of the index, a plain one's of the table.
                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indexrelid
                  LEFT JOIN pg_catalog.pg_attribute AS b ON b.attrelid = i.indrelid
                        AND b.attnum = (pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])[a.attnum] AND b.attnum > 0
                  LEFT JOIN pg_catalog.pg_stats AS s ON NOT s.inherited
                        AND s.schemaname = @schema
                        AND (b.attname IS NOT NULL AND s.tablename = @table AND s.attname = b.attname
                             OR b.attname IS NULL AND s.tablename = @name AND s.attname = a.attname)
                 WHERE i.indexrelid = @oid) AS w
         WHERE w.known) AS e
 WHERE e.waste >= @min_waste::float8

-- include: index/no-build

-- include: index/rebuild

-- guidance
-- Entries of deleted and updated rows leave room that only new entries for the same part of the index can fill. After a
-- mass delete, or with keys that only grow, most pages stay nearly empty: the index takes cache and disk for nothing.
--
-- The estimate comes from the planner's statistics (average widths). It errs to the safe side where many keys are equal,
-- because those share an entry. A rebuild that frees less than a tenth counts as failed, and is not tried again and again.
--
-- **It needs** free disk for a second copy of the index, and waits for transactions that are open when it starts.
--
-- **Prevention.** Delete in time order together with partitions that can be dropped; let autovacuum come more often.
-- Where the extension pgstattuple is installed, `index/bloated-measured` counts what this rule estimates.
