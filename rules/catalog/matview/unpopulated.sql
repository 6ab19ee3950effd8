-- rule: matview/unpopulated
-- title: A materialized view that holds nothing: every query of it fails
-- scope: database
-- every: 15m
-- on: 55000
-- severity: warning
-- risk: medium
-- hazards: refresh
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1h

-- detect
WITH RECURSIVE reads (view, source) AS (
    SELECT r.ev_class, d.refobjid
      FROM pg_catalog.pg_rewrite AS r
      JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                                    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class
      JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
), stands_on (view, source) AS (
    SELECT c.oid, c.oid FROM pg_catalog.pg_class AS c WHERE c.relkind = 'm' AND NOT c.relispopulated
    UNION
    SELECT s.view, r.source
      FROM stands_on AS s
      JOIN reads AS r ON r.view = s.source
      -- Another materialized view is read as it is; what it stands on does not matter.
      JOIN pg_catalog.pg_class AS x ON x.oid = s.source AND (x.relkind = 'v' OR x.oid = s.view)
)
SELECT c.oid, n.nspname AS schema, c.relname AS name,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       -- One that reads an empty one comes after it.
       CASE WHEN EXISTS (SELECT
                           FROM stands_on AS s
                           JOIN pg_catalog.pg_class AS m ON m.oid = s.source AND m.relkind = 'm' AND NOT m.relispopulated
                          WHERE s.view = c.oid AND s.source <> c.oid)
            THEN 'matview/unpopulated' END AS blocked_by
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND NOT c.relispopulated
 ORDER BY n.nspname, c.relname

-- measure
SELECT pg_catalog.pg_relation_size(@oid) AS size

-- repair: session, deadline=4h
REFRESH MATERIALIZED VIEW {schema}.{name};

-- verify: within=10s
SELECT 'it still holds nothing' FROM pg_catalog.pg_class AS c WHERE c.oid = @oid AND NOT c.relispopulated

-- undo: none, because nobody could read it before, so nobody misses that

-- guidance
-- A materialized view that was made WITH NO DATA, restored by pg_restore without its data, or refreshed WITH NO DATA
-- refuses every query: "has not been populated" (55000). It is refreshed once. Its query runs as its owner and may take
-- as long as the one that fills it always takes; nobody can read the view meanwhile, which nobody can now either.
--
-- **After a restore** the refreshes are the last step of pg_restore; where it failed there, its log says why.
--
-- **If the refresh fails**, run its query by hand (`SELECT pg_get_viewdef('name'::regclass)`): a table is gone, or a
-- right of the view's owner is.
