-- quiet
CREATE TABLE app.t (id int PRIMARY KEY);
INSERT INTO app.t SELECT generate_series(1, 100);
CREATE MATERIALIZED VIEW app.populated AS SELECT count(*) AS n FROM app.t;
-- Populated, and holding no row.
CREATE MATERIALIZED VIEW app.no_rows AS SELECT id FROM app.t WHERE id < 0;
CREATE VIEW app.plain AS SELECT id FROM app.t;

-- setup
CREATE MATERIALIZED VIEW app."un populated" AS SELECT id FROM app.t WITH NO DATA;
-- It reads the other through a view, and so has to come after it.
CREATE VIEW app.between AS SELECT id FROM app."un populated";
CREATE MATERIALIZED VIEW app.above AS SELECT count(*) AS n FROM app.between WITH NO DATA;

-- want
app.above waits: blocked by
app.un populated

-- plan
REFRESH MATERIALIZED VIEW "app"."above"
REFRESH MATERIALIZED VIEW "app"."un populated"
