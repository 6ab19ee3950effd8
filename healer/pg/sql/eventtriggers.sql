-- The event triggers that would run in a session of ours: those that are enabled
-- always or, as by default, where changes originate. Those of the event login
-- run whenever anybody connects, and no statement of ours causes them.
SELECT e.evtname AS name, pg_catalog.format('%I.%I', n.nspname, p.proname) AS function, e.evtevent AS event,
       COALESCE(pg_catalog.to_jsonb(e.evttags), '[]')::pg_catalog.text AS tags
  FROM pg_catalog.pg_event_trigger AS e
  JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE e.evtenabled IN ('O', 'A')
   AND e.evtevent IN ('ddl_command_start', 'ddl_command_end', 'sql_drop', 'table_rewrite')
 ORDER BY e.evtname
