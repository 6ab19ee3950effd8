-- set: min_size=8kB, min_parent_changes=1

-- quiet
CREATE TABLE app.parent (id int PRIMARY KEY, region int, UNIQUE (id, region));
INSERT INTO app.parent SELECT g, g FROM generate_series(1, 2000) AS g;
DELETE FROM app.parent WHERE id > 1500;
CREATE TABLE app.indexed (p int REFERENCES app.parent, x int);
CREATE INDEX ON app.indexed (p, x);
CREATE TABLE app.any_order (p int, r int, FOREIGN KEY (p, r) REFERENCES app.parent (id, region));
CREATE INDEX ON app.any_order (r, p);
CREATE TABLE app.small (p int REFERENCES app.parent);
-- A parent that nobody changes looks for no children.
CREATE TABLE app.still (id int PRIMARY KEY);
INSERT INTO app.still SELECT g FROM generate_series(1, 10) AS g;
CREATE TABLE app.of_still (p int REFERENCES app.still);
INSERT INTO app.of_still SELECT g % 10 + 1 FROM generate_series(1, 3000) AS g;
INSERT INTO app.indexed SELECT g % 1000 + 1, g FROM generate_series(1, 3000) AS g;
INSERT INTO app.any_order SELECT g % 1000 + 1, g % 1000 + 1 FROM generate_series(1, 3000) AS g;
ANALYZE app.indexed, app.any_order, app.of_still, app.small;

-- setup
CREATE TABLE app."child ""1""" ("p id" int, r int, note text,
    CONSTRAINT "child's fk {x}" FOREIGN KEY ("p id", r) REFERENCES app.parent (id, region));
INSERT INTO app."child ""1""" SELECT g % 1000 + 1, g % 1000 + 1, 'x' FROM generate_series(1, 3000) AS g;
-- A partial index, one that leads with another column and one that only includes it are no help.
CREATE INDEX ON app."child ""1""" ("p id") WHERE r > 5;
CREATE INDEX ON app."child ""1""" (note, "p id", r);
CREATE INDEX ON app."child ""1""" (note) INCLUDE ("p id", r);
CREATE TABLE app.child2 (p int, CONSTRAINT a_name_of_sixty_three_bytes_is_the_longest_there_is_in_postgres FOREIGN KEY (p) REFERENCES app.parent);
INSERT INTO app.child2 SELECT g % 1000 + 1 FROM generate_series(1, 3000) AS g;
-- A partitioned table, partition by partition.
CREATE TABLE app.parted (p int, d int, CONSTRAINT parted_fk FOREIGN KEY (p) REFERENCES app.parent) PARTITION BY RANGE (d);
CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES FROM (0) TO (1500);
CREATE TABLE app."part ""2""" PARTITION OF app.parted FOR VALUES FROM (1500) TO (5000);
-- One whose partition is partitioned itself is reported.
CREATE TABLE app.deep (p int, d int, CONSTRAINT deep_fk FOREIGN KEY (p) REFERENCES app.parent) PARTITION BY RANGE (d);
CREATE TABLE app.deep_1 PARTITION OF app.deep FOR VALUES FROM (0) TO (5000);
CREATE TABLE app.deep_2 PARTITION OF app.deep DEFAULT PARTITION BY RANGE (d);
INSERT INTO app.deep SELECT g % 1000 + 1, g FROM generate_series(1, 3000) AS g;
INSERT INTO app.parted SELECT g % 1000 + 1, g FROM generate_series(1, 3000) AS g;
ANALYZE app."child ""1""", app.child2, app.parted, app.deep;

-- want
app.a_name_of_sixty_three_bytes_is_the_longest_there_is_in_postgres
app.child's fk {x}
app.deep_fk refused: every partition is a plain table
app.parted_fk

-- plan
CREATE INDEX CONCURRENTLY "a_name_of__c39ecc63_idx" ON "app"."child2" ("p")
CREATE INDEX CONCURRENTLY "child's fk {x}_idx" ON "app"."child ""1""" ("p id", "r")
CREATE INDEX "deep_fk_idx" ON ONLY "app"."deep" ("p")
CREATE INDEX CONCURRENTLY "deep_1_0288771f_idx" ON "app"."deep_1" ("p")
ALTER INDEX "app"."deep_fk_idx" ATTACH PARTITION "app"."deep_1_0288771f_idx"
CREATE INDEX "parted_fk_idx" ON ONLY "app"."parted" ("p")
CREATE INDEX CONCURRENTLY "part ""2""_e29590ac_idx" ON "app"."part ""2""" ("p")
CREATE INDEX CONCURRENTLY "parted_1_ca49a897_idx" ON "app"."parted_1" ("p")
ALTER INDEX "app"."parted_fk_idx" ATTACH PARTITION "app"."part ""2""_e29590ac_idx"
ALTER INDEX "app"."parted_fk_idx" ATTACH PARTITION "app"."parted_1_ca49a897_idx"

-- case: what an interrupted repair left is gone on with, whatever the counters say
-- set: min_size=8kB, min_parent_changes=1000000

-- quiet
CREATE TABLE app.parent (id int PRIMARY KEY);
INSERT INTO app.parent SELECT g FROM generate_series(1, 1000) AS g;
-- Begun by hand, and under another name.
CREATE TABLE app.own (p int, d int, CONSTRAINT own_fk FOREIGN KEY (p) REFERENCES app.parent) PARTITION BY RANGE (d);
CREATE TABLE app.own_1 PARTITION OF app.own FOR VALUES FROM (0) TO (5000);
INSERT INTO app.own SELECT g % 1000 + 1, g FROM generate_series(1, 3000) AS g;
CREATE INDEX begun_by_hand ON ONLY app.own (p);
ANALYZE app.own;

-- setup
CREATE TABLE app.parted (p int, d int, CONSTRAINT parted_fk FOREIGN KEY (p) REFERENCES app.parent) PARTITION BY RANGE (d);
CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES FROM (0) TO (1500);
CREATE TABLE app.parted_2 PARTITION OF app.parted FOR VALUES FROM (1500) TO (5000);
INSERT INTO app.parted SELECT g % 1000 + 1, g FROM generate_series(1, 3000) AS g;
CREATE INDEX parted_fk_idx ON ONLY app.parted (p);
CREATE INDEX parted_1_ca49a897_idx ON app.parted_1 (p);
ANALYZE app.parted;

-- want
app.parted_fk

-- plan
CREATE INDEX CONCURRENTLY "parted_2_dc925f1b_idx" ON "app"."parted_2" ("p")
ALTER INDEX "app"."parted_fk_idx" ATTACH PARTITION "app"."parted_1_ca49a897_idx"
ALTER INDEX "app"."parted_fk_idx" ATTACH PARTITION "app"."parted_2_dc925f1b_idx"
