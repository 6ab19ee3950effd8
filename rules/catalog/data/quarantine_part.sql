-- as: owner
CREATE TABLE {schema}.{run.quarantine} (LIKE {schema}.{table}, pgmend_source text NOT NULL, pgmend_reason text NOT NULL,
  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL);
-- Who may read the rows where they were may not be who reads new tables.
-- each: SELECT DISTINCT pg_catalog.pg_get_userbyid(a.grantee) AS grantee
--   FROM pg_catalog.pg_default_acl AS d CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS a
--  WHERE d.defaclobjtype = 'r' AND pg_catalog.pg_get_userbyid(d.defaclrole) = @owner AND a.grantee NOT IN (0, d.defaclrole)
--    AND (d.defaclnamespace = 0 OR d.defaclnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = @schema))
--  ORDER BY 1
-- as: owner
REVOKE ALL ON TABLE {schema}.{run.quarantine} FROM {each.grantee};
-- as: owner
REVOKE ALL ON TABLE {schema}.{run.quarantine} FROM PUBLIC;
