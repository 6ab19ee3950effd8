-- guard: Patroni does not manage the slots
SELECT pg_catalog.format('session %s says that it is Patroni, which makes and drops slots itself', a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.application_name LIKE 'Patroni%'

-- guard: the healer may drop slots
SELECT pg_catalog.format('ALTER ROLE %I REPLICATION lets it; or a superuser runs: SELECT pg_drop_replication_slot(%L)', r.rolname, @name)
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname = @healer AND NOT r.rolreplication AND NOT r.rolsuper
