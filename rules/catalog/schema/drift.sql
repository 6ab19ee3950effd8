-- rule: schema/drift
-- title: The schema is not as the approved baseline has it
-- scope: database
-- every: 1h
-- on: 42P01, 42703, 42883
-- severity: critical
-- risk: high
-- hazards: create_table, column, constraint, validate, create_index, drop_index, trigger, trigger_state, policy, row_security, view, routine, sequence, alter_sequence, type, create_stats, grant, owner, create_extension, comment, lock
-- requires: pg>=13
-- reads: catalog
-- cooldown: 1m

-- detect
SELECT (d.v ->> 'oid')::oid AS oid, d.v ->> 'schema' AS schema, d.v ->> 'name' AS name, (d.v ->> 'table_oid')::oid AS table_oid, d.v ->> 'owner' AS owner,
       d.v ->> 'id' AS definition, d.v ->> 'what' AS what, d.v ->> 'object' AS object, d.v ->> 'want' AS want, d.v ->> 'have' AS have,
       d.v ->> 'statements' AS statements, d.v ->> 'undo' AS undo, d.v ->> 'mode' AS mode, d.v ->> 'undo_mode' AS undo_mode,
       d.v ->> 'hazards' AS hazards, d.v ->> 'manual' AS manual, d.v ->> 'loses' AS loses, d.v ->> 'blocked_by' AS blocked_by,
       d.v ->> 'makes' AS makes, d.v ->> 'to_owner' AS to_owner, d.v ->> 'version' AS version, d.v ->> 'renamed' AS renamed, d.v ->> 'dropped' AS dropped, d.v ->> 'typo' AS typo, d.v ->> 'called' AS called, d.v ->> 'locked' AS locked
  FROM pg_catalog.jsonb_array_elements(@drift::jsonb) AS d(v)
 WHERE (@event.table IS NULL OR d.v ->> 'relation' = @event.table)
   AND (@event.schema IS NULL OR d.v ->> 'schema' = @event.schema)
   AND (@event.column IS NULL OR d.v ->> 'column' IS NULL OR d.v ->> 'column' = @event.column)
   AND (@event.function IS NULL OR @event.function IN (d.v ->> 'function', pg_catalog.concat(d.v ->> 'schema', '.', d.v ->> 'function')))

-- guard: the name is no slip of the pen
SELECT @typo WHERE @typo::text IS NOT NULL

-- guard: the function is not there for other arguments, or out of sight
SELECT @called WHERE @called::text IS NOT NULL

-- guard: it is not there under another name
SELECT pg_catalog.format('%s is there, and the baseline does not have it: was %s renamed, moved or changed?', @renamed, @object) WHERE @renamed::text IS NOT NULL

-- guard: nobody dropped it on purpose
SELECT @dropped WHERE @dropped::text IS NOT NULL

-- guard: it can be brought back online
SELECT @manual WHERE @manual::text IS NOT NULL

-- guard: its owner may make it
SELECT CASE WHEN r.oid IS NULL THEN pg_catalog.format('there is no role %s, to whom it belongs in the baseline', @owner)
            WHEN r.rolsuper THEN pg_catalog.format('its owner %s is a superuser; run the statements yourself', @owner)
            ELSE pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', @schema, @owner) END
  FROM (SELECT @owner::text AS name) AS w
  LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = w.name
 WHERE r.oid IS NULL
    OR r.rolsuper AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS h WHERE h.rolname = @healer AND h.rolsuper)
    OR @makes::bool
       AND EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = @schema AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE'))

-- guard: it may be given to its owner
SELECT CASE WHEN n.oid IS NULL THEN pg_catalog.format('there is no role %s, to whom it belongs in the baseline', @to_owner)
            WHEN NOT m.may THEN pg_catalog.format('GRANT %I TO %I', @to_owner, @owner)
            ELSE pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', @schema, @to_owner) END
  FROM (SELECT @to_owner::text AS name WHERE @to_owner::text IS NOT NULL) AS w
  JOIN pg_catalog.pg_roles AS o ON o.rolname = @owner
  LEFT JOIN pg_catalog.pg_roles AS n ON n.rolname = w.name
 CROSS JOIN LATERAL (
       -- To take it back it needs the other's rights, not only to become it.
       SELECT pg_catalog.pg_has_role(o.oid, n.oid, 'USAGE')
              AND pg_catalog.pg_has_role(o.oid, n.oid, CASE WHEN pg_catalog.current_setting('server_version_num')::int4 < 160000 THEN 'MEMBER' ELSE 'SET' END) AS may) AS m
 WHERE n.oid IS NULL OR NOT m.may
    OR EXISTS (SELECT FROM pg_catalog.pg_namespace AS s WHERE s.nspname = @schema AND NOT pg_catalog.has_schema_privilege(n.oid, s.oid, 'CREATE'))

-- guard: the extension is to be had
SELECT CASE WHEN v.name IS NULL THEN pg_catalog.format('the server has no version %s of it: install its package, or approve a new baseline', w.version)
            WHEN r.name IS NOT NULL THEN pg_catalog.format('it needs the extension %s, which is not there', r.name)
            WHEN v.superuser AND NOT v.trusted THEN 'only a superuser may make it; run the statement yourself'
            WHEN v.superuser THEN pg_catalog.format('GRANT CREATE ON DATABASE %I TO %I', pg_catalog.current_database(), @owner)
            ELSE pg_catalog.format('GRANT CREATE ON SCHEMA %I TO %I', @schema, @owner) END
  FROM (SELECT @version::text AS version WHERE @version::text IS NOT NULL) AS w
  JOIN pg_catalog.pg_roles AS o ON o.rolname = @owner
  LEFT JOIN pg_catalog.pg_available_extension_versions AS v ON v.name = @name AND v.version = w.version
  LEFT JOIN LATERAL (SELECT u.u::text AS name FROM pg_catalog.unnest(v.requires) AS u(u)
                      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = u.u) LIMIT 1) AS r ON true
 WHERE v.name IS NULL OR r.name IS NOT NULL
    OR NOT o.rolsuper AND CASE WHEN v.superuser THEN NOT v.trusted OR NOT pg_catalog.has_database_privilege(o.oid, (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database()), 'CREATE')
                               ELSE EXISTS (SELECT FROM pg_catalog.pg_namespace AS s WHERE s.nspname = @schema AND NOT pg_catalog.has_schema_privilege(o.oid, s.oid, 'CREATE')) END

-- guard: what it would change is not replicated
SELECT pg_catalog.format('it is published by %I, and DDL is not replicated: bring it back on the subscribers too, in an order that suits both', p.pubname)
  FROM pg_catalog.pg_publication_tables AS p
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.schemaname
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.tablename
 WHERE @object ~ '^(column|constraint|default|not null) '
   AND (c.oid = @table_oid::oid
        OR c.oid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = @table_oid::oid)
        OR c.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(@table_oid::oid::regclass) AS a(relid)))
UNION ALL
SELECT pg_catalog.format('it is filled by the subscription %I, and its definition is the publisher''s', s.subname)
  FROM pg_catalog.pg_subscription_rel AS r
  JOIN pg_catalog.pg_stat_subscription AS s ON s.subid = r.srsubid
 WHERE @object ~ '^(column|constraint|default|not null) '
   AND (r.srrelid = @table_oid::oid
        OR r.srrelid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = @table_oid::oid)
        OR r.srrelid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(@table_oid::oid::regclass) AS a(relid)))

-- repair: declared, lock_timeout=500ms, deadline=4h
-- as: owner
-- fails: 23503 -> data/orphan-rows
-- fails: 23505 -> data/duplicate-rows
{statements:declared};

-- verify: within=10s
SELECT pg_catalog.format('%s is still %s', d.v ->> 'object', d.v ->> 'what')
  FROM pg_catalog.jsonb_array_elements(@drift::jsonb) AS d(v)
 WHERE d.v ->> 'id' = @definition

-- undo: declared, lock_timeout=500ms
-- as: owner
{undo:declared};

-- guidance
-- A table, column, constraint, index or anything else that the approved baseline has is not in this database, or is there in another
-- form. Statements that need it fail with 42P01 (`relation does not exist`), 42703 (`column does not exist`) or 42883 (`function does
-- not exist`); or nothing fails, and rows come in that a constraint should have kept out.
--
-- Healed is only what a person approved with `pgmend baseline approve`, from the definition that the server itself printed then, and
-- never from the statement that failed. What comes back is the thing, not its data: a table comes back empty, a column without the
-- values it had, a sequence at its beginning. Find out who dropped it, and take the rows from a backup *before* new ones are written.
--
-- A missing function is looked for by its name, and only one that the baseline has and the database has nowhere is brought back. Where
-- one of that name is there, for arguments of other types or in a schema that the session's `search_path` leaves out, no schema has
-- drifted: it is said which one, and the statement or the setting has to change.
--
-- A view or a function that was changed is replaced where PostgreSQL can (the columns of a view, the arguments and the result of a
-- function stay), so that what depends on it stays too; not a function whose results an index, a check or a computed column keeps. A
-- policy that is missing comes back; what it says is a person's to change, and so is row level security itself. A thing goes back to its
-- owner where the present one may become that role, and an extension is made where the server has that version of it and its owner may
-- make it: otherwise the refusal says which GRANT or package is missing.
--
-- A foreign key or a check is added NOT VALID and then validated, a key and an index are built concurrently, a column is added only as
-- nullable or with a constant default. What would rewrite a table or change what somebody made is planned in words and left to you, and
-- nothing is ever dropped. It is refused where it is there under a near name, where the log shows that somebody dropped it after the
-- approval, and while other DDL runs.
--
-- **If the database is right and the baseline is not,** capture and approve it again: `pgmend baseline capture`, read `pgmend baseline
-- diff --captured`, then `pgmend baseline approve HASH`.
--
-- **Prevention.** Migrations from one place, with a baseline that is captured and approved as their last step; no DDL by hand; and roles
-- for applications that own no tables.
