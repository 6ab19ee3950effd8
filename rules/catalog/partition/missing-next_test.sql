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
CREATE TABLE app.granted (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE app.granted_1 PARTITION OF app.granted FOR VALUES FROM (0) TO (10);
CREATE TABLE app.granted_2 PARTITION OF app.granted FOR VALUES FROM (10) TO (20);
CREATE TABLE app.granted_3 PARTITION OF app.granted FOR VALUES FROM (20) TO (30);
GRANT SELECT ON app.granted_3 TO pg_monitor;
INSERT INTO app.granted VALUES (29);

-- log
{"timestamp":"2026-11-24 12:00:00.000 UTC","user":"shop","dbname":"shop","pid":7,"session_id":"1.7","line_num":1,"error_severity":"ERROR","state_code":"23514","message":"no partition of relation \"events \"1\"\" found for row","detail":"Partition key of the failing row contains (id) = (3000).","statement":"INSERT INTO app.\"events \"\"1\"\"\" VALUES (3000, 1, 1)","application_name":"","backend_type":"client backend","query_id":0}

-- want
"app.events \"1\""
app.spared
app.taken refused: the DEFAULT partition holds no row of a missing range
app.uneven refused: the ranges are uniform
app.granted refused: its partitions are like itself

-- plan
CREATE TABLE "app"."e_p3000" (LIKE "app"."events ""1""" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
CREATE TABLE "app"."e_p4000" (LIKE "app"."events ""1""" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
ALTER TABLE "app"."events ""1""" ATTACH PARTITION "app"."e_p3000" FOR VALUES FROM (E'3000') TO (E'4000')
ALTER TABLE "app"."events ""1""" ATTACH PARTITION "app"."e_p4000" FOR VALUES FROM (E'4000') TO (E'5000')
CREATE TABLE "app"."granted_4" (LIKE "app"."granted" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
CREATE TABLE "app"."granted_5" (LIKE "app"."granted" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
ALTER TABLE "app"."granted" ATTACH PARTITION "app"."granted_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."granted" ATTACH PARTITION "app"."granted_5" FOR VALUES FROM (E'40') TO (E'50')
CREATE TABLE "app"."spared_4" (LIKE "app"."spared" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
CREATE TABLE "app"."spared_5" (LIKE "app"."spared" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
ALTER TABLE "app"."spared" ATTACH PARTITION "app"."spared_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."spared" ATTACH PARTITION "app"."spared_5" FOR VALUES FROM (E'40') TO (E'50')
CREATE TABLE "app"."taken_4" (LIKE "app"."taken" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
CREATE TABLE "app"."taken_5" (LIKE "app"."taken" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
CREATE TABLE "app"."taken_6" (LIKE "app"."taken" INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
ALTER TABLE "app"."taken" ATTACH PARTITION "app"."taken_4" FOR VALUES FROM (E'30') TO (E'40')
ALTER TABLE "app"."taken" ATTACH PARTITION "app"."taken_5" FOR VALUES FROM (E'40') TO (E'50')
ALTER TABLE "app"."taken" ATTACH PARTITION "app"."taken_6" FOR VALUES FROM (E'50') TO (E'60')
