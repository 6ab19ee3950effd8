package baseline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/pg"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// named says what a difference is, in a line.
func named(list []baseline.Difference) []string {
	out := []string{}
	for _, d := range list {
		line := string(d.What) + " " + d.String()
		if !d.Heals() {
			line += ", by hand"
		}
		if d.Waits != nil {
			line += ", after " + d.Waits.String()
		}
		if d.Renamed != "" {
			line += ", or is it " + d.Renamed
		}
		out = append(out, line)
	}
	return out
}

// apply runs the statements of what heals and waits for nothing, as a person
// would who reads them.
func apply(t *testing.T, s *pgtest.Server, database string, list []baseline.Difference, undo bool) {
	t.Helper()
	for _, d := range list {
		if !d.Heals() || d.Waits != nil {
			continue
		}
		statements := d.Statements
		if undo {
			statements = d.Undo
		}
		begin, end := "BEGIN", "COMMIT"
		if d.Apart || len(statements) == 0 {
			begin, end = "SELECT", "SELECT"
		}
		conn := s.Conn(t, database, "postgres")
		for _, sql := range append(append([]string{begin}, texts(statements)...), end) {
			if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
				t.Fatalf("%s: %v in: %s", d.Key, err, sql)
			}
		}
	}
}

func texts(list []baseline.Statement) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.SQL)
	}
	return out
}

// drifts are ways to break the schema of shop, and what is then said.
var drifts = []struct {
	name, sql string
	want      []string
	rest      []string // what differs after all that heals was healed
	once      bool     // its undo is no way back: what it drops held data
}{
	{"table", "DROP TABLE app.orders CASCADE", []string{
		"missing table app.orders", "missing view app.open_orders, after table app.orders", "missing materialized view app.sums, after table app.orders",
	}, nil, false},
	{"table with its sequence", "DROP TABLE app.customers CASCADE", []string{
		"missing table app.customers", "missing constraint app.orders.orders_customer_fkey, after table app.customers",
		"missing view app.open_orders, after table app.customers",
	}, nil, false},
	{"both tables", "DROP TABLE app.customers, app.orders CASCADE", []string{
		"missing table app.customers", "missing table app.orders, after table app.customers",
		"missing view app.open_orders, after table app.customers", "missing materialized view app.sums, after table app.orders",
	}, nil, false},
	{"column", `ALTER TABLE app.customers DROP COLUMN "Note ""x"""`, []string{`missing column app.customers.Note "x"`}, nil, false},
	{"column with constant default", "ALTER TABLE app.orders DROP COLUMN state CASCADE", []string{
		"missing column app.orders.state", "missing index app.orders_by_customer, after column app.orders.state",
		"missing view app.open_orders, after column app.orders.state",
	}, nil, false},
	{"column that is not null", "ALTER TABLE app.customers DROP COLUMN name CASCADE", []string{
		"missing column app.customers.name, by hand", "missing view app.open_orders, after column app.customers.name",
	}, []string{"missing column app.customers.name, by hand", "missing view app.open_orders, after column app.customers.name"}, true},
	{"column that is computed", "ALTER TABLE app.orders DROP COLUMN twice", []string{"missing column app.orders.twice, by hand"}, []string{"missing column app.orders.twice, by hand"}, true},
	{"default", "ALTER TABLE app.orders ALTER state DROP DEFAULT", []string{"missing default app.orders.state"}, nil, false},
	{"other default", "ALTER TABLE app.orders ALTER state SET DEFAULT 'it''s paid'", []string{"different default app.orders.state"}, nil, false},
	{"not null", "ALTER TABLE app.customers ALTER name DROP NOT NULL", []string{"missing not null app.customers.name"}, nil, false},
	{"check", "ALTER TABLE app.orders DROP CONSTRAINT price_positive", []string{"missing constraint app.orders.price_positive"}, nil, false},
	{"check not validated", "ALTER TABLE app.orders DROP CONSTRAINT price_positive; ALTER TABLE app.orders ADD CONSTRAINT price_positive CHECK (price > 0) NOT VALID",
		[]string{"different constraint app.orders.price_positive"}, nil, true},
	{"other check", "ALTER TABLE app.orders DROP CONSTRAINT price_positive; ALTER TABLE app.orders ADD CONSTRAINT price_positive CHECK (price > 1)",
		[]string{"different constraint app.orders.price_positive, by hand"}, []string{"different constraint app.orders.price_positive, by hand"}, true},
	{"foreign key", "ALTER TABLE app.orders DROP CONSTRAINT orders_customer_fkey", []string{"missing constraint app.orders.orders_customer_fkey"}, nil, false},
	{"unique", "ALTER TABLE app.customers DROP CONSTRAINT customers_email_key", []string{"missing constraint app.customers.customers_email_key"}, nil, false},
	{"primary key", "ALTER TABLE app.orders DROP CONSTRAINT orders_pkey", []string{"missing constraint app.orders.orders_pkey"}, nil, false},
	{"index", `DROP INDEX app."Orders, by total", app.sums_by_customer`, []string{"missing index app.Orders, by total", "missing index app.sums_by_customer"}, nil, false},
	{"other index", "DROP INDEX app.orders_by_customer; CREATE INDEX orders_by_customer ON app.orders (number)",
		[]string{"different index app.orders_by_customer, by hand"}, []string{"different index app.orders_by_customer, by hand"}, true},
	{"statistics", "DROP STATISTICS app.orders_stats", []string{"missing statistics app.orders_stats"}, nil, false},
	{"trigger", "DROP TRIGGER touched ON app.orders", []string{"missing trigger app.orders.touched"}, nil, false},
	{"trigger switched off", "ALTER TABLE app.orders DISABLE TRIGGER touched", []string{"different trigger app.orders.touched, by hand"}, []string{"different trigger app.orders.touched, by hand"}, true},
	{"function", "DROP FUNCTION app.touch() CASCADE", []string{"missing function app.touch()", "missing trigger app.orders.touched, after function app.touch()"}, nil, false},
	{"other function", "CREATE OR REPLACE FUNCTION app.total(integer, price numeric DEFAULT 1) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2'",
		[]string{"different function app.total(integer, numeric), by hand"}, []string{"different function app.total(integer, numeric), by hand"}, true},
	{"trigger's other function", "CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
		[]string{"different function app.touch()"}, nil, false},
	{"procedure", "DROP PROCEDURE app.tidy()", []string{"missing procedure app.tidy()"}, nil, false},
	{"view", "DROP VIEW app.open_orders", []string{"missing view app.open_orders"}, nil, false},
	{"other view", "CREATE OR REPLACE VIEW app.open_orders WITH (security_barrier = true) AS SELECT o.id, c.name FROM app.orders o JOIN app.customers c ON c.id = o.customer",
		[]string{"different view app.open_orders"}, nil, false},
	{"view with more columns", "CREATE OR REPLACE VIEW app.open_orders AS SELECT o.id, c.name, o.price FROM app.orders o JOIN app.customers c ON c.id = o.customer",
		[]string{"different view app.open_orders, by hand"}, []string{"different view app.open_orders, by hand"}, true},
	{"view with another column", "DROP VIEW app.open_orders; CREATE VIEW app.open_orders AS SELECT o.id::integer, c.name FROM app.orders o JOIN app.customers c ON c.id = o.customer",
		[]string{"different view app.open_orders, by hand"}, []string{"different view app.open_orders, by hand"}, true},
	{"view with fewer columns", "DROP VIEW app.open_orders; CREATE VIEW app.open_orders AS SELECT o.id FROM app.orders o", []string{"different view app.open_orders"}, nil, true},
	{"owners", `ALTER TABLE app.customers OWNER TO pg_monitor; ALTER TYPE app.pair OWNER TO pg_monitor; ALTER DOMAIN app.percent OWNER TO pg_monitor;
		ALTER SEQUENCE app.numbers OWNER TO pg_monitor; ALTER VIEW app.open_orders OWNER TO pg_monitor; ALTER MATERIALIZED VIEW app.sums OWNER TO pg_monitor;
		ALTER FUNCTION app.touch() OWNER TO pg_monitor; ALTER PROCEDURE app.tidy() OWNER TO pg_monitor`, []string{
		"different type app.pair", "different type app.percent", "different sequence app.numbers", "different function app.touch()", "different procedure app.tidy()",
		"different table app.customers", "different view app.open_orders", "different materialized view app.sums"}, nil, false},
	{"an owner to whom something is granted", "ALTER TABLE app.orders OWNER TO pg_monitor; GRANT SELECT, DELETE ON app.orders TO postgres", []string{
		"different table app.orders", "extra grant on table app.orders to postgres, by hand"}, nil, false},
	{"an owner to whom a column is granted", "ALTER TABLE app.customers OWNER TO pg_monitor; GRANT UPDATE (name) ON app.customers TO postgres", []string{
		"different table app.customers, by hand", "extra column grant app.customers.name postgres, by hand"}, []string{
		"different table app.customers, by hand", "extra column grant app.customers.name postgres, by hand"}, true},
	{"owner of a schema", "ALTER SCHEMA app OWNER TO pg_monitor", []string{"different schema app, by hand"}, []string{"different schema app, by hand"}, true},
	{"materialized view", "DROP MATERIALIZED VIEW app.sums", []string{"missing materialized view app.sums"}, nil, false},
	{"sequence owner", "ALTER SEQUENCE app.customers_id_seq OWNED BY NONE", []string{"missing sequence owner app.customers_id_seq"}, nil, false},
	{"sequence", "DROP SEQUENCE app.numbers CASCADE", []string{"missing sequence app.numbers", "missing default app.orders.number, after sequence app.numbers"}, nil, false},
	{"type", "DROP TYPE app.pair", []string{"missing type app.pair"}, nil, false},
	{"other type", "ALTER TABLE app.customers ALTER email TYPE varchar(50)", []string{"different column app.customers.email, by hand"}, []string{"different column app.customers.email, by hand"}, true},
	{"grants", "REVOKE ALL ON app.orders FROM PUBLIC; REVOKE USAGE ON SEQUENCE app.numbers FROM PUBLIC", []string{
		"missing grant on table app.orders to PUBLIC", "missing column grant app.orders.price PUBLIC", "missing grant on sequence app.numbers to PUBLIC"}, nil, true},
	{"one privilege", "REVOKE INSERT ON app.orders FROM PUBLIC", []string{"different grant on table app.orders to PUBLIC"}, nil, false},
	{"a privilege too much", "GRANT DELETE ON app.orders TO PUBLIC", []string{"extra grant on table app.orders to PUBLIC, by hand"}, []string{"extra grant on table app.orders to PUBLIC, by hand"}, true},
	{"column grant", "REVOKE UPDATE (price) ON app.orders FROM PUBLIC", []string{"missing column grant app.orders.price PUBLIC"}, nil, false},
	{"row security", "ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY; DROP POLICY own ON app.orders", []string{
		"missing policy app.orders.own", "missing row security app.orders, by hand"}, []string{"missing row security app.orders, by hand"}, true},
	{"policy", "DROP POLICY own ON app.orders", []string{"missing policy app.orders.own"}, nil, false},
	{"other policy", "ALTER POLICY own ON app.orders USING (true)", []string{"different policy app.orders.own, by hand"}, []string{"different policy app.orders.own, by hand"}, true},
	{"comment", "COMMENT ON TABLE app.customers IS NULL; COMMENT ON COLUMN app.customers.name IS 'other'", []string{
		"missing comment app.customers", "different comment app.customers.name"}, nil, false},
	{"renamed", "ALTER TABLE app.customers RENAME TO customer", []string{
		"missing table app.customers, or is it table app.customer", "different sequence owner app.customers_id_seq, after table app.customers",
		"different constraint app.orders.orders_customer_fkey, by hand, after table app.customers", "different view app.open_orders, after table app.customers",
		"extra table app.customer, by hand"}, nil, true},
	{"extra", "CREATE TABLE app.more (id int PRIMARY KEY); CREATE INDEX more_index ON app.orders (price); ALTER TABLE app.orders ADD added int DEFAULT 1", []string{
		"extra table app.more, by hand", "extra column app.orders.added, by hand", "extra index app.more_index, by hand"},
		[]string{"extra table app.more, by hand", "extra column app.orders.added, by hand", "extra index app.more_index, by hand"}, true},
	{"storage", "ALTER TABLE app.orders SET (fillfactor = 50)", []string{"different table app.orders, by hand"}, []string{"different table app.orders, by hand"}, true},
	{"unlogged", "DROP TABLE app.scratch", []string{"missing table app.scratch, by hand"}, []string{"missing table app.scratch, by hand"}, true},
}

func TestEveryDriftIsNamedAndHealed(t *testing.T) {
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		template := s.Database(t)
		s.Exec(t, template, "postgres", shop)
		d := open(t, s, template)
		want := read(t, d)
		d.Close()
		if diff := named(baseline.Compare(want, want)); len(diff) > 0 {
			t.Fatalf("a schema differs from itself: %q", diff)
		}
		// What heals leaves the database as it was, for the next; the others need one
		// of their own.
		healed := template + "_healed"
		copied := func(t *testing.T, name string) {
			s.Exec(t, "postgres", "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
			t.Cleanup(func() { s.Exec(t, "postgres", "postgres", "DROP DATABASE "+name+" WITH (FORCE)") })
		}
		copied(t, healed)
		for i, c := range drifts {
			t.Run(c.name, func(t *testing.T) {
				database := healed
				if len(c.rest) > 0 || c.name == "renamed" {
					database = fmt.Sprintf("%s_%d", template, i)
					copied(t, database)
				}
				s.Exec(t, database, "postgres", c.sql)
				drift(t, s, database, want, c.want, c.rest, c.once)
			})
		}
	})
}

func drift(t *testing.T, s *pgtest.Server, database string, want baseline.Schema, say, rest []string, once bool) {
	d := open(t, s, database)
	broken := read(t, d)
	list := baseline.Compare(want, broken)
	if diff := cmp.Diff(say, named(list)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for _, x := range list {
		if x.Heals() != (x.Manual == "") || len(x.Hazards) == 0 && x.Manual == "" && strings.HasPrefix(x.Statements[0].SQL, "ALTER TABLE") {
			t.Errorf("%s says nothing: %+v", x.Key, x)
		}
	}
	if !once {
		undone(t, s, database, d, broken, list)
	}
	if len(list) > 0 && list[0].Renamed != "" {
		return // which a repair refuses
	}
	for range 4 {
		apply(t, s, database, list, false)
		if list = baseline.Compare(want, read(t, d)); len(list) == len(rest) {
			break
		}
	}
	if diff := cmp.Diff(append([]string{}, rest...), named(list)); diff != "" {
		t.Errorf("after all was healed (-want +got):\n%s", diff)
	}
}

// undone heals and takes back: it is as it was when it was broken.
func undone(t *testing.T, s *pgtest.Server, database string, d *pg.Database, broken baseline.Schema, list []baseline.Difference) {
	t.Helper()
	apply(t, s, database, list, false)
	apply(t, s, database, list, true)
	if diff := named(baseline.Compare(broken, read(t, d))); len(diff) > 0 {
		t.Errorf("after the undo it is not as it was: %q", diff)
	}
}
