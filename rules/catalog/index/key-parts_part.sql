       -- Where a collation is not deterministic, equal is more than the same, and an index may have another one than its column.
       (SELECT pg_catalog.jsonb_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k.n, false)
                                    || CASE WHEN c.oid <> COALESCE(a.attcollation, 0)
                                             AND EXISTS (SELECT FROM pg_catalog.pg_collation AS e
                                                          WHERE NOT e.collisdeterministic
                                                            AND (e.oid = c.oid OR e.oid IN (SELECT b.attcollation FROM pg_catalog.pg_attribute AS b WHERE b.attrelid = i.indrelid)))
                                            THEN pg_catalog.format(' COLLATE %I.%I', (SELECT s.nspname FROM pg_catalog.pg_namespace AS s WHERE s.oid = c.collnamespace), c.collname) ELSE '' END ORDER BY k.n)
          FROM pg_catalog.generate_series(1, i.indnkeyatts::int4) AS k(n)
          LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0 AND a.attnum = ((pg_catalog.string_to_array(i.indkey::text, ' '))[k.n])::int2
          LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = ((pg_catalog.string_to_array(i.indcollation::text, ' '))[k.n])::oid)::text AS key_parts,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate
