-- quiet
CREATE TABLE app.parent (id int PRIMARY KEY);
CREATE TABLE app.child (parent_id int REFERENCES app.parent (id));
CREATE FUNCTION app.noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER enabled AFTER INSERT ON app.child EXECUTE FUNCTION app.noop();
-- For replication only, which is how somebody wants it.
CREATE TRIGGER replica AFTER INSERT ON app.child EXECUTE FUNCTION app.noop();
ALTER TABLE app.child ENABLE REPLICA TRIGGER replica;
CREATE TABLE app.parts (id int) PARTITION BY RANGE (id);
CREATE TABLE app.part PARTITION OF app.parts DEFAULT;

-- setup
CREATE TRIGGER "off ""audit""" AFTER INSERT ON app.child EXECUTE FUNCTION app.noop();
ALTER TABLE app.child DISABLE TRIGGER "off ""audit""";
CREATE TABLE app.loaded (parent_id int CONSTRAINT loaded_fk REFERENCES app.parent (id));
-- @superuser
ALTER TABLE app.loaded DISABLE TRIGGER ALL;
CREATE TRIGGER rows AFTER INSERT ON app.parts FOR EACH ROW EXECUTE FUNCTION app.noop();
ALTER TABLE app.parts DISABLE TRIGGER rows;

-- want
app.loaded_fk
app.off "audit"
app.rows
