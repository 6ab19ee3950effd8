-- quiet
CREATE TABLE app.parent (id int PRIMARY KEY);
INSERT INTO app.parent SELECT g FROM generate_series(1, 100) AS g;
CREATE TABLE app.fine (p int REFERENCES app.parent, CHECK (p > 0));

-- setup
CREATE TABLE app."t ""1""" (p int, q int);
INSERT INTO app."t ""1""" SELECT g, NULL FROM generate_series(1, 100) AS g;
ALTER TABLE app."t ""1""" ADD CONSTRAINT "p is {positive}" CHECK (p > 0) NOT VALID;
ALTER TABLE app."t ""1""" ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES app.parent NOT VALID;
-- Rows that violate it: reported, untouched.
ALTER TABLE app."t ""1""" ADD CONSTRAINT broken CHECK (p < 50) NOT VALID;
CREATE TABLE app.orphans (p int);
INSERT INTO app.orphans VALUES (1), (1000), (NULL);
ALTER TABLE app.orphans ADD CONSTRAINT orphans_fk FOREIGN KEY (p) REFERENCES app.parent NOT VALID;

-- want
app.broken refused: every row fulfils the condition
app.fk
app.orphans_fk refused: blocked by
app.p is {positive}

-- plan
ALTER TABLE "app"."t ""1""" VALIDATE CONSTRAINT "broken"
ALTER TABLE "app"."t ""1""" VALIDATE CONSTRAINT "fk"
ALTER TABLE "app"."orphans" VALIDATE CONSTRAINT "orphans_fk"
ALTER TABLE "app"."t ""1""" VALIDATE CONSTRAINT "p is {positive}"
