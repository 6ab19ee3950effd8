SELECT pg_catalog.format('the deferrable trigger %I on %s', t.tgname, t.tgrelid::pg_catalog.regclass)
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.oid = t.tgconstraint
 WHERE t.tgdeferrable
   AND (NOT t.tgisinternal OR k.contype = 'x')
   -- From 18 on the server runs a deferred trigger as whoever queued it.
   AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 180000
UNION ALL
SELECT pg_catalog.format('the cursor %I WITH HOLD', u.name)
  FROM pg_catalog.pg_cursors AS u
 WHERE u.is_holdable
UNION ALL
SELECT pg_catalog.format('the temporary relation %I', c.relname)
  FROM pg_catalog.pg_class AS c
 WHERE c.relnamespace = pg_catalog.pg_my_temp_schema()
 LIMIT 1
