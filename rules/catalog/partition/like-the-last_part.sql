-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
CREATE TABLE {child_schema}.{each.name} (LIKE {child_schema}.{last_range} INCLUDING ALL EXCLUDING IDENTITY,
  CONSTRAINT pgmend_range CHECK ({column} IS NOT NULL AND {column} >= {each.low:literal} AND {column} < {each.high:literal}));
-- each: SELECT m.v ->> 'name' AS name, k.conname AS check
--         FROM pg_catalog.pg_constraint AS k CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE k.conrelid = @last_oid::oid AND k.contype = 'c' AND k.coninhcount = 0
-- as: owner
ALTER TABLE {child_schema}.{each.name} DROP CONSTRAINT {each.check};
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
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND c.relrowsecurity
-- as: owner
ALTER TABLE {child_schema}.{each.name} ENABLE ROW LEVEL SECURITY;
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.pg_class AS c CROSS JOIN pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
--        WHERE c.oid = @last_oid::oid AND c.relreplident = 'f'
-- as: owner
ALTER TABLE {child_schema}.{each.name} REPLICA IDENTITY FULL;
