-- All that the catalog says of one object that is no relation and a repair
-- could change. $1 is the oid, a session's pid; $2 and $3 are schema and name;
-- $4 is the kind. Columns that only newer versions have are read through
-- to_jsonb.
WITH o (oid, kind, owner, extension, about) AS (
    SELECT a.pid::pg_catalog.oid, 'session', a.usename, NULL::pg_catalog.name,
           pg_catalog.jsonb_build_object('database', a.datname, 'application', a.application_name, 'started', a.backend_start, 'transaction', a.xact_start)
      FROM pg_catalog.pg_stat_activity AS a WHERE $4 = 'session' AND a.pid = $1::pg_catalog.oid::pg_catalog.int8
    UNION ALL
    SELECT 0, 'prepared transaction', p.owner, NULL, pg_catalog.jsonb_build_object('database', p.database, 'prepared', p.prepared)
      FROM pg_catalog.pg_prepared_xacts AS p WHERE $4 = 'prepared transaction' AND p.gid = $3
    UNION ALL
    SELECT d.oid, 'database', pg_catalog.pg_get_userbyid(d.datdba), NULL,
           pg_catalog.jsonb_build_object('connections', d.datallowconn, 'collation version', pg_catalog.to_jsonb(d) ->> 'datcollversion')
      FROM pg_catalog.pg_database AS d WHERE $4 = 'database' AND d.datname = $3
    UNION ALL
    SELECT e.oid, 'extension', pg_catalog.pg_get_userbyid(e.extowner), NULL,
           pg_catalog.jsonb_build_object('version', e.extversion, 'schema', e.extnamespace::pg_catalog.regnamespace)
      FROM pg_catalog.pg_extension AS e WHERE $4 = 'extension' AND e.extname = $3
    UNION ALL
    SELECT c.oid, 'collation', pg_catalog.pg_get_userbyid(c.collowner), x.extname,
           pg_catalog.jsonb_build_object('provider', c.collprovider, 'version', c.collversion, 'deterministic', c.collisdeterministic)
      FROM pg_catalog.pg_collation AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
      LEFT JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_collation'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
      LEFT JOIN pg_catalog.pg_extension AS x ON x.oid = d.refobjid
     WHERE $4 = 'collation' AND n.nspname = $2 AND c.collname = $3
       AND c.collencoding IN (-1, (SELECT e.encoding FROM pg_catalog.pg_database AS e WHERE e.datname = pg_catalog.current_database()))
    UNION ALL
    SELECT 0, 'setting', NULL, NULL,
           pg_catalog.jsonb_build_object('value', s.setting, 'unit', s.unit, 'source', s.source, 'file', s.sourcefile)
      FROM pg_catalog.pg_settings AS s
     WHERE $4 = 'setting' AND s.name = $3
    UNION ALL
    SELECT 0, 'replication slot', NULL, NULL,
           pg_catalog.jsonb_build_object('type', s.slot_type, 'plugin', s.plugin, 'database', s.database)
      FROM pg_catalog.pg_replication_slots AS s WHERE $4 = 'replication slot' AND s.slot_name = $3
    UNION ALL
    SELECT 0, 'standby', NULL, NULL, pg_catalog.jsonb_build_object('state', r.state, 'synchronous', r.sync_state)
      FROM pg_catalog.pg_stat_replication AS r WHERE $4 = 'standby' AND r.application_name = $3
    UNION ALL
    SELECT 0, 'subscription', pg_catalog.pg_get_userbyid(s.subowner), NULL,
           pg_catalog.jsonb_build_object('enabled', s.subenabled, 'publications', s.subpublications)
      FROM pg_catalog.pg_subscription AS s
     WHERE $4 = 'subscription' AND s.subname = $3
       AND s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    UNION ALL
    SELECT 0, 'server', NULL, NULL, '{}' WHERE $4 = 'server'
)
SELECT o.oid, o.kind, COALESCE(o.owner, '') AS owner, COALESCE(r.rolsuper, false) AS owner_super, COALESCE(o.extension, '') AS extension,
       false AS system, false AS temporary,
       COALESCE((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', p.key, 'value', p.value) ORDER BY p.key COLLATE "C")
                   FROM pg_catalog.jsonb_each_text(o.about) AS p WHERE p.value <> ''), '[]') AS properties
  FROM o
  LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = o.owner
 LIMIT 1
