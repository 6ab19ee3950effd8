-- quiet
CREATE DOMAIN app.key AS bigint CHECK (VALUE > 0);
CREATE TABLE app.parent (id bigint PRIMARY KEY, code varchar(20) UNIQUE, n int UNIQUE);
CREATE TABLE app.same (id bigint REFERENCES app.parent);
-- A domain is its base type, and text is what varchar is.
CREATE TABLE app.domain (id app.key REFERENCES app.parent);
CREATE TABLE app.words (code text REFERENCES app.parent (code));
-- No foreign key says that they belong together.
CREATE TABLE app.loose (parent_id int);

-- setup
CREATE TABLE app.narrow (id int, CONSTRAINT "narrow {fk}" FOREIGN KEY (id) REFERENCES app.parent);
CREATE TABLE app.wide (n bigint CONSTRAINT wide_fk REFERENCES app.parent (n));
CREATE TABLE app.amounts (n numeric PRIMARY KEY);
CREATE TABLE app.other (n int CONSTRAINT other_fk REFERENCES app.amounts);

-- want
app.narrow {fk}
app.other_fk
app.wide_fk

-- plan
