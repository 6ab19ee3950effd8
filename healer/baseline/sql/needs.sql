-- Which relation, column, function, type or extension a thing of the schema needs, from
-- what the server itself notes (documentation, pg_depend). A view, a trigger, a
-- default and a constraint need through their parts.
WITH part AS MATERIALIZED (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS classid, c.oid AS objid, 'relation' AS kind, c.oid AS relid, NULL::pg_catalog.text AS name
      FROM pg_catalog.pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid, 'relation', w.ev_class, NULL FROM pg_catalog.pg_rewrite AS w WHERE w.rulename = '_RETURN'
    UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, 'default', d.adrelid, a.attname::pg_catalog.text
                FROM pg_catalog.pg_attrdef AS d JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 'constraint', k.conrelid, k.conname::pg_catalog.text FROM pg_catalog.pg_constraint AS k WHERE k.conrelid <> 0
    UNION ALL SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 'trigger', t.tgrelid, t.tgname::pg_catalog.text FROM pg_catalog.pg_trigger AS t WHERE NOT t.tgisinternal
    UNION ALL SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 'policy', p.polrelid, p.polname::pg_catalog.text FROM pg_catalog.pg_policy AS p
    UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, 'index', i.indrelid, x.relname::pg_catalog.text
                FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
)
SELECT p.kind, n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS tbl, COALESCE(p.name, '') AS name,
       'extension' AS need_kind, es.nspname::pg_catalog.text AS need_schema, e.extname::pg_catalog.text AS need_name, '' AS need_column
  FROM part AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  JOIN pg_catalog.pg_depend AS d ON d.classid = p.classid AND d.objid = p.objid
  JOIN pg_catalog.pg_depend AS m ON m.classid = d.refclassid AND m.objid = d.refobjid
                                AND m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND m.deptype = 'e'
  JOIN pg_catalog.pg_extension AS e ON e.oid = m.refobjid
  JOIN pg_catalog.pg_namespace AS es ON es.oid = e.extnamespace
 GROUP BY 1, 2, 3, 4, 6, 7
UNION ALL
SELECT p.kind, n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS tbl, COALESCE(p.name, '') AS name,
       CASE d.refclassid WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'function' WHEN 'pg_catalog.pg_type'::pg_catalog.regclass THEN 'type' ELSE 'relation' END AS need_kind,
       COALESCE(rn.nspname, fs.nspname, ts.nspname)::pg_catalog.text AS need_schema,
       COALESCE(r.relname::pg_catalog.text, f.proname::pg_catalog.text || '(' || fa.types || ')', t.typname::pg_catalog.text) AS need_name,
       COALESCE(a.attname::pg_catalog.text, '') AS need_column
  FROM part AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  JOIN pg_catalog.pg_depend AS d ON d.classid = p.classid AND d.objid = p.objid
                                AND d.refclassid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)
  LEFT JOIN pg_catalog.pg_class AS r ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = d.refobjid AND r.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
  LEFT JOIN pg_catalog.pg_proc AS f ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = d.refobjid
  LEFT JOIN pg_catalog.pg_namespace AS fs ON fs.oid = f.pronamespace
  LEFT JOIN LATERAL (SELECT COALESCE(pg_catalog.string_agg(pg_catalog.format_type(u.t, NULL), ', ' ORDER BY u.n), '') AS types
                       FROM pg_catalog.unnest(f.proargtypes) WITH ORDINALITY AS u(t, n)) AS fa ON f.oid IS NOT NULL
  LEFT JOIN pg_catalog.pg_type AS t ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.refobjid AND t.typtype IN ('e', 'd', 'r', 'c')
  LEFT JOIN pg_catalog.pg_namespace AS ts ON ts.oid = t.typnamespace
 WHERE COALESCE(rn.nspname, fs.nspname, ts.nspname) !~ '^pg_' AND COALESCE(rn.nspname, fs.nspname, ts.nspname) <> 'information_schema'
   AND (COALESCE(r.oid, 0) <> c.oid OR p.kind <> 'relation' AND a.attname IS NOT NULL)
   -- Who owns a sequence is a thing of its own.
   AND c.relkind <> 'S'
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
