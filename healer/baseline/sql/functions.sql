-- The functions that a statement may have meant which called one in vain: those
-- of that name, in any schema but the system's, also of extensions. @name is as
-- the statement wrote it, @plain its last part.
SELECT n.nspname::pg_catalog.text AS schema, p.proname::pg_catalog.text AS name, COALESCE(a.types, '') AS types,
       pg_catalog.pg_get_userbyid(p.proowner)::pg_catalog.text AS owner, COALESCE(e.extname::pg_catalog.text, '') AS extension,
       CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(pg_catalog.format_type(u.t, NULL), ', ' ORDER BY u.n) AS types
                       FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS u(t, n)) AS a
  LEFT JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
                                     AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
 WHERE p.proname = @plain OR p.proname = @name
 ORDER BY n.nspname, p.proname, a.types
 LIMIT 100
