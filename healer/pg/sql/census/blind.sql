-- What this role cannot see, with what to grant: an empty list is not health.
SELECT pg_catalog.format('%s of %s sequences cannot be read: GRANT SELECT ON ALL SEQUENCES IN SCHEMA %s TO %I',
                         pg_catalog.count(*) FILTER (WHERE NOT r.readable), pg_catalog.count(*),
                         pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(r.nspname), ', ') FILTER (WHERE NOT r.readable),
                         CURRENT_USER) AS missing
  FROM (SELECT n.nspname,
               pg_catalog.has_sequence_privilege(c.oid, 'SELECT') OR pg_catalog.has_sequence_privilege(c.oid, 'USAGE') AS readable
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind = 'S') AS r
HAVING pg_catalog.count(*) FILTER (WHERE NOT r.readable) > 0
