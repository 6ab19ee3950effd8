-- Where the table says that new ones go, or where the last one is; the same for how it is stored.
-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high, a.amname AS method, s.spcname AS space
--         FROM pg_catalog.jsonb_array_elements(@missing::jsonb) WITH ORDINALITY AS m(v, n)
--         JOIN pg_catalog.pg_class AS t ON t.oid = @oid
--         JOIN pg_catalog.pg_class AS c ON c.oid = @last_oid::oid
--         JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
--         JOIN pg_catalog.pg_am AS a ON a.oid = COALESCE(NULLIF(t.relam, 0), c.relam)
--         JOIN pg_catalog.pg_tablespace AS s ON s.oid = COALESCE(NULLIF(t.reltablespace, 0), NULLIF(c.reltablespace, 0), d.dattablespace)
--        ORDER BY m.n
-- as: owner
CREATE TABLE {child_schema}.{each.name} (LIKE {child_schema}.{last_range} INCLUDING ALL EXCLUDING IDENTITY,
  CONSTRAINT pgmend_range CHECK ({column} IS NOT NULL AND {column} >= {each.low:literal} AND {column} < {each.high:literal}))
  USING {each.method} TABLESPACE {each.space};
-- each: SELECT m.v ->> 'name' AS name, k.conname AS check
--         FROM pg_catalog.pg_constraint AS k CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE k.conrelid = @last_oid::oid AND k.contype = 'c' AND k.coninhcount = 0
-- as: owner
ALTER TABLE {child_schema}.{each.name} DROP CONSTRAINT {each.check};
-- each: SELECT m.v ->> 'name' AS name, k.conname AS constraint, pg_catalog.pg_get_constraintdef(k.oid) AS definition
--         FROM pg_catalog.pg_constraint AS k CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE k.conrelid = @last_oid::oid AND k.contype = 'f' AND k.conparentid = 0
--        ORDER BY k.conname, name
-- as: owner
ALTER TABLE {child_schema}.{each.name} ADD CONSTRAINT {each.constraint} {each.definition:sql};
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.lower(x.privilege_type) AS privilege,
--              CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee
--         FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS x
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND x.grantee <> c.relowner AND NOT x.is_grantable
-- as: owner
GRANT {each.privilege} ON TABLE {child_schema}.{each.name} TO {each.grantee};
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.lower(x.privilege_type) AS privilege,
--              CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee
--         FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS x
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND x.grantee <> c.relowner AND x.is_grantable
-- as: owner
GRANT {each.privilege} ON TABLE {child_schema}.{each.name} TO {each.grantee} WITH GRANT OPTION;
-- each: SELECT m.v ->> 'name' AS name, a.attname AS column, pg_catalog.lower(x.privilege_type) AS privilege,
--              CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee
--         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS x
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND x.grantee <> c.relowner AND NOT x.is_grantable
--        ORDER BY name, a.attnum, privilege, grantee
-- as: owner
GRANT {each.privilege} ({each.column}) ON TABLE {child_schema}.{each.name} TO {each.grantee};
-- each: SELECT m.v ->> 'name' AS name, a.attname AS column, pg_catalog.lower(x.privilege_type) AS privilege,
--              CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee
--         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS x
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND x.grantee <> c.relowner AND x.is_grantable
--        ORDER BY name, a.attnum, privilege, grantee
-- as: owner
GRANT {each.privilege} ({each.column}) ON TABLE {child_schema}.{each.name} TO {each.grantee} WITH GRANT OPTION;
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.split_part(o.o, '=', 1) AS option, pg_catalog.substr(o.o, pg_catalog.strpos(o.o, '=') + 1) AS value
--         FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.unnest(c.reloptions) AS o(o)
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid
-- as: owner
ALTER TABLE {child_schema}.{each.name} SET ({each.option} = {each.value:literal});
-- each: SELECT m.v ->> 'name' AS name, pg_catalog.split_part(o.o, '=', 1) AS option, pg_catalog.substr(o.o, pg_catalog.strpos(o.o, '=') + 1) AS value
--         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_class AS s ON s.oid = c.reltoastrelid CROSS JOIN LATERAL pg_catalog.unnest(s.reloptions) AS o(o)
--        CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid
-- as: owner
ALTER TABLE {child_schema}.{each.name} SET (toast.{each.option} = {each.value:literal});
-- each: SELECT m.v ->> 'name' AS name, y.polname AS policy, CASE WHEN y.polpermissive THEN 'permissive' ELSE 'restrictive' END AS kind,
--              CASE y.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END AS command,
--              (SELECT pg_catalog.jsonb_agg(CASE WHEN r.oid = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(r.oid) END) FROM pg_catalog.unnest(y.polroles) AS r(oid)) AS roles
--         FROM pg_catalog.pg_policy AS y CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE y.polrelid = @last_oid::oid
--        ORDER BY y.polname, name
-- as: owner
CREATE POLICY {each.policy} ON {child_schema}.{each.name} AS {each.kind:permissive|restrictive} FOR {each.command:all|select|insert|update|delete} TO {each.roles:names};
-- each: SELECT m.v ->> 'name' AS name, y.polname AS policy, pg_catalog.pg_get_expr(y.polqual, y.polrelid) AS condition
--         FROM pg_catalog.pg_policy AS y CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE y.polrelid = @last_oid::oid AND y.polqual IS NOT NULL
--        ORDER BY y.polname, name
-- as: owner
ALTER POLICY {each.policy} ON {child_schema}.{each.name} USING ({each.condition:sql});
-- each: SELECT m.v ->> 'name' AS name, y.polname AS policy, pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid) AS condition
--         FROM pg_catalog.pg_policy AS y CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE y.polrelid = @last_oid::oid AND y.polwithcheck IS NOT NULL
--        ORDER BY y.polname, name
-- as: owner
ALTER POLICY {each.policy} ON {child_schema}.{each.name} WITH CHECK ({each.condition:sql});
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND c.relrowsecurity
-- as: owner
ALTER TABLE {child_schema}.{each.name} ENABLE ROW LEVEL SECURITY;
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND c.relreplident = 'f'
-- as: owner
ALTER TABLE {child_schema}.{each.name} REPLICA IDENTITY FULL;
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND c.relreplident = 'n'
-- as: owner
ALTER TABLE {child_schema}.{each.name} REPLICA IDENTITY NOTHING;
