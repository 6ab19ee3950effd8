-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
ALTER TABLE {schema}.{name} ATTACH PARTITION {child_schema}.{each.name} FOR VALUES FROM ({each.low:literal}) TO ({each.high:literal});
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
ALTER TABLE {child_schema}.{each.name} DROP CONSTRAINT pgmend_range;

-- verify: within=5s
WITH made AS (
    SELECT c.oid, c.relname, i.inhparent
      FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
      LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = @child_schema
      LEFT JOIN pg_catalog.pg_class AS c ON c.relname = m.v ->> 'name' AND c.relnamespace = n.oid AND c.relispartition
      LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = @oid
), has AS (
    -- What makes others see it as they see the last one.
    SELECT y.polrelid AS oid,
           pg_catalog.concat_ws(' ', 'the policy', y.polname, y.polcmd, y.polpermissive, y.polroles,
                                pg_catalog.pg_get_expr(y.polqual, y.polrelid), '/', pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid)) AS what
      FROM pg_catalog.pg_policy AS y
     WHERE y.polrelid = @last_oid::oid OR y.polrelid IN (SELECT d.oid FROM made AS d)
    UNION ALL
    SELECT g.oid, pg_catalog.concat_ws(' ', 'the grant', g.privilege, g.attname, g.grantable, g.grantee)
      FROM (SELECT c.oid, x.privilege_type AS privilege, NULL AS attname, x.is_grantable AS grantable, x.grantee, c.relowner
              FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS x
            UNION ALL
            SELECT c.oid, x.privilege_type, a.attname, x.is_grantable, x.grantee, c.relowner
              FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS x) AS g
     WHERE (g.oid = @last_oid::oid OR g.oid IN (SELECT d.oid FROM made AS d)) AND g.grantee <> g.relowner
)
SELECT 'a partition that was made is none of it' FROM made AS d WHERE d.inhparent IS NULL
UNION ALL
SELECT pg_catalog.format('%s lacks what %s has: %s', d.relname, @last_range, h.what)
  FROM made AS d
 CROSS JOIN has AS h
 WHERE h.oid = @last_oid::oid
   AND NOT EXISTS (SELECT FROM has AS o WHERE o.oid = d.oid AND o.what = h.what)
