-- quiet
CREATE COLLATION app.current (provider = icu, locale = 'en');
CREATE TABLE app.t (v text COLLATE app.current, c text COLLATE "C", w text);
CREATE INDEX of_current ON app.t (v);
CREATE INDEX of_c ON app.t (c);
CREATE INDEX of_default ON app.t (w);
-- Of another version, and no index sorts by it.
CREATE COLLATION app.unused (provider = icu, locale = 'fr');
CREATE TABLE app.u (v text COLLATE app.unused);
-- @superuser
UPDATE pg_collation SET collversion = '1' WHERE collname = 'unused';

-- setup
CREATE COLLATION app."ger ""man" (provider = icu, locale = 'de');
CREATE TABLE app.words (id int, v text COLLATE app."ger ""man");
INSERT INTO app.words SELECT g, g::text FROM generate_series(1, 100) AS g;
CREATE UNIQUE INDEX words_key ON app.words (v);
CREATE INDEX "words_lower" ON app.words (id, lower(v));
-- @superuser
UPDATE pg_collation SET collversion = '153.1' WHERE collname = 'ger "man';

-- want
collation app.ger "man

-- plan
REINDEX INDEX CONCURRENTLY "app"."words_key"
REINDEX INDEX CONCURRENTLY "app"."words_lower"
ALTER COLLATION "app"."ger ""man" REFRESH VERSION
