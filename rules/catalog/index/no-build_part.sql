-- guard: no index build is running on the table
SELECT 'session ' || p.pid || ' builds an index'
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.datname = pg_catalog.current_database() AND (p.relid = @table_oid OR p.relid IS NULL)
