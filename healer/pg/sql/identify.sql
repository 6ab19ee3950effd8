SELECT s.system_identifier::pg_catalog.text AS system_identifier,
       -- The last checkpoint's timeline is the old one for a while after a promotion.
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN c.timeline_id
            ELSE ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8))::pg_catalog.bit(32)::pg_catalog.int4
       END AS timeline,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       d.oid AS database_oid,
       d.datname AS database,
       SESSION_USER AS "user",
       -- Whoever may not read it gets an error from current_setting.
       CASE WHEN pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_settings', 'USAGE')
            THEN pg_catalog.current_setting('data_directory') ELSE '' END AS data_directory,
       (SELECT COALESCE(pg_catalog.jsonb_object_agg(e.extname, n.nspname), '{}')
          FROM pg_catalog.pg_extension AS e
          JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace) AS extensions
  FROM pg_catalog.pg_control_system() AS s,
       pg_catalog.pg_control_checkpoint() AS c,
       pg_catalog.pg_database AS d
 WHERE d.datname = pg_catalog.current_database()
