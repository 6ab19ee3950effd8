-- rule: archiver/failing
-- title: WAL is not archived any more
-- scope: cluster
-- every: 5m
-- severity: critical
-- risk: low
-- hazards: none
-- requires: pg>=13
-- reads: catalog
-- param min_age: duration = 5m

-- detect
SELECT 0::oid AS oid, '' AS schema, 'archive_command' AS name, 'setting' AS kind,
       a.failed_count, a.last_failed_wal, a.last_failed_time, a.last_archived_wal, a.last_archived_time,
       pg_catalog.current_setting('archive_mode') AS archive_mode
  FROM pg_catalog.pg_stat_archiver AS a
 WHERE pg_catalog.current_setting('archive_mode') <> 'off'
   AND a.last_failed_time > COALESCE(a.last_archived_time, '-infinity')
   AND COALESCE(a.last_archived_time, a.stats_reset, '-infinity') < a.last_failed_time - @min_age::interval
   -- It tries again every minute for as long as there is something to archive.
   AND a.last_failed_time > pg_catalog.clock_timestamp() - '10 min'::interval

-- guidance
-- The command that copies WAL to the archive fails. Nothing is lost yet: the server keeps what could not be
-- archived in pg_wal, until that disk is full and everything stops. And there is no recovery to a point in time
-- after the last file that was archived.
--
-- **Now.** The server's log has the command and its exit code. Usual causes: the archive's disk is full, a key or
-- password expired, the host is not reached, the file is there already because an earlier copy was cut short.
-- Run the command by hand, as the server's user, on the file that is named here.
--
-- **Never** set archive_command to `true` to get rid of the WAL: that leaves a hole, and every base backup from
-- before it is worthless. If the disk is about to fill, add space, and take a new base backup after.
