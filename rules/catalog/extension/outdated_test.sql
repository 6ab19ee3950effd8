-- quiet
-- @superuser
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_database() || '_owner'); END $$;
CREATE EXTENSION hstore SCHEMA app;

-- setup
CREATE EXTENSION pg_trgm SCHEMA app VERSION '1.3';

-- want
extension pg_trgm

-- plan
ALTER EXTENSION "pg_trgm" UPDATE TO E'1.5'

-- plan (14)
ALTER EXTENSION "pg_trgm" UPDATE TO E'1.6'
