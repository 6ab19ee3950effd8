-- rule: replication/lag
-- title: A standby or a subscriber falls behind
-- scope: cluster
-- every: 1m
-- severity: warning
-- risk: low
-- hazards: none
-- requires: pg>=13
-- reads: catalog
-- param min_retained: bytes = 1GB
-- param min_age: duration = 5m

-- detect
SELECT r.pid AS oid, '' AS schema, r.name, 'standby' AS kind, r.client_addr::text AS definition,
       r.usename AS role, r.state, r.sync_state,
       r.behind AS behind_bytes, r.replay_lag AS behind_for,
       -- Each stage lies behind the one before; the widest step is where it is stuck.
       CASE GREATEST(r.unsent, r.unwritten, r.unflushed, r.unreplayed)
            WHEN r.unsent THEN 'it is not sent: the network, or a server that is busy, is slower than the WAL'
            WHEN r.unwritten THEN 'it is sent and not written: the network, or the other side''s processor'
            WHEN r.unflushed THEN 'it is written and not flushed: the other side''s disk'
            ELSE 'it is there and not replayed: a long query on the standby, a lock, or one process that replays what many wrote' END AS stuck,
       CASE WHEN r.state IS NULL THEN pg_catalog.format('GRANT pg_read_all_stats TO %I', CURRENT_USER) END AS blind
  FROM (SELECT s.pid, COALESCE(NULLIF(s.application_name, ''), s.pid::text) AS name, s.client_addr, s.usename, s.state, s.sync_state, s.replay_lag,
               pg_catalog.pg_wal_lsn_diff(w.lsn, COALESCE(s.replay_lsn, s.flush_lsn, s.write_lsn, s.sent_lsn))::int8 AS behind,
               pg_catalog.pg_wal_lsn_diff(w.lsn, s.sent_lsn) AS unsent,
               pg_catalog.pg_wal_lsn_diff(s.sent_lsn, s.write_lsn) AS unwritten,
               pg_catalog.pg_wal_lsn_diff(s.write_lsn, s.flush_lsn) AS unflushed,
               pg_catalog.pg_wal_lsn_diff(s.flush_lsn, s.replay_lsn) AS unreplayed
          FROM pg_catalog.pg_stat_replication AS s
         CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                                 ELSE pg_catalog.pg_current_wal_lsn() END AS lsn) AS w
         -- A base backup takes what it needs and is gone.
         WHERE s.state IS DISTINCT FROM 'backup') AS r
 WHERE r.state IS NULL OR r.behind >= @min_retained OR r.replay_lag >= @min_age::interval
 ORDER BY r.name, r.pid

-- guidance
-- A standby or a subscriber does not keep up with the WAL. What it would lose in a failover grows, queries there see
-- old rows, a synchronous one delays every commit, and the server keeps the WAL for its slot. Repairs that write much
-- wait meanwhile, so that they do not make it worse.
--
-- **Now.** The evidence says at which stage it is stuck. Not sent or not written: look at the network, and at who
-- fills it. Not flushed: the disk over there. Not replayed: `SELECT * FROM pg_stat_activity` there, for a long query
-- with hot_standby_feedback off and a large max_standby_streaming_delay; on a subscriber, a table without an index on
-- its replica identity, where every UPDATE reads all of it.
--
-- What wrote so much WAL here, an index build, a load, a mass UPDATE, ends by itself; then the lag goes down.
--
-- **A standby that is late by intent** (recovery_min_apply_delay) looks the same from here: raise `min_age` and
-- `min_retained`, or mute the finding.
