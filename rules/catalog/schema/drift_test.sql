-- quiet
-- What is here is captured and approved as the baseline.
CREATE SEQUENCE app.numbers START WITH 100;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION app.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION app.halved(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION app.thrice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 3';
CREATE FUNCTION app.thrice(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT t || t || t';
CREATE TABLE app.customers (id serial PRIMARY KEY, name text NOT NULL, "Note {x}" text DEFAULT 'it''s none', email text CONSTRAINT one_email UNIQUE);
INSERT INTO app.customers (name, email) SELECT 'n' || g, g || '@x' FROM generate_series(1, 50) AS g;
CREATE TABLE app.orders (id int PRIMARY KEY, customer int CONSTRAINT known REFERENCES app.customers (id), total numeric CONSTRAINT positive CHECK (total > 0),
                         number int DEFAULT nextval('app.numbers'), level int NOT NULL DEFAULT 1);
INSERT INTO app.orders (id, customer, total) SELECT g, g, g FROM generate_series(1, 50) AS g;
CREATE INDEX orders_by_customer ON app.orders (customer) WHERE total > 1;
CREATE TRIGGER touched BEFORE UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE VIEW app.totals AS SELECT o.total, c.email FROM app.orders o JOIN app.customers c ON c.id = o.customer;
CREATE TABLE app.log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now(), customer int REFERENCES app.customers (id), what text);
CREATE INDEX log_by_time ON app.log (at);
COMMENT ON TABLE app.log IS 'what happened';
GRANT SELECT ON app.log TO PUBLIC;
GRANT SELECT, INSERT ON app.customers TO PUBLIC;
REVOKE EXECUTE ON FUNCTION app.twice(integer) FROM PUBLIC;
CREATE VIEW app.cheap AS SELECT o.id, c.email FROM app.orders o JOIN app.customers c ON c.id = o.customer WHERE o.total < 10;
CREATE VIEW app.cheapest AS SELECT id FROM app.cheap WHERE id < 1;
GRANT SELECT ON app.cheap TO PUBLIC;
CREATE VIEW app.widened AS SELECT id FROM app.orders;
CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) AS n FROM app.orders;
CREATE FUNCTION app.price(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION app.indexed(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION app.argued(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE app.keeper (id int PRIMARY KEY);
CREATE INDEX keeper_by ON app.keeper (app.indexed(id));
CREATE TABLE app.secret (id int PRIMARY KEY, who text);
ALTER TABLE app.secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own {x}" ON app.secret FOR SELECT TO PUBLIC USING (who = 'x');
CREATE POLICY none_else ON app.secret AS RESTRICTIVE FOR ALL TO pg_monitor USING (id > 0) WITH CHECK (id > 1);
CREATE POLICY loosened ON app.secret FOR INSERT WITH CHECK (id > 0);
CREATE TABLE app.given (id int PRIMARY KEY);
CREATE TABLE app.taken (id int PRIMARY KEY);
-- @superuser
DO $$ BEGIN
  EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_database() || '_owner');
  EXECUTE format('GRANT %I TO pg_read_server_files', current_database() || '_owner');
  EXECUTE format('GRANT pg_read_server_files TO %I', current_database() || '_healer');
END $$;
GRANT USAGE, CREATE ON SCHEMA app TO pg_read_server_files, pg_write_server_files;
CREATE EXTENSION tcn SCHEMA app;
-- @superuser
CREATE EXTENSION pgrowlocks SCHEMA app;
-- Nothing of this is ever touched.
CREATE TABLE app.fine (id int PRIMARY KEY, v text DEFAULT 'x');
CREATE TABLE app.renamed_soon (id int PRIMARY KEY, note text);
CREATE TABLE app.retyped (id int PRIMARY KEY, amount bigint);

-- setup
DROP TABLE app.log;
DROP VIEW app.totals;
DROP INDEX app.orders_by_customer;
DROP TRIGGER touched ON app.orders;
DROP FUNCTION app.twice(integer);
-- It got another argument, and one of two of a name is gone.
DROP FUNCTION app.halved(integer);
CREATE FUNCTION app.halved(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
DROP FUNCTION app.thrice(integer);
ALTER TABLE app.customers DROP COLUMN "Note {x}";
ALTER TABLE app.customers DROP CONSTRAINT one_email;
ALTER TABLE app.customers ALTER COLUMN name DROP NOT NULL;
ALTER TABLE app.orders DROP CONSTRAINT known, DROP CONSTRAINT positive;
ALTER TABLE app.orders ALTER COLUMN level SET DEFAULT 2;
ALTER SEQUENCE app.customers_id_seq OWNED BY NONE;
REVOKE INSERT ON app.customers FROM PUBLIC;
COMMENT ON TABLE app.fine IS 'more than the baseline has';
CREATE TABLE app.more (id int);
ALTER TABLE app.renamed_soon RENAME TO renamed_son;
ALTER TABLE app.retyped ALTER COLUMN amount TYPE integer;
-- Changed where PostgreSQL can change it back, and where it cannot.
CREATE OR REPLACE VIEW app.cheap AS SELECT o.id, c.email FROM app.orders o JOIN app.customers c ON c.id = o.customer WHERE o.total < 99;
CREATE OR REPLACE VIEW app.widened AS SELECT id, total FROM app.orders;
DROP MATERIALIZED VIEW app.counted;
CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) + 1 AS n FROM app.orders;
CREATE OR REPLACE FUNCTION app.price(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 2';
CREATE OR REPLACE FUNCTION app.indexed(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
DROP FUNCTION app.argued(integer);
CREATE FUNCTION app.argued(m integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
DROP POLICY "own {x}" ON app.secret;
DROP POLICY none_else ON app.secret;
ALTER POLICY loosened ON app.secret WITH CHECK (true);
-- @superuser
ALTER TABLE app.given OWNER TO pg_read_server_files;
-- @superuser
ALTER TABLE app.taken OWNER TO pg_write_server_files;
DROP EXTENSION tcn;
-- @superuser
DROP EXTENSION pgrowlocks;

-- log
{"timestamp":"2026-11-25 08:00:00.000 UTC","user":"shop","dbname":"shop","pid":1,"session_id":"1.1","line_num":1,"error_severity":"ERROR","state_code":"42P01","message":"relation \"log\" does not exist","statement":"SELECT * FROM log","cursor_position":15,"backend_type":"client backend"}
{"timestamp":"2026-11-25 08:00:02.000 UTC","user":"shop","dbname":"shop","pid":1,"session_id":"1.1","line_num":2,"error_severity":"ERROR","state_code":"42883","message":"function app.twice(integer) does not exist","hint":"No function matches the given name and argument types. You might need to add explicit type casts.","statement":"SELECT app.twice(1)","cursor_position":8,"backend_type":"client backend"}
{"timestamp":"2026-11-25 08:00:03.000 UTC","user":"shop","dbname":"shop","pid":1,"session_id":"1.1","line_num":3,"error_severity":"ERROR","state_code":"42883","message":"function twice(unknown) does not exist","hint":"No function matches the given name and argument types. You might need to add explicit type casts.","statement":"SELECT twice('1')","cursor_position":8,"backend_type":"client backend"}

-- quiet log
{"timestamp":"2026-11-25 08:00:05.000 UTC","user":"shop","dbname":"shop","pid":1,"session_id":"1.1","line_num":5,"error_severity":"ERROR","state_code":"42883","message":"function other.twice(integer) does not exist","hint":"No function matches the given name and argument types. You might need to add explicit type casts.","statement":"SELECT other.twice(1)","cursor_position":8,"backend_type":"client backend"}
{"timestamp":"2026-11-25 08:00:06.000 UTC","user":"shop","dbname":"shop","pid":1,"session_id":"1.1","line_num":6,"error_severity":"ERROR","state_code":"42883","message":"function app.twice_more(integer) does not exist","hint":"No function matches the given name and argument types. You might need to add explicit type casts.","statement":"SELECT app.twice_more(1)","cursor_position":8,"backend_type":"client backend"}

-- refused log
{"timestamp":"2026-11-25 08:00:04.000 UTC","user":"shop","dbname":"shop","pid":1,"session_id":"1.1","line_num":4,"error_severity":"ERROR","state_code":"42883","message":"function app.touch(integer) does not exist","hint":"No function matches the given name and argument types. You might need to add explicit type casts.","statement":"SELECT app.touch(1)","cursor_position":8,"backend_type":"client backend"}
{"timestamp":"2026-11-25 08:00:04.000 UTC","user":"shop","dbname":"shop","pid":1,"session_id":"1.1","line_num":7,"error_severity":"ERROR","state_code":"42883","message":"function touch() does not exist","hint":"No function matches the given name and argument types. You might need to add explicit type casts.","statement":"SELECT touch()","cursor_position":8,"backend_type":"client backend"}

-- want
app.argued(integer) refused: it can be brought back online
app.cheap
app.counted refused: it can be brought back online
app.customers
app.customers.Note {x}
app.customers.name
app.customers_id_seq
app.given
app.halved(integer) refused: it is not there under another name
app.indexed(integer) refused: it can be brought back online
app.known
app.log
app.loosened refused: it can be brought back online
app.none_else
app.one_email
app.orders.level
app.orders_by_customer
app.own {x}
app.pgrowlocks refused for want of rights: its owner may make it
app.positive
app.price(integer)
app.renamed_soon refused: it is not there under another name
app.retyped.amount refused: it can be brought back online
app.taken refused: it may be given to its owner
app.tcn
app.thrice(integer)
app.totals
app.touched
app.twice(integer)
app.widened refused: it can be brought back online

-- plan
CREATE EXTENSION pgrowlocks SCHEMA app VERSION '1.2'
CREATE EXTENSION tcn SCHEMA app VERSION '1.0'
CREATE OR REPLACE FUNCTION app.halved(n integer)\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\nAS $function$SELECT $1 / 2$function$
GRANT EXECUTE ON ROUTINE app.halved(integer) TO PUBLIC
CREATE OR REPLACE FUNCTION app.price(n integer)\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\nAS $function$SELECT $1 + 1$function$
CREATE OR REPLACE FUNCTION app.thrice(n integer)\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\nAS $function$SELECT $1 * 3$function$
GRANT EXECUTE ON ROUTINE app.thrice(integer) TO PUBLIC
CREATE OR REPLACE FUNCTION app.twice(n integer)\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\nAS $function$SELECT $1 * 2$function$
REVOKE ALL ON ROUTINE app.twice(integer) FROM PUBLIC
ALTER TABLE app.given OWNER TO {database}_owner
CREATE TABLE app.log (\n    id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),\n    at timestamp with time zone DEFAULT now(),\n    customer integer,\n    what text\n)
ALTER TABLE app.log ADD CONSTRAINT log_customer_fkey FOREIGN KEY (customer) REFERENCES app.customers(id)
ALTER TABLE app.log ADD CONSTRAINT log_pkey PRIMARY KEY (id)
CREATE INDEX log_by_time ON app.log USING btree (at)
COMMENT ON TABLE app.log IS 'what happened'
GRANT SELECT ON TABLE app.log TO PUBLIC
CREATE TABLE app.renamed_soon (\n    id integer NOT NULL,\n    note text\n)
ALTER TABLE app.renamed_soon ADD CONSTRAINT renamed_soon_pkey PRIMARY KEY (id)
ALTER TABLE app.taken OWNER TO {database}_owner
ALTER TABLE app.customers ADD COLUMN "Note {x}" text DEFAULT 'it''s none'::text
ALTER TABLE app.orders ALTER COLUMN level SET DEFAULT 1
ALTER TABLE app.customers ALTER COLUMN name SET NOT NULL
ALTER SEQUENCE app.customers_id_seq OWNED BY app.customers.id
CREATE UNIQUE INDEX CONCURRENTLY "one_email" ON app.customers USING btree (email)
ALTER TABLE app.customers ADD CONSTRAINT one_email UNIQUE USING INDEX "one_email"
ALTER TABLE app.orders ADD CONSTRAINT known FOREIGN KEY (customer) REFERENCES app.customers(id) NOT VALID
ALTER TABLE app.orders VALIDATE CONSTRAINT known
ALTER TABLE app.orders ADD CONSTRAINT positive CHECK ((total > (0)::numeric)) NOT VALID
ALTER TABLE app.orders VALIDATE CONSTRAINT positive
CREATE INDEX CONCURRENTLY "orders_by_customer" ON app.orders USING btree (customer) WHERE (total > (1)::numeric)
CREATE OR REPLACE VIEW app.cheap AS\n SELECT o.id,\n    c.email\n   FROM (app.orders o\n     JOIN app.customers c ON ((c.id = o.customer)))\n  WHERE (o.total < (10)::numeric)
CREATE VIEW app.totals AS\n SELECT o.total,\n    c.email\n   FROM (app.orders o\n     JOIN app.customers c ON ((c.id = o.customer)))
CREATE TRIGGER touched BEFORE UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touch()
CREATE POLICY none_else ON app.secret AS RESTRICTIVE FOR ALL TO pg_monitor USING ((id > 0)) WITH CHECK ((id > 1))
CREATE POLICY "own {x}" ON app.secret AS PERMISSIVE FOR SELECT TO PUBLIC USING ((who = 'x'::text))
GRANT INSERT ON TABLE app.customers TO PUBLIC

-- case: tables whose definition is not replicated
-- quiet
-- hazard: 35
CREATE TABLE app.sent (id int PRIMARY KEY, v text, w int NOT NULL CONSTRAINT small CHECK (w < 9));
CREATE INDEX sent_by_w ON app.sent (w);
CREATE TABLE app.parts (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE app.part PARTITION OF app.parts FOR VALUES FROM (0) TO (9);
CREATE TABLE app.filled (id int PRIMARY KEY, v text);
-- @superuser
CREATE PUBLICATION p FOR TABLE app.sent, app.parts;
-- @superuser
CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
-- @superuser
INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)
SELECT s.oid, 'app.filled'::regclass, 'r' FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database();

-- setup
ALTER TABLE app.sent DROP COLUMN v;
ALTER TABLE app.sent ALTER COLUMN w DROP NOT NULL, DROP CONSTRAINT small;
DROP INDEX app.sent_by_w;
ALTER TABLE app.parts DROP COLUMN v;
ALTER TABLE app.filled DROP COLUMN v;

-- want
app.filled.v refused: what it would change is not replicated
app.parts.v refused: what it would change is not replicated
app.sent.v refused: what it would change is not replicated
app.sent.w refused: what it would change is not replicated
app.sent_by_w
app.small refused: what it would change is not replicated

-- plan
ALTER TABLE app.filled ADD COLUMN v text
ALTER TABLE app.parts ADD COLUMN v text
ALTER TABLE app.sent ADD COLUMN v text
ALTER TABLE app.sent ALTER COLUMN w SET NOT NULL
ALTER TABLE app.sent ADD CONSTRAINT small CHECK ((w < 9)) NOT VALID
ALTER TABLE app.sent VALIDATE CONSTRAINT small
CREATE INDEX CONCURRENTLY "sent_by_w" ON app.sent USING btree (w)
