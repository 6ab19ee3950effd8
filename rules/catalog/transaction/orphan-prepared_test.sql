-- set: min_age=0s

-- quiet
CREATE TABLE app.t (id int);
-- What a subscription with two_phase prepared is its own to finish.
BEGIN;
INSERT INTO app.t VALUES (1);
PREPARE TRANSACTION 'pg_gid_16391_1742';

-- setup
BEGIN;
INSERT INTO app.t VALUES (2);
PREPARE TRANSACTION 'it''s "orphaned" \ {of} 1';

-- want
prepared transaction it's "orphaned" \ {of} 1

-- plan
ROLLBACK PREPARED E'it''s "orphaned" \\ {of} 1'
