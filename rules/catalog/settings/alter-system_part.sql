-- guard: the setting can be changed while the server runs
SELECT 'it is set on the command line, which comes first' WHERE @source::text = 'command line'

-- guard: Patroni does not manage the settings
SELECT pg_catalog.format('session %s says that it is Patroni; change it with patronictl edit-config', a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.application_name LIKE 'Patroni%'

-- guard: ALTER SYSTEM is allowed
SELECT 'allow_alter_system is off: the settings are managed elsewhere'
  FROM pg_catalog.pg_settings AS s
 WHERE s.name = 'allow_alter_system' AND s.setting = 'off'
