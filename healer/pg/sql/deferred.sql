-- What could run an owner's code at COMMIT, outside of the sandbox. A deferred
-- trigger can only wait there if this transaction wrote to its table, and the
-- lock of that write is kept to the end (documentation, Explicit Locking).
SELECT pg_catalog.format('the deferrable trigger %I on %s', t.tgname, t.tgrelid::pg_catalog.regclass)
  FROM pg_catalog.pg_trigger AS t
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.oid = t.tgconstraint
 WHERE t.tgdeferrable
   AND (NOT t.tgisinternal OR k.contype = 'x')
   AND EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
                  AND l.relation = t.tgrelid AND l.mode = 'RowExclusiveLock' AND l.granted)
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
