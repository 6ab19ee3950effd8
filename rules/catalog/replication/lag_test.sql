-- server: wal_keep_size=0
-- set: min_retained=8MB

-- quiet
-- A standby that is as far as the server, and one that is a little behind.
-- @replica slow
CREATE TABLE app.filler AS SELECT g AS n FROM generate_series(1, 10000) AS g;
-- @replica near

-- setup
-- They take what they are sent and replay nothing of it.
INSERT INTO app.filler SELECT g FROM generate_series(1, 200000) AS g;

-- want
standby near
standby slow

-- plan

