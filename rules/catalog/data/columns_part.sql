       (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       -- What can be written again: a generated column makes itself.
       (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS own_columns,
