-- rule: settings/logging
-- title: The log lacks what healing and diagnosis need
-- scope: cluster
-- every: 24h
-- severity: info
-- risk: low
-- hazards: none
-- requires: pg>=13
-- reads: catalog

-- detect
SELECT 0::oid AS oid, '' AS schema, s.name, 'setting' AS kind, s.setting AS value,
       CASE s.name
       WHEN 'log_line_prefix' THEN
            'lines cannot be told apart: %p (process), a time (%m, %t or %n) and %e (SQLSTATE) belong into it'
       WHEN 'log_destination' THEN
            'in stderr''s format any user can write a line that looks like the server''s; jsonlog (15 and later) or csvlog cannot be forged'
       WHEN 'log_lock_waits' THEN 'who waited for whose lock is not written'
       WHEN 'log_temp_files' THEN 'sorts and hashes that spill to disk are not written'
       WHEN 'log_autovacuum_min_duration' THEN 'what autovacuum did, and why it could not, is not written'
       WHEN 'log_min_error_statement' THEN 'the statements that fail are not written'
       WHEN 'log_checkpoints' THEN 'why checkpoints came is not written'
       END AS why,
       CASE s.name
       WHEN 'log_line_prefix' THEN $f$ALTER SYSTEM SET log_line_prefix = '%m [%p] %q%u@%d %e ';$f$
       WHEN 'log_destination' THEN
            CASE WHEN pg_catalog.current_setting('server_version_num')::int4 >= 150000
                 THEN 'ALTER SYSTEM SET log_destination = ''stderr,jsonlog''; logging_collector has to be on, which needs a restart'
                 ELSE 'ALTER SYSTEM SET log_destination = ''stderr,csvlog''; logging_collector has to be on, which needs a restart' END
       WHEN 'log_lock_waits' THEN 'ALTER SYSTEM SET log_lock_waits = on;'
       WHEN 'log_temp_files' THEN 'ALTER SYSTEM SET log_temp_files = ''10MB'';'
       WHEN 'log_autovacuum_min_duration' THEN 'ALTER SYSTEM SET log_autovacuum_min_duration = ''10min'';'
       WHEN 'log_min_error_statement' THEN 'ALTER SYSTEM SET log_min_error_statement = ''error'';'
       WHEN 'log_checkpoints' THEN 'ALTER SYSTEM SET log_checkpoints = on;'
       END AS advice
  FROM pg_catalog.pg_settings AS s
 WHERE s.name = 'log_line_prefix'
       -- csvlog and jsonlog have every field without a prefix.
       AND pg_catalog.current_setting('log_destination') IN ('stderr', 'syslog', 'eventlog')
       AND NOT (s.setting LIKE '%\%%p%' AND s.setting LIKE '%\%%e%' AND (s.setting LIKE '%\%%m%' OR s.setting LIKE '%\%%t%' OR s.setting LIKE '%\%%n%'))
    OR s.name = 'log_destination' AND s.setting NOT LIKE '%csvlog%' AND s.setting NOT LIKE '%jsonlog%'
    OR s.name = 'log_lock_waits' AND s.setting = 'off'
    OR s.name = 'log_temp_files' AND s.setting = '-1'
    OR s.name = 'log_autovacuum_min_duration' AND s.setting = '-1'
    OR s.name = 'log_min_error_statement' AND s.setting IN ('log', 'fatal', 'panic')
    OR s.name = 'log_checkpoints' AND s.setting = 'off'
 ORDER BY s.name

-- guidance
-- pgmend heals faster when the log tells it where to look, and it explains better when the log has the
-- statement. Each finding names the setting, what is missed, and the statement that changes it; then
-- `SELECT pg_reload_conf();`.
--
-- **Cost.** These settings write a line for an event that is rare on a healthy server. None logs every
-- statement. log_lock_waits writes at most one line for a wait that is longer than deadlock_timeout.
