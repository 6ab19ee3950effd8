-- The schema of one database, a row for each thing that can drift, in one
-- statement and so of one moment. Who reads it needs no rights on anything.
--
-- A function that prints a definition opens its relation, and would wait for
-- whoever holds it in ACCESS EXCLUSIVE. So what somebody holds, or waits for, is
-- left out with all that is printed through it, and named as a row of the kind
-- "locked": it is not judged, and that is said.
WITH held AS MATERIALIZED (
    SELECT DISTINCT l.relation AS oid
      FROM pg_catalog.pg_locks AS l
     WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid()
       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
), member AS MATERIALIZED (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
     WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
), space AS MATERIALIZED (
    SELECT n.oid, n.nspname::pg_catalog.text AS name, n.nspowner, n.nspacl
      FROM pg_catalog.pg_namespace AS n
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = n.oid)
), rel AS MATERIALIZED (
    SELECT c.*, s.name AS space, c.relname::pg_catalog.text AS name, pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text AS owner
      FROM pg_catalog.pg_class AS c
      JOIN space AS s ON s.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
       -- The sequence of an identity column is a part of that column.
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                        WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'i')
), blocked AS MATERIALIZED (
    SELECT h.oid FROM held AS h
    UNION
    -- A view is printed by taking locks on what it reads.
    SELECT w.ev_class
      FROM pg_catalog.pg_rewrite AS w
      JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
                                    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN held AS h ON h.oid = d.refobjid
), free AS MATERIALIZED (
    SELECT r.* FROM rel AS r WHERE NOT EXISTS (SELECT FROM blocked AS b WHERE b.oid = r.oid)
), col AS MATERIALIZED (
    SELECT r.oid AS table_oid, r.space, r.name AS tbl, r.owner, r.relkind, a.attname::pg_catalog.text AS name, a.attnum, a.attnotnull,
           a.attidentity, a.attgenerated, a.attacl, a.attrelid, a.attinhcount, a.attislocal,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
           CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation::pg_catalog.text END AS collation
      FROM free AS r
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
     WHERE r.relkind IN ('r', 'p', 'f')
), fn AS MATERIALIZED (
    SELECT p.*, s.name AS space, pg_catalog.pg_get_userbyid(p.proowner)::pg_catalog.text AS owner,
           (SELECT COALESCE(pg_catalog.string_agg(pg_catalog.format_type(u.t, NULL), ', ' ORDER BY u.n), '')
              FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS u(t, n)) AS types
      FROM pg_catalog.pg_proc AS p
      JOIN space AS s ON s.oid = p.pronamespace
     WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                         JOIN held AS h ON h.oid = d.refobjid
                        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
                          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
), granted (kind, space, tbl, owner, oid, acl, name, types) AS (
    SELECT CASE r.relkind WHEN 'S' THEN 'sequence grant' ELSE 'table grant' END, r.space, r.name, r.relowner, r.oid,
           COALESCE(r.relacl, pg_catalog.acldefault(CASE r.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, r.relowner)),
           NULL, NULL
      FROM free AS r
    UNION ALL
    SELECT 'function grant', f.space, pg_catalog.format('%s(%s)', f.proname, f.types), f.proowner, f.oid,
           COALESCE(f.proacl, pg_catalog.acldefault('f', f.proowner)),
           f.proname, f.types
      FROM fn AS f
    UNION ALL
    SELECT 'schema grant', s.name, '', s.nspowner, s.oid, COALESCE(s.nspacl, pg_catalog.acldefault('n', s.nspowner)), NULL, NULL FROM space AS s
)
SELECT 'locked' AS kind, r.space AS schema, '' AS tbl, r.name, r.owner, '' AS definition, NULL::pg_catalog.jsonb AS detail, r.oid, r.oid AS table_oid
  FROM rel AS r JOIN blocked AS b ON b.oid = r.oid
UNION ALL
SELECT 'schema', s.name, '', s.name, pg_catalog.pg_get_userbyid(s.nspowner)::pg_catalog.text, '', NULL, s.oid, 0 FROM space AS s
UNION ALL
SELECT 'extension', s.nspname::pg_catalog.text, '', e.extname::pg_catalog.text, pg_catalog.pg_get_userbyid(e.extowner)::pg_catalog.text,
       'version ' || e.extversion, NULL, e.oid, 0
  FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS s ON s.oid = e.extnamespace
 WHERE e.extname <> 'plpgsql'
UNION ALL
SELECT 'type', s.name, '', t.typname::pg_catalog.text, pg_catalog.pg_get_userbyid(t.typowner)::pg_catalog.text,
       CASE t.typtype
       WHEN 'e' THEN (SELECT 'ENUM (' || COALESCE(pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder), '') || ')'
                        FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid)
       WHEN 'd' THEN pg_catalog.concat_ws(' ', pg_catalog.format_type(t.typbasetype, t.typtypmod),
                       'COLLATE ' || CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::pg_catalog.regcollation::pg_catalog.text END,
                       'DEFAULT ' || pg_catalog.pg_get_expr(t.typdefaultbin, 0), CASE WHEN t.typnotnull THEN 'NOT NULL' END,
                       (SELECT pg_catalog.string_agg(pg_catalog.format('CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), ' ' ORDER BY k.conname)
                          FROM pg_catalog.pg_constraint AS k WHERE k.contypid = t.oid AND k.contype = 'c'))
       WHEN 'c' THEN (SELECT '(' || COALESCE(pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum), '') || ')'
                        FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
       ELSE 'RANGE (SUBTYPE = ' || (SELECT pg_catalog.format_type(g.rngsubtype, NULL) FROM pg_catalog.pg_range AS g WHERE g.rngtypid = t.oid) || ')' END,
       pg_catalog.jsonb_build_object('type', t.typtype), t.oid, 0
  FROM pg_catalog.pg_type AS t
  JOIN space AS s ON s.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
 WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
   AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid)
UNION ALL
SELECT 'sequence', r.space, '', r.name, r.owner,
       pg_catalog.format('AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s', pg_catalog.format_type(q.seqtypid, NULL),
                         q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END),
       NULL, r.oid, r.oid
  FROM free AS r JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = r.oid
UNION ALL
SELECT 'sequence owner', r.space, '', r.name, r.owner, pg_catalog.format('%I.%I.%I', tn.nspname, t.relname, a.attname),
       pg_catalog.jsonb_build_object('schema', tn.nspname, 'table', t.relname, 'column', a.attname), r.oid, r.oid
  FROM free AS r
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = r.oid AND d.refobjsubid > 0 AND d.deptype = 'a'
  JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 WHERE r.relkind = 'S'
UNION ALL
SELECT CASE r.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END, r.space, '', r.name, r.owner,
       pg_catalog.concat_ws(' ', CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
         'PARTITION OF ' || CASE WHEN r.relispartition THEN p.parents END || ' ' || pg_catalog.pg_get_expr(r.relpartbound, r.oid),
         'INHERITS (' || CASE WHEN NOT r.relispartition THEN p.parents END || ')',
         'PARTITION BY ' || CASE r.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
         'USING ' || (SELECT m.amname FROM pg_catalog.pg_am AS m WHERE m.oid = r.relam AND m.amname <> 'heap'),
         'WITH (' || (SELECT pg_catalog.string_agg(x, ', ' ORDER BY x COLLATE "C") FROM pg_catalog.unnest(r.reloptions) AS x) || ')',
         'TABLESPACE ' || (SELECT pg_catalog.quote_ident(s.spcname) FROM pg_catalog.pg_tablespace AS s WHERE s.oid = r.reltablespace)),
       CASE WHEN r.relispartition OR p.parents IS NOT NULL OR r.relkind = 'p' OR r.reloptions IS NOT NULL OR r.relpersistence = 'u' OR r.reltablespace <> 0
            THEN pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
                   'partition', NULLIF(r.relispartition, false)::pg_catalog.text, 'parents', p.parents, 'bound', pg_catalog.pg_get_expr(r.relpartbound, r.oid),
                   'partitioned', CASE r.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
                   'options', (SELECT pg_catalog.string_agg(x, ', ' ORDER BY x COLLATE "C") FROM pg_catalog.unnest(r.reloptions) AS x),
                   'unlogged', CASE r.relpersistence WHEN 'u' THEN 'true' END,
                   'tablespace', (SELECT pg_catalog.quote_ident(s.spcname) FROM pg_catalog.pg_tablespace AS s WHERE s.oid = r.reltablespace))) END,
       r.oid, r.oid
  FROM free AS r
  LEFT JOIN LATERAL (SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' ORDER BY i.inhseqno) AS parents
                       FROM pg_catalog.pg_inherits AS i
                       JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent
                       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                      WHERE i.inhrelid = r.oid) AS p ON true
 WHERE r.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 'row security', r.space, r.name, r.name, r.owner, CASE WHEN r.relforcerowsecurity THEN 'FORCE' ELSE 'ENABLE' END, NULL, r.oid, r.oid
  FROM free AS r WHERE r.relrowsecurity
UNION ALL
SELECT 'column', c.space, c.tbl, c.name, c.owner,
       pg_catalog.concat_ws(' ', c.type, 'COLLATE ' || c.collation,
         'GENERATED ALWAYS AS (' || CASE WHEN c.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END || ') '
           || CASE c.attgenerated WHEN 'v' THEN 'VIRTUAL' ELSE 'STORED' END,
         'GENERATED ' || CASE c.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END || ' AS IDENTITY'
           || (SELECT pg_catalog.format(' (INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s)', q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
                                        CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END)
                 FROM pg_catalog.pg_depend AS o
                 JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = o.objid
                WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND o.refobjid = c.attrelid AND o.refobjsubid = c.attnum AND o.deptype = 'i')),
       pg_catalog.jsonb_build_object('position', c.attnum::pg_catalog.text, 'type', c.type, 'generated', c.attgenerated, 'identity', c.attidentity), c.table_oid, c.table_oid
  FROM col AS c
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
 WHERE c.attislocal OR c.attinhcount = 0
UNION ALL
SELECT 'not null', c.space, c.tbl, c.name, c.owner, 'NOT NULL', NULL, c.table_oid, c.table_oid
  FROM col AS c WHERE c.attnotnull AND (c.attislocal OR c.attinhcount = 0)
UNION ALL
SELECT 'default', c.space, c.tbl, c.name, c.owner, pg_catalog.pg_get_expr(d.adbin, d.adrelid), NULL, c.table_oid, c.table_oid
  FROM col AS c
  JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
 WHERE c.attgenerated = '' AND (c.attislocal OR c.attinhcount = 0)
UNION ALL
SELECT 'constraint', r.space, r.name, k.conname::pg_catalog.text, r.owner, pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('type', k.contype, 'invalid', CASE WHEN NOT k.convalidated THEN 'true' END)), k.oid, r.oid
  FROM free AS r
  JOIN pg_catalog.pg_constraint AS k ON k.conrelid = r.oid
 WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND k.conparentid = 0 AND k.conislocal
   AND NOT EXISTS (SELECT FROM held AS h WHERE h.oid = k.confrelid)
UNION ALL
SELECT 'index', r.space, r.name, c.relname::pg_catalog.text, r.owner, pg_catalog.pg_get_indexdef(i.indexrelid),
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('partitioned', CASE r.relkind WHEN 'p' THEN 'true' END)), i.indexrelid, r.oid
  FROM free AS r
  JOIN pg_catalog.pg_index AS i ON i.indrelid = r.oid AND i.indislive
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid)
UNION ALL
SELECT CASE r.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, r.space, '', r.name, r.owner, pg_catalog.pg_get_viewdef(r.oid),
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('options',
         (SELECT pg_catalog.string_agg(x, ', ' ORDER BY x COLLATE "C") FROM pg_catalog.unnest(r.reloptions) AS x),
         'columns', CASE r.relkind WHEN 'v' THEN
         (SELECT pg_catalog.jsonb_agg(pg_catalog.concat_ws(' ', pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),
                                                           'COLLATE ' || NULLIF(a.attcollation, 0)::pg_catalog.regcollation::pg_catalog.text) ORDER BY a.attnum)::pg_catalog.text
            FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) END)), r.oid, r.oid
  FROM free AS r WHERE r.relkind IN ('v', 'm')
UNION ALL
SELECT CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, f.space, '', pg_catalog.format('%s(%s)', f.proname, f.types), f.owner,
       CASE f.prokind WHEN 'a' THEN 'RETURNS ' || pg_catalog.format_type(f.prorettype, NULL) ELSE pg_catalog.pg_get_functiondef(f.oid) END,
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('name', f.proname, 'types', f.types, 'untrusted', CASE WHEN NOT l.lanpltrusted THEN l.lanname END)), f.oid, 0
  FROM fn AS f JOIN pg_catalog.pg_language AS l ON l.oid = f.prolang
UNION ALL
SELECT 'trigger', r.space, r.name, t.tgname::pg_catalog.text, r.owner, pg_catalog.pg_get_triggerdef(t.oid),
       pg_catalog.jsonb_build_object('enabled', t.tgenabled), t.oid, r.oid
  FROM free AS r
  JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgparentid = 0
 WHERE NOT EXISTS (SELECT FROM held AS h WHERE h.oid = t.tgconstrrelid)
UNION ALL
SELECT 'policy', r.space, r.name, p.polname::pg_catalog.text, r.owner,
       pg_catalog.concat_ws(' ', 'AS', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
         'FOR', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
         'TO', (SELECT pg_catalog.string_agg(CASE u.r WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(u.r)) END, ', ' ORDER BY u.n)
                  FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY AS u(r, n)),
         'USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', 'WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
       NULL, p.oid, r.oid
  FROM free AS r JOIN pg_catalog.pg_policy AS p ON p.polrelid = r.oid
UNION ALL
SELECT 'statistics', n.nspname::pg_catalog.text, r.name, s.stxname::pg_catalog.text, pg_catalog.pg_get_userbyid(s.stxowner)::pg_catalog.text,
       pg_catalog.pg_get_statisticsobjdef(s.oid), NULL, s.oid, r.oid
  FROM free AS r
  JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = r.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
UNION ALL
-- An owner has what the owner needs; what is granted to others is what drifts.
SELECT g.kind, g.space, g.tbl, COALESCE(o.rolname::pg_catalog.text, 'PUBLIC'), pg_catalog.pg_get_userbyid(g.owner)::pg_catalog.text,
       pg_catalog.string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY x.privilege_type COLLATE "C", x.is_grantable),
       NULLIF(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('public', CASE WHEN x.grantee = 0 THEN 'true' END, 'name', g.name, 'types', g.types)), '{}'), g.oid, CASE WHEN g.kind IN ('table grant', 'sequence grant') THEN g.oid ELSE 0 END
  FROM granted AS g
 CROSS JOIN LATERAL pg_catalog.aclexplode(g.acl) AS x
  LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = x.grantee
 WHERE x.grantee <> g.owner
 GROUP BY g.kind, g.space, g.tbl, g.owner, g.oid, g.name, g.types, x.grantee, o.rolname
UNION ALL
SELECT 'column grant', c.space, c.tbl, c.name || ' ' || COALESCE(o.rolname::pg_catalog.text, 'PUBLIC'), c.owner,
       pg_catalog.string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY x.privilege_type COLLATE "C", x.is_grantable),
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('column', c.name, 'grantee', COALESCE(o.rolname, 'PUBLIC'), 'public', CASE WHEN x.grantee = 0 THEN 'true' END)),
       c.table_oid, c.table_oid
  FROM col AS c
 CROSS JOIN LATERAL pg_catalog.aclexplode(c.attacl) AS x
  LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = x.grantee
 GROUP BY c.space, c.tbl, c.name, c.owner, c.table_oid, x.grantee, o.rolname
UNION ALL
SELECT 'comment', r.space, r.name, CASE WHEN d.objsubid > 0 THEN a.attname::pg_catalog.text ELSE '' END, r.owner, d.description,
       pg_catalog.jsonb_build_object('on', CASE WHEN d.objsubid > 0 THEN 'column' WHEN r.relkind = 'v' THEN 'view' WHEN r.relkind = 'm' THEN 'materialized view'
                                                WHEN r.relkind = 'S' THEN 'sequence' WHEN r.relkind = 'f' THEN 'foreign table' ELSE 'table' END), r.oid, r.oid
  FROM free AS r
  JOIN pg_catalog.pg_description AS d ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = r.oid
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = d.objsubid AND d.objsubid > 0
 WHERE d.objsubid = 0 OR NOT a.attisdropped
UNION ALL
SELECT 'comment', f.space, pg_catalog.format('%s(%s)', f.proname, f.types), '', f.owner, d.description,
       pg_catalog.jsonb_build_object('on', CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, 'name', f.proname, 'types', f.types), f.oid, 0
  FROM fn AS f
  JOIN pg_catalog.pg_description AS d ON d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objoid = f.oid AND d.objsubid = 0
