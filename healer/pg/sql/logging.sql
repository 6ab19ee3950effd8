-- NULL where the role may not see a setting: pg_read_all_settings lets it.
SELECT pg_catalog.current_setting('logging_collector') AS collector,
       pg_catalog.current_setting('log_destination') AS destination,
       pg_catalog.current_setting('log_line_prefix') AS prefix,
       COALESCE(f.setting, '') AS filename,
       COALESCE(l.setting, '') AS directory,
       COALESCE(d.setting, '') AS data_directory
  FROM (SELECT) AS always
  LEFT JOIN pg_catalog.pg_settings AS f ON f.name = 'log_filename'
  LEFT JOIN pg_catalog.pg_settings AS l ON l.name = 'log_directory'
  LEFT JOIN pg_catalog.pg_settings AS d ON d.name = 'data_directory'
