-- rule: subscription/failed
-- title: A subscription is switched on and applies nothing
-- scope: database
-- every: 5m
-- severity: critical
-- risk: low
-- hazards: none
-- requires: pg>=13
-- reads: catalog

-- detect
SELECT 0::oid AS oid, '' AS schema, s.subname AS name, 'subscription' AS kind,
       pg_catalog.pg_get_userbyid(s.subowner) AS owner, s.subenabled AS enabled, s.subslotname AS slot,
       NULL::int8 AS apply_errors, NULL::int8 AS sync_errors,
       'it is enabled and has no worker' AS why
  FROM pg_catalog.pg_subscription AS s
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND s.subenabled
   -- Before 14 a subscription's oid is not shown; one of the same name in another database hides this one.
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_subscription AS w WHERE w.subname = s.subname AND w.pid IS NOT NULL)
 ORDER BY s.subname

-- detect (14)
SELECT s.oid, '' AS schema, s.subname AS name, 'subscription' AS kind,
       pg_catalog.pg_get_userbyid(s.subowner) AS owner, s.subenabled AS enabled, s.subslotname AS slot,
       NULL::int8 AS apply_errors, NULL::int8 AS sync_errors,
       'it is enabled and has no worker' AS why
  FROM pg_catalog.pg_subscription AS s
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND s.subenabled
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_subscription AS w WHERE w.subid = s.oid AND w.pid IS NOT NULL)
 ORDER BY s.subname

-- detect (15)
SELECT s.oid, '' AS schema, s.subname AS name, 'subscription' AS kind,
       pg_catalog.pg_get_userbyid(s.subowner) AS owner, s.subenabled AS enabled, s.subslotname AS slot,
       e.apply_error_count AS apply_errors, e.sync_error_count AS sync_errors,
       CASE WHEN s.subenabled THEN 'it is enabled and has no worker'
            ELSE 'it was disabled by an error (disable_on_error)' END AS why
  FROM pg_catalog.pg_subscription AS s
  LEFT JOIN pg_catalog.pg_stat_subscription_stats AS e ON e.subid = s.oid
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND (s.subenabled
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_subscription AS w WHERE w.subid = s.oid AND w.pid IS NOT NULL)
        OR NOT s.subenabled AND s.subdisableonerr AND e.apply_error_count + e.sync_error_count > 0)
 ORDER BY s.subname

-- guidance
-- The worker of the subscription ends as soon as it starts, and the server starts it again every five seconds. The
-- publisher keeps the WAL meanwhile; see slot/inactive there.
--
-- **Now.** The subscriber's log says why. The usual causes: a row that is there already (23505: somebody wrote to
-- the subscribed table), a column or table that is missing (DDL is not replicated), a slot that is gone or lost,
-- a password that expired.
--
-- **A conflicting row** is changed or removed at the subscriber, or the transaction is skipped, from 15 on with
-- `ALTER SUBSCRIPTION … SKIP (lsn = …)`, the position standing in the log's CONTEXT. Skipping leaves the tables
-- different: compare them after.
