-- rule: constraint/not-valid
-- title: A constraint was never validated, though no row violates it
-- scope: database
-- every: 6h
-- severity: info
-- risk: medium
-- hazards: validate
-- requires: pg>=13
-- reads: rows
-- cooldown: 24h

-- detect
SELECT k.conrelid AS oid, n.nspname AS schema, k.conname AS name, k.conrelid AS table_oid,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       c.relname AS "table",
       k.oid AS constraint_oid,
       k.contype = 'f' AS foreign_key,
       -- What a foreign key compares; a CHECK has itself in their places.
       COALESCE((SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o)
                   FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(attnum, o)
                   JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum), '["tableoid"]') AS columns,
       COALESCE(pn.nspname, n.nspname) AS parent_schema,
       COALESCE(p.relname, c.relname) AS parent,
       COALESCE((SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o)
                   FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(attnum, o)
                   JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
                (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.o)
                   FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(attnum, o)
                   JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
                '["tableoid"]') AS parent_columns
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
  LEFT JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
 WHERE NOT k.convalidated
   AND k.contype IN ('c', 'f')
   AND k.conparentid = 0
   AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   -- Since 18 a constraint can be declared and not enforced.
   AND COALESCE(pg_catalog.to_jsonb(k) ->> 'conenforced', 'true') = 'true'
 ORDER BY n.nspname, k.conname

-- capture
SELECT pg_catalog.pg_get_constraintdef(k.oid) AS definition,
       pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS expression,
       CASE WHEN k.contype = 'c' THEN 'CHECK' ELSE 'FOREIGN KEY' END AS kind
  FROM pg_catalog.pg_constraint AS k
 WHERE k.oid = @constraint_oid AND NOT k.convalidated

-- prove
SELECT CASE WHEN @foreign_key::bool
             AND EXISTS (SELECT {columns:names} FROM {schema}.{table} WHERE ROW ({columns:names}) IS NOT NULL
                         EXCEPT
                         SELECT {parent_columns:names} FROM {parent_schema}.{parent})
            THEN 'data/orphan-rows' END AS blocked_by

-- guard: every row fulfils the condition
SELECT 'a row breaks it'
  FROM {schema}.{table}
 WHERE NOT ({expression:sql})
 LIMIT 1

-- repair: transaction, lock_timeout=500ms, deadline=4h
-- as: owner
-- fails: 23503 -> data/orphan-rows
ALTER TABLE {schema}.{table} VALIDATE CONSTRAINT {name};

-- verify: within=5s
SELECT 'the constraint is not validated'
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.oid = @constraint_oid AND k.convalidated)

-- undo: none, because validation forbids nothing that was not forbidden, and taking it back would lock everybody out

-- guidance
-- ADD CONSTRAINT … NOT VALID checks new rows only, which is the right first step on a busy table. Until
-- VALIDATE CONSTRAINT, the planner cannot use the constraint, and old rows may break it.
--
-- Where rows do break it, nothing is changed. Rows of a foreign key without their parent are `data/orphan-rows`', for which it
-- waits. For a CHECK they are: `SELECT * FROM table WHERE NOT (condition)`.
