-- rule: transaction/orphan-prepared
-- title: A prepared transaction that nobody finishes
-- scope: cluster
-- every: 15m
-- severity: critical
-- risk: high
-- hazards: rollback
-- requires: pg>=13
-- reads: catalog
-- param min_age: duration = 1h
-- param exclude: text = pg\_gid\_%

-- detect
SELECT 0 AS oid, '' AS schema, p.gid AS name, 'prepared transaction' AS kind,
       p.database AS run_in,
       -- Only the role that prepared it, or a superuser, may finish it.
       p.owner AS run_as,
       p.prepared,
       p.prepared::text AS definition,
       pg_catalog.age(p.transaction) AS transactions_since
  FROM pg_catalog.pg_prepared_xacts AS p
 WHERE p.prepared < pg_catalog.clock_timestamp() - @min_age::interval
   -- A subscription with two_phase names its transactions pg_gid_…, and finishes them itself.
   AND p.gid NOT LIKE @exclude
 ORDER BY p.prepared

-- guard: its database takes connections
SELECT 'the database ' || d.datname || ' takes no connections'
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = @run_in AND NOT d.datallowconn

-- measure
SELECT pg_catalog.count(*) AS locks_held
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_prepared_xacts AS p ON l.virtualtransaction = '-1/' || p.transaction::text
 WHERE p.gid = @name AND p.database = @run_in

-- repair: session, deadline=1m
ROLLBACK PREPARED {name:literal};

-- verify: within=10s
SELECT 'it is still prepared'
  FROM pg_catalog.pg_prepared_xacts AS p
 WHERE p.gid = @name AND p.database = @run_in AND p.prepared = @prepared::timestamptz

-- undo: none, because a transaction that was rolled back is gone

-- guidance
-- A prepared transaction outlives its session and a restart. It keeps its locks, and no VACUUM removes a row that
-- became dead after it began: tables grow, and in the end the cluster stops before transaction ids wrap around.
--
-- **Before you approve.** Ask the transaction manager (Java XA, a foreign data wrapper, a two-phase application) for
-- this identifier. If the other participants committed, `COMMIT PREPARED` is right and the rollback loses this part.
-- Nobody knows it: roll back.
--
-- **As whom.** Only the role that prepared it or a superuser may finish it; connect to its own database.
--
-- **Prevention.** max_prepared_transactions = 0 where no transaction manager needs it; let that manager recover at its start.
