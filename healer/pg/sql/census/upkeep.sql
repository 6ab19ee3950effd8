-- The tables that need VACUUM most: by dead rows, then by age.
SELECT n.nspname AS schema, c.relname AS name,
       GREATEST(c.reltuples, 0)::int8 AS rows,
       pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead_rows,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS changed_rows,
       pg_catalog.age(c.relfrozenxid) AS xid_age,
       pg_catalog.date_trunc('second', GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))) AS vacuumed,
       pg_catalog.date_trunc('second', GREATEST(pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))) AS analyzed
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY pg_catalog.pg_stat_get_dead_tuples(c.oid) DESC, pg_catalog.age(c.relfrozenxid) DESC, 1, 2
 LIMIT 30
