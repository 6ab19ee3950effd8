SELECT x.oid, n.nspname AS schema, x.relname AS name, pg_catalog.pg_get_indexdef(x.oid) AS definition,
       i.indisvalid AS valid, i.indislive AS live,
       -- What is built concurrently is not valid until it is done. Of a session that
       -- cannot be seen nobody knows what it builds.
       NOT i.indisvalid AND EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
                                     WHERE p.datname = pg_catalog.current_database() AND (p.relid = i.indrelid OR p.relid IS NULL)) AS building
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
 WHERE i.indrelid = $1::pg_catalog.oid
    OR i.indrelid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = $1::pg_catalog.oid)
 ORDER BY x.oid
