-- rule: vacuum/horizon-holder
-- title: Something old keeps VACUUM from removing dead rows
-- scope: database
-- every: 5m
-- severity: warning
-- risk: high
-- hazards: none
-- requires: pg>=13
-- reads: catalog
-- param min_age: duration = 1h
-- param max_age: integer = 10000000

-- detect
WITH holders AS (
    SELECT a.pid AS oid, a.pid::text AS name, 'session' AS kind,
           a.backend_start::text AS definition, a.usename AS role, a.application_name AS application, a.state,
           a.xact_start AS since,
           GREATEST(pg_catalog.age(a.backend_xid), pg_catalog.age(a.backend_xmin)) AS age,
           CASE WHEN a.state = 'active' THEN pg_catalog.format('SELECT pg_cancel_backend(%s)', a.pid)
                ELSE pg_catalog.format('SELECT pg_terminate_backend(%s)', a.pid) END AS advice,
           CASE WHEN a.backend_start IS NULL THEN pg_catalog.format('GRANT pg_read_all_stats TO %I', CURRENT_USER) END AS blind
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
       -- VACUUM itself holds nobody back.
       AND a.pid NOT IN (SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum AS v)
       AND (a.backend_start IS NULL OR a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL)
    UNION ALL
    SELECT 0, p.gid, 'prepared transaction', p.prepared::text, p.owner, NULL, 'prepared', p.prepared, pg_catalog.age(p.transaction),
           pg_catalog.format('ROLLBACK PREPARED %L', p.gid), NULL
      FROM pg_catalog.pg_prepared_xacts AS p
     WHERE p.database = pg_catalog.current_database()
    UNION ALL
    SELECT 0, s.slot_name, 'replication slot', s.slot_type, NULL, s.plugin, CASE WHEN s.active THEN 'active' ELSE 'inactive' END, NULL,
           GREATEST(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)),
           pg_catalog.format('SELECT pg_drop_replication_slot(%L)', s.slot_name), NULL
      FROM pg_catalog.pg_replication_slots AS s
     WHERE s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL AND s.database = pg_catalog.current_database()
    UNION ALL
    SELECT 0, r.application_name, 'standby', r.client_addr::text, r.usename, r.application_name, r.state, NULL, pg_catalog.age(r.backend_xmin),
           'end the long query on the standby, or set hot_standby_feedback = off there', NULL
      FROM pg_catalog.pg_stat_replication AS r
     WHERE r.backend_xmin IS NOT NULL
)
SELECT h.oid, '' AS schema, h.name, h.kind, h.definition, h.role, h.application, h.state, h.since, h.age AS transactions, h.advice, h.blind,
       d.tables AS tables_with_dead_rows, d.dead AS dead_rows
  FROM holders AS h
 CROSS JOIN (SELECT pg_catalog.count(*) AS tables, pg_catalog.sum(pg_catalog.pg_stat_get_dead_tuples(c.oid)) AS dead
               FROM pg_catalog.pg_class AS c
              WHERE c.relkind IN ('r', 'm', 't') AND pg_catalog.pg_stat_get_dead_tuples(c.oid) > 0) AS d
 WHERE h.blind IS NOT NULL
    OR h.age = (SELECT pg_catalog.max(o.age) FROM holders AS o)
       AND (h.since < pg_catalog.clock_timestamp() - @min_age::interval OR h.age >= @max_age)
 ORDER BY h.kind, h.name

-- guidance
-- VACUUM removes only rows that nobody can see any more, and this one can see the oldest. Everything that became dead
-- since stays, in every table of this database; vacuums run and remove nothing. Old enough, it ends in a stop of the
-- whole server.
--
-- The evidence names it and the statement that ends it. In the order of harmlessness:
--
-- - **a session:** ask its owner; cancel what is active, end what is idle in transaction (session/idle-in-transaction can)
-- - **a prepared transaction:** its transaction manager forgot it; transaction/orphan-prepared rolls it back after an approval
-- - **a replication slot:** its consumer is gone or stuck; dropping it makes that consumer start anew (slot/inactive)
-- - **a standby:** a long query there, with hot_standby_feedback = on
--
-- **Prevention.** idle_in_transaction_session_timeout, statement_timeout for reports, max_slot_wal_keep_size, and long
-- reports on a standby without feedback.
