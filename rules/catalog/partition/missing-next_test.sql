-- set: horizon=2

-- quiet
-- Covered far ahead.
CREATE TABLE app.ahead (at date NOT NULL, v int) PARTITION BY RANGE (at);
DO $$ BEGIN
    FOR i IN -3..6 LOOP
        EXECUTE format('CREATE TABLE app.ahead_%s PARTITION OF app.ahead FOR VALUES FROM (%L) TO (%L)',
                       to_char(date_trunc('month', now()) + i * interval '1 month', 'YYYY_MM'),
                       date_trunc('month', now()) + i * interval '1 month', date_trunc('month', now()) + (i + 1) * interval '1 month');
    END LOOP;
END $$;
-- An archive: nobody writes to it any more.
CREATE TABLE app.archive (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE app.archive_1 PARTITION OF app.archive FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
CREATE TABLE app.archive_2 PARTITION OF app.archive FOR VALUES FROM ('2001-02-01') TO ('2001-03-01');
CREATE TABLE app.archive_3 PARTITION OF app.archive FOR VALUES FROM ('2001-03-01') TO ('2001-04-01');
-- The last range is open.
CREATE TABLE app.open_end (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.open_1 PARTITION OF app.open_end FOR VALUES FROM (0) TO (100);
CREATE TABLE app.open_2 PARTITION OF app.open_end FOR VALUES FROM (100) TO (MAXVALUE);
INSERT INTO app.open_end VALUES (5000);
-- By list and by hash there is no next range.
CREATE TABLE app.listed (k text) PARTITION BY LIST (k);
CREATE TABLE app.listed_a PARTITION OF app.listed FOR VALUES IN ('a');
-- Integers that are far from the end of the last range.
CREATE TABLE app.roomy (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.roomy_0 PARTITION OF app.roomy FOR VALUES FROM (0) TO (1000);
CREATE TABLE app.roomy_1 PARTITION OF app.roomy FOR VALUES FROM (1000) TO (2000);
CREATE TABLE app.roomy_2 PARTITION OF app.roomy FOR VALUES FROM (2000) TO (3000);
CREATE TABLE app.roomy_3 PARTITION OF app.roomy FOR VALUES FROM (3000) TO (4000);
INSERT INTO app.roomy VALUES (100);

-- setup
CREATE TABLE app.ref (id int PRIMARY KEY);
INSERT INTO app.ref VALUES (1);
CREATE FUNCTION app.count_up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := 1; RETURN NEW; END';
CREATE TABLE app."events ""1""" (id bigint NOT NULL, v int CHECK (v < 100), r int REFERENCES app.ref, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TRIGGER up BEFORE INSERT ON app."events ""1""" FOR EACH ROW EXECUTE FUNCTION app.count_up();
CREATE INDEX events_by_v ON app."events ""1""" (v);
CREATE TABLE app."e ""p0000""" PARTITION OF app."events ""1""" FOR VALUES FROM (0) TO (1000);
CREATE TABLE app.e_p1000 PARTITION OF app."events ""1""" FOR VALUES FROM (1000) TO (2000);
ALTER TABLE app."e ""p0000""" RENAME TO e_p0;
CREATE TABLE app.e_p2000 PARTITION OF app."events ""1""" FOR VALUES FROM (2000) TO (3000);
INSERT INTO app."events ""1""" VALUES (2999, 1, 1);
-- @fails
INSERT INTO app."events ""1""" VALUES (3000, 1, 1);
-- The DEFAULT partition took the rows already.
CREATE TABLE app.taken (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.taken_1 PARTITION OF app.taken FOR VALUES FROM (0) TO (10);
CREATE TABLE app.taken_2 PARTITION OF app.taken FOR VALUES FROM (10) TO (20);
CREATE TABLE app.taken_3 PARTITION OF app.taken FOR VALUES FROM (20) TO (30);
CREATE TABLE app.taken_rest PARTITION OF app.taken DEFAULT;
INSERT INTO app.taken VALUES (5), (31);
-- A DEFAULT partition with other rows.
CREATE TABLE app.spared (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.spared_1 PARTITION OF app.spared FOR VALUES FROM (0) TO (10);
CREATE TABLE app.spared_2 PARTITION OF app.spared FOR VALUES FROM (10) TO (20);
CREATE TABLE app.spared_3 PARTITION OF app.spared FOR VALUES FROM (20) TO (30);
CREATE TABLE app.spared_rest PARTITION OF app.spared DEFAULT;
INSERT INTO app.spared VALUES (-5), (29);
CREATE TABLE app.uneven (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.uneven_1 PARTITION OF app.uneven FOR VALUES FROM (0) TO (10);
CREATE TABLE app.uneven_2 PARTITION OF app.uneven FOR VALUES FROM (10) TO (200);
CREATE TABLE app.uneven_3 PARTITION OF app.uneven FOR VALUES FROM (200) TO (300);
INSERT INTO app.uneven VALUES (299);
-- What only the last partition has.
CREATE TABLE app.like_last (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE app.like_1 PARTITION OF app.like_last FOR VALUES FROM (0) TO (10);
CREATE TABLE app.like_2 PARTITION OF app.like_last FOR VALUES FROM (10) TO (20);
CREATE TABLE app.like_3 (LIKE app.like_last, CHECK (id >= 20 AND id < 30));
ALTER TABLE app.like_last ATTACH PARTITION app.like_3 FOR VALUES FROM (20) TO (30);
CREATE INDEX ON app.like_3 (lower(v)) WHERE v <> '';
GRANT SELECT ON app.like_3 TO PUBLIC;
GRANT INSERT ON app.like_3 TO pg_monitor WITH GRANT OPTION;
GRANT UPDATE (v), REFERENCES (id) ON app.like_3 TO PUBLIC;
GRANT INSERT (v) ON app.like_3 TO pg_monitor WITH GRANT OPTION;
ALTER TABLE app.like_3 SET (fillfactor = 70, toast.autovacuum_vacuum_threshold = 10);
ALTER TABLE app.like_3 ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
INSERT INTO app.like_last VALUES (29, 'x');
-- Policies of each kind, and a foreign key that only the last one has.
CREATE TABLE app.policed (id int PRIMARY KEY, r int, "v {x}" text) PARTITION BY RANGE (id);
CREATE TABLE app.policed_1 PARTITION OF app.policed FOR VALUES FROM (0) TO (10);
CREATE TABLE app.policed_2 PARTITION OF app.policed FOR VALUES FROM (10) TO (20);
CREATE TABLE app.policed_3 PARTITION OF app.policed FOR VALUES FROM (20) TO (30);
CREATE POLICY "mine ""1""" ON app.policed_3 USING ("v {x}" = CURRENT_USER AND id > 0);
CREATE POLICY seen ON app.policed_3 AS RESTRICTIVE FOR SELECT TO pg_monitor, pg_signal_backend USING (true);
CREATE POLICY added ON app.policed_3 FOR INSERT WITH CHECK (r IS NULL OR r < 10);
CREATE POLICY changed ON app.policed_3 FOR UPDATE USING (r < 10) WITH CHECK (r < 5);
CREATE POLICY gone ON app.policed_3 FOR DELETE TO pg_monitor USING (lower("v {x}") = 'x');
CREATE POLICY nothing ON app.policed_3;
ALTER TABLE app.policed_3 ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY NOTHING, ADD CONSTRAINT own FOREIGN KEY (r) REFERENCES app.ref ON DELETE CASCADE;
INSERT INTO app.policed VALUES (29);
-- What cannot be given to a new one.
CREATE TABLE app.peeking (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.peeking_1 PARTITION OF app.peeking FOR VALUES FROM (0) TO (10);
CREATE TABLE app.peeking_2 PARTITION OF app.peeking FOR VALUES FROM (10) TO (20);
CREATE TABLE app.peeking_3 PARTITION OF app.peeking FOR VALUES FROM (20) TO (30);
CREATE POLICY mine ON app.peeking_3 USING (EXISTS (SELECT FROM app.ref AS r WHERE r.id = peeking_3.id));
INSERT INTO app.peeking VALUES (29);
CREATE TABLE app.whole (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.whole_1 PARTITION OF app.whole FOR VALUES FROM (0) TO (10);
CREATE TABLE app.whole_2 PARTITION OF app.whole FOR VALUES FROM (10) TO (20);
CREATE TABLE app.whole_3 PARTITION OF app.whole FOR VALUES FROM (20) TO (30);
CREATE POLICY mine ON app.whole_3 USING (whole_3 IS NOT NULL);
INSERT INTO app.whole VALUES (29);
CREATE TABLE app.armed (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE app.armed_1 PARTITION OF app.armed FOR VALUES FROM (0) TO (10);
CREATE TABLE app.armed_2 PARTITION OF app.armed FOR VALUES FROM (10) TO (20);
CREATE TABLE app.armed_3 PARTITION OF app.armed FOR VALUES FROM (20) TO (30);
CREATE TRIGGER up BEFORE INSERT ON app.armed_3 FOR EACH ROW EXECUTE FUNCTION app.count_up();
INSERT INTO app.armed VALUES (29);

-- log
{"timestamp":"2026-11-24 12:00:00.000 UTC","user":"shop","dbname":"shop","pid":7,"session_id":"1.7","line_num":1,"error_severity":"ERROR","state_code":"23514","message":"no partition of relation \"events \"1\"\" found for row","detail":"Partition key of the failing row contains (id) = (3000).","statement":"INSERT INTO app.\"events \"\"1\"\"\" VALUES (3000, 1, 1)","application_name":"","backend_type":"client backend","query_id":0}

-- want
"app.events \"1\""
app.spared
app.taken refused: blocked by
app.uneven refused: the ranges are uniform
app.like_last
app.policed
app.armed refused: a new partition can be made like the last one
app.peeking refused: a new partition can be made like the last one
app.whole refused: a new partition can be made like the last one

-- plan
CREATE TABLE "app"."armed_4" (LIKE "app"."armed_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."armed_5" (LIKE "app"."armed_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."armed" ATTACH PARTITION "app"."armed_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."armed" ATTACH PARTITION "app"."armed_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."armed_4" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."armed_5" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."e_p3000" (LIKE "app"."e_p2000" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'3000' AND "id" < E'4000'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."e_p4000" (LIKE "app"."e_p2000" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'4000' AND "id" < E'5000'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."events ""1""" ATTACH PARTITION "app"."e_p3000" FOR VALUES FROM (E'3000') TO (E'4000')
ALTER TABLE "app"."events ""1""" ATTACH PARTITION "app"."e_p4000" FOR VALUES FROM (E'4000') TO (E'5000')
ALTER TABLE "app"."e_p3000" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."e_p4000" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."like_4" (LIKE "app"."like_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."like_5" (LIKE "app"."like_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."like_4" DROP CONSTRAINT "like_3_id_check"
ALTER TABLE "app"."like_5" DROP CONSTRAINT "like_3_id_check"
GRANT "select" ON TABLE "app"."like_4" TO "public"
GRANT "select" ON TABLE "app"."like_5" TO "public"
GRANT "insert" ON TABLE "app"."like_4" TO "pg_monitor" WITH GRANT OPTION
GRANT "insert" ON TABLE "app"."like_5" TO "pg_monitor" WITH GRANT OPTION
GRANT "references" ("id") ON TABLE "app"."like_4" TO "public"
GRANT "update" ("v") ON TABLE "app"."like_4" TO "public"
GRANT "references" ("id") ON TABLE "app"."like_5" TO "public"
GRANT "update" ("v") ON TABLE "app"."like_5" TO "public"
GRANT "insert" ("v") ON TABLE "app"."like_4" TO "pg_monitor" WITH GRANT OPTION
GRANT "insert" ("v") ON TABLE "app"."like_5" TO "pg_monitor" WITH GRANT OPTION
ALTER TABLE "app"."like_4" SET ("fillfactor" = E'70')
ALTER TABLE "app"."like_5" SET ("fillfactor" = E'70')
ALTER TABLE "app"."like_4" SET (toast."autovacuum_vacuum_threshold" = E'10')
ALTER TABLE "app"."like_5" SET (toast."autovacuum_vacuum_threshold" = E'10')
ALTER TABLE "app"."like_4" ENABLE ROW LEVEL SECURITY
ALTER TABLE "app"."like_5" ENABLE ROW LEVEL SECURITY
ALTER TABLE "app"."like_4" REPLICA IDENTITY FULL
ALTER TABLE "app"."like_5" REPLICA IDENTITY FULL
ALTER TABLE "app"."like_last" ATTACH PARTITION "app"."like_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."like_last" ATTACH PARTITION "app"."like_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."like_4" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."like_5" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."peeking_4" (LIKE "app"."peeking_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."peeking_5" (LIKE "app"."peeking_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
CREATE POLICY "mine" ON "app"."peeking_4" AS PERMISSIVE FOR ALL TO "public"
CREATE POLICY "mine" ON "app"."peeking_5" AS PERMISSIVE FOR ALL TO "public"
ALTER POLICY "mine" ON "app"."peeking_4" USING ((EXISTS ( SELECT\n   FROM app.ref r\n  WHERE (r.id = peeking_3.id))))
ALTER POLICY "mine" ON "app"."peeking_5" USING ((EXISTS ( SELECT\n   FROM app.ref r\n  WHERE (r.id = peeking_3.id))))
ALTER TABLE "app"."peeking" ATTACH PARTITION "app"."peeking_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."peeking" ATTACH PARTITION "app"."peeking_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."peeking_4" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."peeking_5" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."policed_4" (LIKE "app"."policed_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."policed_5" (LIKE "app"."policed_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."policed_4" ADD CONSTRAINT "own" FOREIGN KEY (r) REFERENCES app.ref(id) ON DELETE CASCADE
ALTER TABLE "app"."policed_5" ADD CONSTRAINT "own" FOREIGN KEY (r) REFERENCES app.ref(id) ON DELETE CASCADE
CREATE POLICY "added" ON "app"."policed_4" AS PERMISSIVE FOR INSERT TO "public"
CREATE POLICY "added" ON "app"."policed_5" AS PERMISSIVE FOR INSERT TO "public"
CREATE POLICY "changed" ON "app"."policed_4" AS PERMISSIVE FOR UPDATE TO "public"
CREATE POLICY "changed" ON "app"."policed_5" AS PERMISSIVE FOR UPDATE TO "public"
CREATE POLICY "gone" ON "app"."policed_4" AS PERMISSIVE FOR DELETE TO "pg_monitor"
CREATE POLICY "gone" ON "app"."policed_5" AS PERMISSIVE FOR DELETE TO "pg_monitor"
CREATE POLICY "mine ""1""" ON "app"."policed_4" AS PERMISSIVE FOR ALL TO "public"
CREATE POLICY "mine ""1""" ON "app"."policed_5" AS PERMISSIVE FOR ALL TO "public"
CREATE POLICY "nothing" ON "app"."policed_4" AS PERMISSIVE FOR ALL TO "public"
CREATE POLICY "nothing" ON "app"."policed_5" AS PERMISSIVE FOR ALL TO "public"
CREATE POLICY "seen" ON "app"."policed_4" AS RESTRICTIVE FOR SELECT TO "pg_monitor", "pg_signal_backend"
CREATE POLICY "seen" ON "app"."policed_5" AS RESTRICTIVE FOR SELECT TO "pg_monitor", "pg_signal_backend"
ALTER POLICY "changed" ON "app"."policed_4" USING ((r < 10))
ALTER POLICY "changed" ON "app"."policed_5" USING ((r < 10))
ALTER POLICY "gone" ON "app"."policed_4" USING ((lower("v {x}") = 'x'::text))
ALTER POLICY "gone" ON "app"."policed_5" USING ((lower("v {x}") = 'x'::text))
ALTER POLICY "mine ""1""" ON "app"."policed_4" USING ((("v {x}" = CURRENT_USER) AND (id > 0)))
ALTER POLICY "mine ""1""" ON "app"."policed_5" USING ((("v {x}" = CURRENT_USER) AND (id > 0)))
ALTER POLICY "seen" ON "app"."policed_4" USING (true)
ALTER POLICY "seen" ON "app"."policed_5" USING (true)
ALTER POLICY "added" ON "app"."policed_4" WITH CHECK (((r IS NULL) OR (r < 10)))
ALTER POLICY "added" ON "app"."policed_5" WITH CHECK (((r IS NULL) OR (r < 10)))
ALTER POLICY "changed" ON "app"."policed_4" WITH CHECK ((r < 5))
ALTER POLICY "changed" ON "app"."policed_5" WITH CHECK ((r < 5))
ALTER TABLE "app"."policed_4" ENABLE ROW LEVEL SECURITY
ALTER TABLE "app"."policed_5" ENABLE ROW LEVEL SECURITY
ALTER TABLE "app"."policed_4" REPLICA IDENTITY NOTHING
ALTER TABLE "app"."policed_5" REPLICA IDENTITY NOTHING
ALTER TABLE "app"."policed" ATTACH PARTITION "app"."policed_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."policed" ATTACH PARTITION "app"."policed_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."policed_4" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."policed_5" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."spared_4" (LIKE "app"."spared_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."spared_5" (LIKE "app"."spared_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."spared" ATTACH PARTITION "app"."spared_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."spared" ATTACH PARTITION "app"."spared_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."spared_4" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."spared_5" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."taken_4" (LIKE "app"."taken_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."taken_5" (LIKE "app"."taken_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."taken_6" (LIKE "app"."taken_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'50' AND "id" < E'60'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."taken" ATTACH PARTITION "app"."taken_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."taken" ATTACH PARTITION "app"."taken_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."taken" ATTACH PARTITION "app"."taken_6" FOR VALUES FROM (E'50') TO (E'60')
ALTER TABLE "app"."taken_4" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."taken_5" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."taken_6" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."whole_4" (LIKE "app"."whole_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."whole_5" (LIKE "app"."whole_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
CREATE POLICY "mine" ON "app"."whole_4" AS PERMISSIVE FOR ALL TO "public"
CREATE POLICY "mine" ON "app"."whole_5" AS PERMISSIVE FOR ALL TO "public"
ALTER POLICY "mine" ON "app"."whole_4" USING ((whole_3.* IS NOT NULL))
ALTER POLICY "mine" ON "app"."whole_5" USING ((whole_3.* IS NOT NULL))
ALTER TABLE "app"."whole" ATTACH PARTITION "app"."whole_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."whole" ATTACH PARTITION "app"."whole_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."whole_4" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."whole_5" DROP CONSTRAINT pgmend_range

-- case: tablespaces
-- set: horizon=1
-- server: allow_in_place_tablespaces=on

-- setup
-- @superuser
CREATE TABLESPACE "slow ""disk""" LOCATION '';
-- @superuser
CREATE TABLESPACE fast LOCATION '';
-- @superuser
CREATE TABLESPACE closed LOCATION '';
-- @superuser
GRANT CREATE ON TABLESPACE "slow ""disk""", fast, closed TO PUBLIC;
-- As the last one, with its index.
CREATE TABLE app.kept (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.kept_1 PARTITION OF app.kept FOR VALUES FROM (0) TO (10);
CREATE TABLE app.kept_2 PARTITION OF app.kept FOR VALUES FROM (10) TO (20);
CREATE TABLE app.kept_3 PARTITION OF app.kept FOR VALUES FROM (20) TO (30) TABLESPACE "slow ""disk""";
CREATE INDEX ON app.kept_3 (abs(id)) TABLESPACE fast;
INSERT INTO app.kept VALUES (29);
-- As the table says.
CREATE TABLE app.said (id int) PARTITION BY RANGE (id) TABLESPACE fast;
CREATE INDEX ON app.said (id);
CREATE TABLE app.said_1 PARTITION OF app.said FOR VALUES FROM (0) TO (10);
CREATE TABLE app.said_2 PARTITION OF app.said FOR VALUES FROM (10) TO (20);
CREATE TABLE app.said_3 PARTITION OF app.said FOR VALUES FROM (20) TO (30) TABLESPACE "slow ""disk""";
INSERT INTO app.said VALUES (29);
-- Where its owner may not.
CREATE TABLE app.shut (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.shut_1 PARTITION OF app.shut FOR VALUES FROM (0) TO (10);
CREATE TABLE app.shut_2 PARTITION OF app.shut FOR VALUES FROM (10) TO (20);
CREATE TABLE app.shut_3 PARTITION OF app.shut FOR VALUES FROM (20) TO (30) TABLESPACE closed;
INSERT INTO app.shut VALUES (29);
-- @superuser
REVOKE CREATE ON TABLESPACE closed FROM PUBLIC;

-- want
app.kept
app.said
app.shut refused: its owner may make what the last one has

-- plan
CREATE TABLE "app"."kept_4" (LIKE "app"."kept_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "slow ""disk"""
ALTER TABLE "app"."kept" ATTACH PARTITION "app"."kept_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."kept_4" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."said_4" (LIKE "app"."said_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "fast"
ALTER TABLE "app"."said" ATTACH PARTITION "app"."said_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."said_4" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."shut_4" (LIKE "app"."shut_3" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "closed"
ALTER TABLE "app"."shut" ATTACH PARTITION "app"."shut_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."shut_4" DROP CONSTRAINT pgmend_range

-- case: tables whose definition is not replicated
-- setup
-- hazard: 35
CREATE TABLE app.sent (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.sent_0 PARTITION OF app.sent FOR VALUES FROM (0) TO (10);
CREATE TABLE app.sent_10 PARTITION OF app.sent FOR VALUES FROM (10) TO (20);
CREATE TABLE app.sent_20 PARTITION OF app.sent FOR VALUES FROM (20) TO (30);
INSERT INTO app.sent VALUES (29);
CREATE TABLE app.filled (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.filled_0 PARTITION OF app.filled FOR VALUES FROM (0) TO (10);
CREATE TABLE app.filled_10 PARTITION OF app.filled FOR VALUES FROM (10) TO (20);
CREATE TABLE app.filled_20 PARTITION OF app.filled FOR VALUES FROM (20) TO (30);
INSERT INTO app.filled VALUES (29);
-- @superuser
CREATE PUBLICATION p FOR TABLE app.sent;
-- @superuser
CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- @superuser
INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)
SELECT s.oid, 'app.filled'::regclass, 'r' FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database();

-- want
app.filled refused: what it would change is not replicated
app.sent refused: what it would change is not replicated

-- plan
CREATE TABLE "app"."filled_30" (LIKE "app"."filled_20" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."filled_40" (LIKE "app"."filled_20" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."filled" ATTACH PARTITION "app"."filled_30" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."filled" ATTACH PARTITION "app"."filled_40" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."filled_30" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."filled_40" DROP CONSTRAINT pgmend_range
CREATE TABLE "app"."sent_30" (LIKE "app"."sent_20" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'30' AND "id" < E'40'))\n  USING "heap" TABLESPACE "pg_default"
CREATE TABLE "app"."sent_40" (LIKE "app"."sent_20" INCLUDING ALL EXCLUDING IDENTITY,\n  CONSTRAINT pgmend_range CHECK ("id" IS NOT NULL AND "id" >= E'40' AND "id" < E'50'))\n  USING "heap" TABLESPACE "pg_default"
ALTER TABLE "app"."sent" ATTACH PARTITION "app"."sent_30" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."sent" ATTACH PARTITION "app"."sent_40" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."sent_30" DROP CONSTRAINT pgmend_range
ALTER TABLE "app"."sent_40" DROP CONSTRAINT pgmend_range
