-- quiet
CREATE TABLE app.parent (id int PRIMARY KEY, v text);
INSERT INTO app.parent SELECT g FROM generate_series(1, 100) AS g;
-- Not validated, and nothing breaks it: constraint/not-valid's. NULL refers to nobody.
CREATE TABLE app.fine (p int);
INSERT INTO app.fine VALUES (1), (NULL);
ALTER TABLE app.fine ADD CONSTRAINT fine_fk FOREIGN KEY (p) REFERENCES app.parent NOT VALID;
-- No foreign key says that this is wrong.
CREATE TABLE app.loose (p int);
INSERT INTO app.loose VALUES (1000);

-- setup
CREATE TABLE app."c ""1""" (id bigint GENERATED ALWAYS AS IDENTITY, "p {1}" int, note text DEFAULT 'x', twice int GENERATED ALWAYS AS ("p {1}" * 2) STORED);
INSERT INTO app."c ""1""" ("p {1}") SELECT NULLIF(g % 120, 0) FROM generate_series(1, 360) AS g;
ALTER TABLE app."c ""1""" ADD CONSTRAINT "fk {it's}" FOREIGN KEY ("p {1}") REFERENCES app.parent ON DELETE CASCADE DEFERRABLE NOT VALID;
-- Of two columns, of another type each, to a partitioned parent.
CREATE TABLE app.days (at date, n int, PRIMARY KEY (at, n)) PARTITION BY RANGE (at);
CREATE TABLE app.days_1 PARTITION OF app.days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO app.days VALUES ('2026-01-01', 1);
CREATE TABLE app.notes (at date, n bigint, id int);
INSERT INTO app.notes VALUES ('2026-01-01', 1, 1), ('2026-01-01', 2, 2), ('2026-01-02', NULL, 3);
ALTER TABLE app.notes ADD CONSTRAINT notes_fk FOREIGN KEY (at, n) REFERENCES app.days NOT VALID;
-- A foreign key refers to the row that stays, and to none that goes.
CREATE TABLE app.branch (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p int, twice int GENERATED ALWAYS AS (p * 2) STORED);
CREATE TABLE app.twig (b int REFERENCES app.branch);
INSERT INTO app.branch (p) VALUES (1), (1000);
INSERT INTO app.twig VALUES (1), (NULL);
ALTER TABLE app.branch ADD CONSTRAINT branch_fk FOREIGN KEY (p) REFERENCES app.parent NOT VALID;
-- Left to a person.
CREATE TABLE app.middle (id int PRIMARY KEY, p int);
CREATE TABLE app.leaf (m int REFERENCES app.middle);
INSERT INTO app.middle VALUES (1, 1000);
INSERT INTO app.leaf VALUES (1);
ALTER TABLE app.middle ADD CONSTRAINT middle_fk FOREIGN KEY (p) REFERENCES app.parent NOT VALID;
CREATE TABLE app.stem (id int PRIMARY KEY, p int);
CREATE TABLE app.thorn (s int REFERENCES app.stem ON DELETE SET NULL);
INSERT INTO app.stem VALUES (1, 1000);
ALTER TABLE app.stem ADD CONSTRAINT stem_fk FOREIGN KEY (p) REFERENCES app.parent NOT VALID;
CREATE TABLE app.guarded (id int PRIMARY KEY, p int);
CREATE TABLE app.guarding (g int REFERENCES app.guarded);
INSERT INTO app.guarded VALUES (1, 1000);
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE TRIGGER note BEFORE DELETE ON app.guarded FOR EACH ROW EXECUTE FUNCTION app.note();
ALTER TABLE app.guarded ADD CONSTRAINT guarded_fk FOREIGN KEY (p) REFERENCES app.parent NOT VALID;
-- What was lost are the parents.
CREATE TABLE app.lost (id int PRIMARY KEY);
CREATE TABLE app.left_over (l int);
INSERT INTO app.left_over VALUES (1), (2);
ALTER TABLE app.left_over ADD CONSTRAINT lost_fk FOREIGN KEY (l) REFERENCES app.lost NOT VALID;
CREATE TABLE app.full_match (a date, b int);
INSERT INTO app.full_match VALUES ('2026-01-05', 1);
ALTER TABLE app.full_match ADD CONSTRAINT full_fk FOREIGN KEY (a, b) REFERENCES app.days MATCH FULL NOT VALID;

-- log
{"timestamp":"2026-11-25 07:00:00.000 UTC","pid":1,"error_severity":"ERROR","state_code":"23503","message":"insert or update on table \"notes\" violates foreign key constraint \"notes_fk\"","detail":"Key (at, n)=(2026-01-01, 2) is not present in table \"days\".","statement":"ALTER TABLE app.notes VALIDATE CONSTRAINT notes_fk;"}

-- want
app.branch_fk
app.fk {it's}
app.full_fk refused: equality is the one of the server
app.guarded_fk refused: nothing of its own happens when its rows go
app.lost_fk refused: it is not the parents that were lost
app.middle_fk refused: nothing refers to the rows that would go
app.notes_fk
app.stem_fk refused: no foreign key acts on what refers to its rows

-- plan
CREATE TABLE "app".{run.quarantine} (LIKE "app"."branch", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."branch" AS t\n WHERE t."p" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."branch" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."p" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p") AND NOT EXISTS (SELECT FROM "app"."twig" AS r WHERE r."b" = t."id")\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."branch" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "id", "p", "twice"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "p", "twice", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "p", "twice", pg_catalog.format('%I.%I', E'app'::text, E'branch'::text),\n         pg_catalog.format('no parent by %I', E'branch_fk'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "p", "twice")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."c ""1""", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."c ""1""" AS t\n WHERE t."p {1}" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p {1}")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."c ""1""" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."p {1}" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p {1}") AND true\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."c ""1""" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "id", "p {1}", "note", "twice"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "p {1}", "note", "twice", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "p {1}", "note", "twice", pg_catalog.format('%I.%I', E'app'::text, E'c "1"'::text),\n         pg_catalog.format('no parent by %I', E'fk {it''s}'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "p {1}", "note", "twice")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."full_match", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."full_match" AS t\n WHERE t."a" IS DISTINCT FROM NULL AND t."b" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."days" AS p WHERE p."at" = t."a" AND p."n" = t."b")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."full_match" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."a" IS DISTINCT FROM NULL AND t."b" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."days" AS p WHERE p."at" = t."a" AND p."n" = t."b") AND true\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."full_match" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "a", "b"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("a", "b", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "a", "b", pg_catalog.format('%I.%I', E'app'::text, E'full_match'::text),\n         pg_catalog.format('no parent by %I', E'full_fk'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("a", "b")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."guarded", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."guarded" AS t\n WHERE t."p" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."guarded" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."p" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p") AND NOT EXISTS (SELECT FROM "app"."guarding" AS r WHERE r."g" = t."id")\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."guarded" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "id", "p"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "p", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "p", pg_catalog.format('%I.%I', E'app'::text, E'guarded'::text),\n         pg_catalog.format('no parent by %I', E'guarded_fk'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "p")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."left_over", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."left_over" AS t\n WHERE t."l" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."lost" AS p WHERE p."id" = t."l")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."left_over" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."l" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."lost" AS p WHERE p."id" = t."l") AND true\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."left_over" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "l"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("l", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "l", pg_catalog.format('%I.%I', E'app'::text, E'left_over'::text),\n         pg_catalog.format('no parent by %I', E'lost_fk'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("l")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."middle", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."middle" AS t\n WHERE t."p" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."middle" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."p" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p") AND NOT EXISTS (SELECT FROM "app"."leaf" AS r WHERE r."m" = t."id")\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."middle" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "id", "p"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "p", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "p", pg_catalog.format('%I.%I', E'app'::text, E'middle'::text),\n         pg_catalog.format('no parent by %I', E'middle_fk'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "p")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."notes", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."notes" AS t\n WHERE t."at" IS DISTINCT FROM NULL AND t."n" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."days" AS p WHERE p."at" = t."at" AND p."n" = t."n")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."notes" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."at" IS DISTINCT FROM NULL AND t."n" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."days" AS p WHERE p."at" = t."at" AND p."n" = t."n") AND true\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."notes" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "at", "n", "id"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("at", "n", "id", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "at", "n", "id", pg_catalog.format('%I.%I', E'app'::text, E'notes'::text),\n         pg_catalog.format('no parent by %I', E'notes_fk'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("at", "n", "id")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
CREATE TABLE "app".{run.quarantine} (LIKE "app"."stem", pgmend_source text NOT NULL, pgmend_reason text NOT NULL,\n  pgmend_moved timestamptz NOT NULL, pgmend_attempt text NOT NULL, pgmend_checksum text NOT NULL)
REVOKE ALL ON TABLE "app".{run.quarantine} FROM PUBLIC
CREATE TABLE "app".{run.worklist} (loser tid)
INSERT INTO "app".{run.worklist} (loser)\nSELECT t.ctid\n  FROM ONLY "app"."stem" AS t\n WHERE t."p" IS DISTINCT FROM NULL\n   AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p")\n   AND NOT EXISTS (SELECT FROM "app".{run.worklist})\n ORDER BY t.ctid
WITH taken AS MATERIALIZED (\n  SELECT l.ctid AS entry, l.loser FROM "app".{run.worklist} AS l LIMIT E'2000'\n), goes AS MATERIALIZED (\n  SELECT t.ctid AS place FROM ONLY "app"."stem" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT x.loser FROM taken AS x)) AND t."p" IS DISTINCT FROM NULL\n     AND NOT EXISTS (SELECT FROM "app"."parent" AS p WHERE p."id" = t."p") AND NOT EXISTS (SELECT FROM "app"."thorn" AS r WHERE r."s" = t."id")\n     FOR UPDATE OF t SKIP LOCKED\n), gone AS (\n  DELETE FROM ONLY "app"."stem" AS t\n   WHERE t.ctid = ANY (ARRAY (SELECT g.place FROM goes AS g JOIN taken AS x ON x.loser = g.place))\n  RETURNING "id", "p"\n), kept AS (\n  INSERT INTO "app".{run.quarantine} ("id", "p", pgmend_source, pgmend_reason, pgmend_moved, pgmend_attempt, pgmend_checksum)\n  SELECT "id", "p", pg_catalog.format('%I.%I', E'app'::text, E'stem'::text),\n         pg_catalog.format('no parent by %I', E'stem_fk'::text), pg_catalog.clock_timestamp(), @run.attempt,\n         pg_catalog.md5(ROW ("id", "p")::text)\n    FROM gone\n)\nDELETE FROM "app".{run.worklist} AS l WHERE l.ctid = ANY (ARRAY (SELECT x.entry FROM taken AS x))
DROP TABLE IF EXISTS "app".{run.worklist}
