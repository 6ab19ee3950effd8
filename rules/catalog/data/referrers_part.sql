       (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', rn.nspname, 'table', rc.relname, 'name', r.conname,
                   'columns', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o) FROM pg_catalog.unnest(r.conkey) WITH ORDINALITY AS u(attnum, o)
                                 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.conrelid AND a.attnum = u.attnum),
                   'keys', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o) FROM pg_catalog.unnest(r.confkey) WITH ORDINALITY AS u(attnum, o)
                              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.confrelid AND a.attnum = u.attnum)) ORDER BY rn.nspname, rc.relname, r.conname)
          FROM pg_catalog.pg_constraint AS r
          JOIN pg_catalog.pg_class AS rc ON rc.oid = r.conrelid
          JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
