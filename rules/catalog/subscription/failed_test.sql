-- quiet
CREATE TABLE app.t (id int PRIMARY KEY);
-- Disabled by a person.
-- @superuser
CREATE SUBSCRIPTION waits CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);

-- setup
-- Its slot is gone.
-- @superuser
DO $$ BEGIN
    EXECUTE format('CREATE SUBSCRIPTION broken CONNECTION %L PUBLICATION p WITH (connect = false, slot_name = ''gone'')',
                   format('host=%s dbname=%s user=postgres', current_setting('unix_socket_directories'), current_database()));
END $$;
-- @superuser
ALTER SUBSCRIPTION broken ENABLE;

-- want
subscription broken

-- plan
