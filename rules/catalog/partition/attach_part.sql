-- each: SELECT m.v ->> 'name' AS name, m.v ->> 'from' AS low, m.v ->> 'to' AS high FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
ALTER TABLE {schema}.{name} ATTACH PARTITION {child_schema}.{each.name} FOR VALUES FROM ({each.low:literal}) TO ({each.high:literal});
-- each: SELECT m.v ->> 'name' AS name FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
-- as: owner
ALTER TABLE {child_schema}.{each.name} DROP CONSTRAINT pgmend_range;

-- verify: within=5s
SELECT pg_catalog.format('%s is no partition of it', m.v ->> 'name')
  FROM pg_catalog.jsonb_array_elements(@missing::jsonb) AS m(v)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
                     JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                    WHERE i.inhparent = @oid AND c.relname = m.v ->> 'name' AND c.relispartition)
