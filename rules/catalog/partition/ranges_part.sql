  FROM (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', c.relname, 'oid', c.oid::text, 'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid)))::text AS ranges
          FROM pg_catalog.pg_inherits AS i
          JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = @oid) AS r
