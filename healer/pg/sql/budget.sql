-- What a repair that writes may cost, and what there is of it. $1 is the
-- table's oid, $2 the object's; $3 says whether sizes are asked for, which
-- opens the relations.
WITH RECURSIVE tree (oid) AS (
    SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.oid = $1::pg_catalog.oid AND c.relkind IN ('r', 'p', 'm', 't')
    UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h JOIN tree AS t ON t.oid = h.inhparent
), part (oid) AS (
    SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indexrelid = $2::pg_catalog.oid
    UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h JOIN part AS p ON p.oid = h.inhparent
), source (oid) AS (
    -- What a materialized view reads, through views as well.
    SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.oid = $1::pg_catalog.oid AND c.relkind = 'm'
    UNION SELECT d.refobjid
      FROM source AS s
      JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = s.oid
      JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
), space (oid) AS (
    SELECT d.dattablespace FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
    UNION SELECT c.reltablespace FROM pg_catalog.pg_class AS c
     WHERE c.reltablespace <> 0 AND (c.oid IN (SELECT t.oid FROM tree AS t) OR c.oid IN (SELECT p.oid FROM part AS p)
            OR c.oid IN (SELECT i.indexrelid FROM pg_catalog.pg_index AS i JOIN tree AS t ON t.oid = i.indrelid))
), here (dir) AS (
    SELECT s.setting FROM pg_catalog.pg_settings AS s WHERE s.name = 'data_directory'
)
SELECT 'index' AS what, NULL AS name, COALESCE(pg_catalog.sum(pg_catalog.pg_relation_size(p.oid)), 0)::pg_catalog.int8 AS bytes, NULL::pg_catalog.int8 AS room
  FROM part AS p WHERE $3::pg_catalog.bool
UNION ALL
SELECT 'table', NULL, COALESCE(pg_catalog.sum(pg_catalog.pg_table_size(t.oid)), 0)::pg_catalog.int8, NULL FROM tree AS t WHERE $3::pg_catalog.bool
UNION ALL
SELECT 'indexes', NULL, COALESCE(pg_catalog.sum(pg_catalog.pg_indexes_size(t.oid)), 0)::pg_catalog.int8, NULL FROM tree AS t WHERE $3::pg_catalog.bool
UNION ALL
SELECT 'sources', NULL, COALESCE(pg_catalog.sum(pg_catalog.pg_table_size(s.oid)), 0)::pg_catalog.int8, NULL
  FROM source AS s WHERE $3::pg_catalog.bool AND s.oid <> $1::pg_catalog.oid
UNION ALL
-- "" is a directory that the role may not know.
SELECT 'disk', CASE WHEN l.path ~ '^/' THEN l.path
                    ELSE COALESCE((SELECT pg_catalog.concat_ws('/', h.dir, NULLIF(l.path, '')) FROM here AS h), '') END, NULL, NULL
  FROM space AS s, pg_catalog.pg_tablespace_location(s.oid) AS l (path)
UNION ALL
SELECT 'wal', COALESCE((SELECT h.dir FROM here AS h), ''), NULL, NULL
UNION ALL
SELECT 'replica', COALESCE(NULLIF(r.application_name, ''), r.pid::pg_catalog.text),
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), COALESCE(r.replay_lsn, r.sent_lsn))::pg_catalog.int8, NULL
  FROM pg_catalog.pg_stat_replication AS r
 WHERE r.state IS DISTINCT FROM 'backup'
UNION ALL
-- room is how much may be written before the slot is lost.
SELECT 'slot', s.slot_name, pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::pg_catalog.int8, s.safe_wal_size
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.restart_lsn IS NOT NULL
UNION ALL
SELECT 'archiver', a.last_failed_wal, a.failed_count, NULL
  FROM pg_catalog.pg_stat_archiver AS a
 WHERE pg_catalog.current_setting('archive_mode') <> 'off'
   AND a.last_failed_time > COALESCE(a.last_archived_time, '-infinity')
UNION ALL
SELECT 'unarchived', NULL, pg_catalog.count(*) * pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')), NULL
  FROM pg_catalog.pg_ls_archive_statusdir() AS f
 WHERE f.name LIKE '%.ready' AND pg_catalog.current_setting('archive_mode') <> 'off'
