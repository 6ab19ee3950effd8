-- Checksum failures that the server has counted, with the time of the last in
-- microseconds: one may come in the same second as a resume, and after it.
SELECT COALESCE(s.datname, 'the shared catalogs') AS database, s.checksum_failures AS failures,
       pg_catalog.ceil(pg_catalog.date_part('epoch', s.checksum_last_failure) * 1000000)::pg_catalog.int8 AS last
  FROM pg_catalog.pg_stat_database AS s
 WHERE s.checksum_failures > 0
