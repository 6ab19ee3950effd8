-- What long commands are at. The server counts in blocks or in rows; a total
-- of 0 says that it does not know yet.
SELECT p.pid, p.command, n.nspname AS schema, c.relname AS name, p.phase, p.done, p.total,
       a.application_name AS application, a.query_start AS started
  FROM (SELECT v.pid, 'VACUUM' AS command, v.relid, v.phase, v.heap_blks_scanned AS done, v.heap_blks_total AS total
          FROM pg_catalog.pg_stat_progress_vacuum AS v WHERE v.datname = pg_catalog.current_database()
         UNION ALL
        SELECT i.pid, i.command, i.relid, i.phase,
               CASE WHEN i.blocks_total > 0 THEN i.blocks_done ELSE i.tuples_done END,
               CASE WHEN i.blocks_total > 0 THEN i.blocks_total ELSE i.tuples_total END
          FROM pg_catalog.pg_stat_progress_create_index AS i WHERE i.datname = pg_catalog.current_database()
         UNION ALL
        SELECT y.pid, 'ANALYZE', y.relid, y.phase, y.sample_blks_scanned, y.sample_blks_total
          FROM pg_catalog.pg_stat_progress_analyze AS y WHERE y.datname = pg_catalog.current_database()
         UNION ALL
        SELECT u.pid, u.command, u.relid, u.phase, u.heap_blks_scanned, u.heap_blks_total
          FROM pg_catalog.pg_stat_progress_cluster AS u WHERE u.datname = pg_catalog.current_database()) AS p
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = p.pid
 ORDER BY a.query_start, p.pid
