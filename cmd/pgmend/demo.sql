-- The demo's shop, and nine of its ten faults. Each is made the way it happens
-- in real life; the tenth, a sequence that is behind, is made while the daemon
-- watches.
CREATE TABLE app.customers (id int PRIMARY KEY, email text NOT NULL, region int NOT NULL);
INSERT INTO app.customers SELECT g, 'c' || g || '@example.org', g % 10 FROM generate_series(1, 20000) AS g;
CREATE TABLE app.orders (id serial PRIMARY KEY, customer int NOT NULL, placed date NOT NULL, total numeric NOT NULL, note text);
INSERT INTO app.orders (customer, placed, total) SELECT g % 19000 + 1, '2026-01-01'::date + g % 300, g FROM generate_series(1, 60000) AS g;
CREATE TABLE app.items (order_id int NOT NULL, sku text NOT NULL, quantity int NOT NULL);
INSERT INTO app.items SELECT g % 60000 + 1, 'sku-' || g % 500, 1 FROM generate_series(1, 120000) AS g;
CREATE TABLE app.events (id bigint, payload text);
INSERT INTO app.events SELECT g, repeat('x', 60) FROM generate_series(1, 40000) AS g;

-- A session reports its changes at most once a second, and ANALYZE must not come before them.
SELECT pg_sleep(1.1);
SELECT 1;

-- constraint/not-valid: the second half of an online migration was forgotten
ALTER TABLE app.orders ADD CONSTRAINT total_is_positive CHECK (total >= 0) NOT VALID;

-- index/duplicate: a migration adds what the unique constraint brought already
ALTER TABLE app.customers ADD CONSTRAINT customers_email_key UNIQUE (email);
CREATE UNIQUE INDEX customers_by_email ON app.customers (email);

-- index/redundant-prefix
CREATE INDEX orders_by_day ON app.orders (placed);
CREATE INDEX orders_by_day_and_customer ON app.orders (placed, customer);

-- index/missing-foreign-key: every DELETE of a customer reads all orders
ALTER TABLE app.orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES app.customers;
DELETE FROM app.customers WHERE id > 19500;

-- index/invalid, index/invalid-unique, index/reindex-leftover: builds that were cancelled while a
-- transaction was open
CREATE INDEX items_by_sku ON app.items (sku);
-- @hold
INSERT INTO app.items VALUES (1, 'open transaction', 1);
SET statement_timeout = '250ms';
-- @fails
CREATE INDEX CONCURRENTLY items_by_order ON app.items (order_id);
-- @fails
REINDEX INDEX CONCURRENTLY app.items_by_sku;
SET statement_timeout = 0;
-- @release
-- @hold
INSERT INTO app.customers VALUES (30000, 'open', 1);
SET statement_timeout = '250ms';
-- @fails
CREATE UNIQUE INDEX CONCURRENTLY customers_id_and_region ON app.customers (id, region);
SET statement_timeout = 0;
-- @release

-- vacuum/dead-tuples: autovacuum was switched off for a bulk change and never on again
ANALYZE app.customers, app.orders, app.items, app.events;
UPDATE app.orders SET note = 'imported';
SELECT pg_sleep(1.1);
ANALYZE app.orders;

-- statistics/stale: a bulk load that nobody analyzed
CREATE TABLE app.prices (sku text, valid_from date, price numeric);
INSERT INTO app.prices SELECT 'sku-' || g % 500, '2026-01-01'::date + g % 300, g FROM generate_series(1, 50000) AS g;
