-- All that the catalog says of one relation and a repair could change, with
-- names for oids, in a stable order. $1 is the oid; where that is gone, $2 and
-- $3 are schema and name. Columns that only newer versions have are read
-- through to_jsonb, so that one text serves them all.
WITH o AS (
    SELECT c.*
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = $1::pg_catalog.oid
        OR n.nspname = $2 AND c.relname = $3
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS x WHERE x.oid = $1::pg_catalog.oid)
     LIMIT 1
), properties (rank, key, value) AS (
    SELECT 1, 'schema', n.nspname::pg_catalog.text FROM o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.relnamespace
    UNION ALL SELECT 2, 'name', o.relname::pg_catalog.text FROM o
    UNION ALL SELECT 3, 'acl', (SELECT pg_catalog.string_agg(a::pg_catalog.text, ', ' ORDER BY a::pg_catalog.text) FROM pg_catalog.unnest(o.relacl) AS a) FROM o
    UNION ALL SELECT 4, 'comment', pg_catalog.obj_description(o.oid, 'pg_class') FROM o
    UNION ALL SELECT 5, 'options', (SELECT pg_catalog.string_agg(x, ', ' ORDER BY x COLLATE "C") FROM pg_catalog.unnest(o.reloptions) AS x) FROM o
    UNION ALL SELECT 6, 'toast options', (SELECT pg_catalog.string_agg(x, ', ' ORDER BY x COLLATE "C") FROM pg_catalog.unnest(t.reloptions) AS x) FROM o JOIN pg_catalog.pg_class AS t ON t.oid = o.reltoastrelid
    UNION ALL SELECT 7, 'tablespace', COALESCE((SELECT s.spcname::pg_catalog.text FROM pg_catalog.pg_tablespace AS s WHERE s.oid = o.reltablespace), 'default') FROM o
    UNION ALL SELECT 8, 'access method', (SELECT m.amname::pg_catalog.text FROM pg_catalog.pg_am AS m WHERE m.oid = o.relam) FROM o
    UNION ALL SELECT 9, 'persistence', o.relpersistence::pg_catalog.text FROM o
    UNION ALL SELECT 10, 'replica identity', o.relreplident::pg_catalog.text FROM o WHERE o.relkind IN ('r', 'p', 'm')
    UNION ALL SELECT 11, 'row security', o.relrowsecurity::pg_catalog.text || ', forced ' || o.relforcerowsecurity::pg_catalog.text FROM o WHERE o.relkind IN ('r', 'p')
    UNION ALL SELECT 12, 'populated', o.relispopulated::pg_catalog.text FROM o WHERE o.relkind = 'm'
    UNION ALL SELECT 13, 'partition bound', pg_catalog.pg_get_expr(o.relpartbound, o.oid) FROM o WHERE o.relispartition AND o.relkind IN ('r', 'p', 'f')
    UNION ALL SELECT 14, 'partition key', pg_catalog.pg_get_partkeydef(o.oid) FROM o WHERE o.relkind = 'p'
    UNION ALL SELECT 15, 'parent ' || i.inhseqno, i.inhparent::pg_catalog.regclass::pg_catalog.text FROM o JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = o.oid
    UNION ALL SELECT 16, 'definition', pg_catalog.pg_get_indexdef(o.oid) FROM o WHERE o.relkind IN ('i', 'I')
    UNION ALL SELECT 17, 'definition', pg_catalog.pg_get_viewdef(o.oid) FROM o WHERE o.relkind IN ('v', 'm')
    UNION ALL SELECT 18, 'state', pg_catalog.format('valid %s, ready %s, live %s, clustered %s, replica identity %s, immediate %s',
                                   i.indisvalid, i.indisready, i.indislive, i.indisclustered, i.indisreplident, i.indimmediate)
      FROM o JOIN pg_catalog.pg_index AS i ON i.indexrelid = o.oid
    UNION ALL SELECT 19, 'backs constraint ' || k.conname, pg_catalog.pg_get_constraintdef(k.oid)
      FROM o JOIN pg_catalog.pg_constraint AS k ON k.conindid = o.oid AND k.contype IN ('p', 'u', 'x') WHERE o.relkind IN ('i', 'I')
    UNION ALL SELECT 20, 'sequence', pg_catalog.format('type %s, start %s, increment %s, range %s to %s, cache %s, cycle %s',
                                   pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
      FROM o JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = o.oid
    UNION ALL SELECT 21, 'last value', CASE WHEN pg_catalog.has_sequence_privilege(o.oid, 'USAGE, SELECT') THEN pg_catalog.pg_sequence_last_value(o.oid::pg_catalog.regclass)::pg_catalog.text END
      FROM o WHERE o.relkind = 'S'
    UNION ALL SELECT 22, 'owned by', d.refobjid::pg_catalog.regclass::pg_catalog.text || ' column ' || a.attname
      FROM o JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = o.oid AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE o.relkind = 'S'
    UNION ALL SELECT 30, 'column ' || a.attnum, pg_catalog.concat_ws(', ', a.attname::pg_catalog.text, pg_catalog.format_type(a.atttypid, a.atttypmod),
                                   CASE WHEN a.attnotnull THEN 'not null' END,
                                   'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
                                   'identity ' || NULLIF(a.attidentity::pg_catalog.text, ''), 'generated ' || NULLIF(a.attgenerated::pg_catalog.text, ''),
                                   'collation ' || NULLIF(a.attcollation, 0)::pg_catalog.regcollation::pg_catalog.text,
                                   'storage ' || a.attstorage::pg_catalog.text, 'compression ' || NULLIF(pg_catalog.to_jsonb(a) ->> 'attcompression', ''),
                                   'statistics ' || NULLIF(NULLIF(a.attstattarget::pg_catalog.int4, -1)::pg_catalog.text, ''),
                                   'options ' || pg_catalog.array_to_string(a.attoptions, ' '),
                                   'acl ' || (SELECT pg_catalog.string_agg(x::pg_catalog.text, ' ' ORDER BY x::pg_catalog.text) FROM pg_catalog.unnest(a.attacl) AS x),
                                   'comment ' || pg_catalog.col_description(o.oid, a.attnum))
      FROM o JOIN pg_catalog.pg_attribute AS a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE o.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I')
    UNION ALL SELECT 40, 'constraint ' || k.conname, pg_catalog.pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ', not validated' END
                                   || COALESCE(', comment ' || pg_catalog.obj_description(k.oid, 'pg_constraint'), '')
      FROM o JOIN pg_catalog.pg_constraint AS k ON k.conrelid = o.oid
    UNION ALL SELECT 50, 'index ' || x.relname, pg_catalog.pg_get_indexdef(i.indexrelid)
                                   || CASE WHEN i.indisvalid THEN '' ELSE ', invalid' END || CASE WHEN i.indisclustered THEN ', clustered' ELSE '' END
                                   || CASE WHEN i.indisreplident THEN ', replica identity' ELSE '' END
      FROM o JOIN pg_catalog.pg_index AS i ON i.indrelid = o.oid JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
    UNION ALL SELECT 60, 'trigger ' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid) || ', enabled ' || t.tgenabled::pg_catalog.text
      FROM o JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = o.oid WHERE NOT t.tgisinternal
    UNION ALL SELECT 70, 'rule ' || r.rulename, pg_catalog.pg_get_ruledef(r.oid) FROM o JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = o.oid WHERE o.relkind NOT IN ('v', 'm')
    UNION ALL SELECT 80, 'policy ' || p.polname, pg_catalog.concat_ws(', ', p.polcmd::pg_catalog.text, pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
      FROM o JOIN pg_catalog.pg_policy AS p ON p.polrelid = o.oid
    UNION ALL SELECT 90, 'statistics ' || s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid) FROM o JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = o.oid
)
SELECT o.oid,
       CASE o.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'i' THEN 'index' WHEN 'I' THEN 'partitioned index'
                      WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                      WHEN 't' THEN 'TOAST table' ELSE 'relation' END AS kind,
       r.rolname AS owner,
       r.rolsuper AS owner_super,
       COALESCE((SELECT e.extname::pg_catalog.text
                   FROM pg_catalog.pg_depend AS d
                   JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = COALESCE(i.indrelid, o.oid)
                    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'), '') AS extension,
       o.oid < 16384 OR n.nspname = 'pg_catalog' AS system,
       o.relpersistence = 't' AS temporary,
       (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', p.key, 'value', p.value) ORDER BY p.rank, p.key COLLATE "C")
          FROM properties AS p WHERE p.value IS NOT NULL AND p.value <> '') AS properties
  FROM o
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.relnamespace
  JOIN pg_catalog.pg_roles AS r ON r.oid = o.relowner
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = o.oid
