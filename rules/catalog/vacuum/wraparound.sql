-- rule: vacuum/wraparound
-- title: Transaction ids come near their end, and no vacuum has frozen this table
-- scope: database
-- every: 15m
-- severity: critical
-- risk: low
-- hazards: vacuum
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1h
-- param factor: number = 1.5
-- param max_age: integer = 1000000000
-- param close: integer = 1600000000
-- param catalogs: bool = true

-- detect
WITH limits AS (
    -- Autovacuum should have come at the server's own limits.
    SELECT LEAST(@factor::float8 * pg_catalog.current_setting('autovacuum_freeze_max_age')::float8, @max_age::float8) AS xid,
           LEAST(@factor::float8 * pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::float8, @max_age::float8) AS mxid
), holders AS (
    -- What keeps every VACUUM here from freezing more, the oldest first.
    SELECT x.rule, x.who, x.age
      FROM (SELECT 'transaction/orphan-prepared' AS rule, pg_catalog.format('prepared transaction %L', p.gid) AS who, pg_catalog.age(p.transaction) AS age
              FROM pg_catalog.pg_prepared_xacts AS p
             WHERE p.database = pg_catalog.current_database()
            UNION ALL
            SELECT CASE WHEN a.state LIKE 'idle in transaction%' THEN 'session/idle-in-transaction' ELSE 'vacuum/horizon-holder' END,
                   'session ' || a.pid, GREATEST(pg_catalog.age(a.backend_xid), pg_catalog.age(a.backend_xmin))
              FROM pg_catalog.pg_stat_activity AS a
             WHERE a.datname = pg_catalog.current_database()
            UNION ALL
            SELECT CASE WHEN s.active THEN 'vacuum/horizon-holder' ELSE 'slot/inactive' END, 'replication slot ' || s.slot_name, pg_catalog.age(s.xmin)
              FROM pg_catalog.pg_replication_slots AS s
            UNION ALL
            SELECT 'vacuum/horizon-holder', 'standby ' || r.application_name, pg_catalog.age(r.backend_xmin)
              FROM pg_catalog.pg_stat_replication AS r) AS x
     CROSS JOIN limits AS l
     WHERE x.age >= l.xid
     ORDER BY x.age DESC
     LIMIT 1
)
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       a.xid_age, a.mxid_age, l.xid AS xid_limit, l.mxid AS mxid_limit,
       a.xid_age >= @close OR a.mxid_age >= @close AS close,
       t.oid AS toast_oid,
       h.rule AS blocked_by, h.who AS held_by
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 CROSS JOIN limits AS l
 CROSS JOIN LATERAL (
       SELECT GREATEST(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) AS xid_age,
              GREATEST(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(t.relminmxid)) AS mxid_age) AS a
  LEFT JOIN holders AS h ON a.xid_age >= l.xid
 WHERE c.relkind IN ('r', 'm')
   -- What all databases share is as old in each; vacuum/wraparound-database tells.
   AND NOT c.relisshared
   AND (@catalogs OR c.oid >= 16384)
   AND (a.xid_age >= l.xid OR a.mxid_age >= l.mxid)
 ORDER BY GREATEST(a.xid_age, a.mxid_age) DESC

-- guard: nobody vacuums the table now
SELECT 'session ' || v.pid || ' vacuums it'
  FROM pg_catalog.pg_stat_progress_vacuum AS v
 WHERE v.relid IN (@oid, @toast_oid)

-- measure
SELECT GREATEST(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) AS xid_age,
       GREATEST(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(t.relminmxid)) AS mxid_age
  FROM pg_catalog.pg_class AS c
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 WHERE c.oid = @oid

-- repair: session, deadline=24h
-- if: SELECT 1 WHERE NOT @close::bool
VACUUM (FREEZE, TRUNCATE OFF, SKIP_LOCKED) {schema}.{name};
-- if: SELECT 1 WHERE @close::bool
VACUUM (FREEZE, TRUNCATE OFF, SKIP_LOCKED, INDEX_CLEANUP OFF) {schema}.{name};

-- verify: within=30s
SELECT pg_catalog.format('its age is still %s, %s of multixacts', a.xid_age, a.mxid_age)
  FROM pg_catalog.pg_class AS c
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
 CROSS JOIN LATERAL (
       SELECT GREATEST(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) AS xid_age,
              GREATEST(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(t.relminmxid)) AS mxid_age) AS a
 WHERE c.oid = @oid AND (a.xid_age >= @xid_limit::float8 OR a.mxid_age >= @mxid_limit::float8)

-- undo: none, because freezing changes nothing that anybody can see

-- guidance
-- At 2^31 − 3 million transactions since a table was frozen the server takes no more writes. Autovacuum freezes at
-- autovacuum_freeze_max_age, also where it is switched off. That this table is older means that it cannot: something
-- holds the horizon, its worker is killed again and again, or it waits for a lock.
--
-- **What holds it** is in `held_by`, and is healed first: no VACUUM freezes what is younger than the oldest snapshot, and
-- says so only in its VERBOSE output.
--
-- **Never** cancel an autovacuum "(to prevent wraparound)", and do not restart in single-user mode: since 9.5 that is
-- almost never needed, and it takes the server away. VACUUM needs no free transaction id.
--
-- **A catalog or a superuser's table:** run the statement as a superuser. **Another session's temporary table** goes with
-- its session: end that. **Very close:** without INDEX_CLEANUP it is over sooner; vacuum again later.
