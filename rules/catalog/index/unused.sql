-- rule: index/unused
-- title: Index that no query has used for a long time
-- scope: database
-- every: 6h
-- severity: info
-- risk: high
-- hazards: drop_index, create_index
-- requires: pg>=13
-- reads: catalog
-- cooldown: 24h
-- param min_size: bytes = 64MB
-- param min_age: duration = 720h
-- param standbys_looked_at: bool = false

-- detect
SELECT i.indexrelid AS oid, n.nspname AS schema, x.relname AS name, i.indrelid AS table_oid,
       pg_catalog.pg_get_userbyid(t.relowner) AS owner,
       sp.spcname AS tablespace,
       e.counted_since
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid AND t.relpersistence <> 't'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
  LEFT JOIN pg_catalog.pg_tablespace AS sp ON sp.oid = x.reltablespace
 -- A crash loses all counters, and then the cluster's own reset time is new; that of the database may be NULL.
 CROSS JOIN (SELECT GREATEST(pg_catalog.pg_stat_get_bgwriter_stat_reset_time(),
                             (SELECT pg_catalog.pg_stat_get_db_stat_reset_time(d.oid) FROM pg_catalog.pg_database AS d
                               WHERE d.datname = pg_catalog.current_database())) AS counted_since) AS e
 WHERE i.indisvalid AND i.indisready AND i.indislive
   -- A unique index checks, and one on an expression also has the planner's statistics of it.
   AND NOT i.indisunique AND i.indexprs IS NULL
   -- Where the tablespace would have to stand in its definition, there is the predicate: it could not be made again.
   AND (sp.oid IS NULL OR i.indpred IS NULL)
   AND pg_catalog.pg_stat_get_numscans(i.indexrelid) = 0
   AND e.counted_since < pg_catalog.clock_timestamp() - @min_age::interval
   AND x.relpages * pg_catalog.current_setting('block_size')::int8 >= @min_size
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
-- include: index/backs-nothing
   -- Without it a foreign key would lose its index.
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                    WHERE k.conrelid = i.indrelid AND k.contype = 'f'
                      AND k.conkey[1] = (pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])[1])
 ORDER BY n.nspname, x.relname

-- capture
SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
       pg_catalog.pg_relation_size(i.indexrelid) AS size,
       t.relname AS "table"
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
 WHERE i.indexrelid = @oid AND i.indisvalid

-- guard: it has been known as unused for long enough
SELECT pg_catalog.format('it was first seen unused at %s; a new index has had no time to be used', @finding.first_seen)
 WHERE @finding.first_seen::timestamptz > pg_catalog.clock_timestamp() - @min_age::interval

-- guard: no standby may use it
SELECT pg_catalog.format('standby %s counts its own scans: ask pg_stat_user_indexes there, then set standbys_looked_at', r.application_name)
  FROM pg_catalog.pg_stat_replication AS r
 WHERE NOT @standbys_looked_at
   AND r.pid NOT IN (SELECT s.active_pid FROM pg_catalog.pg_replication_slots AS s WHERE s.slot_type = 'logical' AND s.active_pid IS NOT NULL)

-- include: index/no-build

-- measure
SELECT pg_catalog.pg_indexes_size(@table_oid) AS indexes_size

-- repair: session, deadline=1h
DROP INDEX CONCURRENTLY {schema}.{name};

-- verify: within=10s
SELECT 'the index is still there' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid

-- include: index/made-again

-- guidance
-- Every INSERT and most UPDATEs maintain this index, it is vacuumed and backed up, and no query of this server has read
-- it since `counted_since`.
--
-- **Before you approve.** A report that runs once a quarter needs more than 30 days of evidence. Each standby counts its
-- own scans. A switch-over or a crash begins the count anew, which is why the finding has to be old as well.
--
-- **After.** The undo builds it again, concurrently; until then queries that needed it read the table.
--
-- Not judged at all: unique and constraint-backing indexes, those on expressions (their statistics serve the planner),
-- those of partitions, those a foreign key leads with, partial ones in a tablespace, and any with a comment: write `COMMENT ON INDEX … IS 'quarterly
-- report'` to keep one for good.
