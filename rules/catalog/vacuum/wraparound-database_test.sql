-- server: autovacuum=off
-- set: max_age=2000

-- quiet
CREATE PROCEDURE app.burn(n int) LANGUAGE plpgsql AS $$
BEGIN FOR i IN 1..n LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$;
-- template1 and postgres are as old, and take connections, as this one does now.
-- @superuser
UPDATE pg_database SET datallowconn = true WHERE datname = 'template0';
CALL app.burn(3000);

-- setup
-- @superuser
UPDATE pg_database SET datallowconn = false WHERE datname = 'template0';

-- want
database template0
