-- What statements took since pg_stat_statements began to count them: of those
-- whose text has one of the names in it, and to compare with, of the others that
-- took most; or of all statements of the server. A statement of several roles is one. The function, not the view over
-- it: a session of ours may not read views that are not the system's.
WITH s AS (
    SELECT s.queryid,
           pg_catalog.min(s.query) AS query,
           pg_catalog.sum(s.calls) AS calls,
           pg_catalog.sum(s.total_exec_time) AS total_ms,
           pg_catalog.sum(s.calls * (s.stddev_exec_time * s.stddev_exec_time + s.mean_exec_time * s.mean_exec_time)) AS squares,
           pg_catalog.min(pg_catalog.to_jsonb(s) ->> 'stats_since') AS began
      FROM {extension}.pg_stat_statements(true) AS s
      JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
     WHERE CASE WHEN @server::pg_catalog.bool THEN s.userid <> (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER)
                ELSE d.datname = pg_catalog.current_database() END
       AND s.queryid IS NOT NULL AND s.calls > 0
       AND pg_catalog.octet_length(s.query) <= 16384
     GROUP BY s.queryid
), named AS (
    SELECT s.*, @server::pg_catalog.bool OR EXISTS (SELECT FROM pg_catalog.jsonb_array_elements_text(@names::pg_catalog.jsonb) AS n (name)
                         WHERE pg_catalog.strpos(pg_catalog.lower(s.query), pg_catalog.lower(n.name)) > 0) AS touches
      FROM s
), ranked AS (
    SELECT n.*, pg_catalog.row_number() OVER (PARTITION BY n.touches ORDER BY n.total_ms DESC, n.queryid) AS rank
      FROM named AS n
)
SELECT r.queryid, r.query, r.calls, r.total_ms, r.squares, COALESCE(r.began, '') AS began, r.touches
  FROM ranked AS r
 WHERE r.rank <= CASE WHEN r.touches THEN 200 ELSE 100 END
 ORDER BY r.touches DESC, r.rank
