package parser

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// brief writes tables as access:schema.name.
func brief(list []Table) string {
	var out []string
	for _, t := range list {
		name := t.Name
		if t.Schema != "" {
			name = t.Schema + "." + name
		}
		if t.Catalog != "" {
			name = t.Catalog + "." + name
		}
		if t.Temporary {
			name += "(temporary)"
		}
		if t.System {
			name += "(system)"
		}
		out = append(out, string(t.Access)+":"+name)
	}
	return strings.Join(out, " ")
}

func TestTables(t *testing.T) {
	for sql, want := range map[string]string{
		// A WITH query is seen by those after it only, so the inner name is the real table.
		`WITH users AS (SELECT * FROM users) SELECT * FROM users`:                                    "read:users",
		`WITH a AS (SELECT 1), b AS (SELECT * FROM a, c) SELECT * FROM b, public.a`:                  "read:c read:public.a",
		`WITH RECURSIVE r AS (SELECT 1 UNION SELECT * FROM r, s) SELECT * FROM r`:                    "read:s",
		`WITH x AS (SELECT 1) DELETE FROM x`:                                                         "write:x",
		`SELECT (WITH t AS (SELECT 1) SELECT * FROM t), u FROM t`:                                    "read:t",
		`INSERT INTO a SELECT * FROM b RETURNING (SELECT 1 FROM c)`:                                  "write:a read:b read:c",
		`INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET v = excluded.v`:                     "write:a",
		`UPDATE a SET (x, y) = (SELECT p, q FROM b) FROM c WHERE EXISTS (SELECT FROM d)`:             "write:a read:b read:d read:c",
		`DELETE FROM a USING b WHERE a.id = b.id`:                                                    "write:a read:b",
		`MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE`:                               "write:a read:b",
		`SELECT * FROM a TABLESAMPLE system (1), LATERAL (SELECT * FROM b) x, generate_series(1, 2)`: "read:a read:b",
		`COPY a TO STDOUT`:                            "write:a",
		`COPY (SELECT * FROM a) TO STDOUT`:            "read:a",
		`CREATE TABLE a (b int REFERENCES c, LIKE d)`: "ddl:a read:c read:d",
		`CREATE TABLE a PARTITION OF b DEFAULT`:       "ddl:a read:b",
		`CREATE TEMP TABLE a AS SELECT * FROM b`:      "read:b ddl:a(temporary)",
		`SELECT * INTO a FROM b`:                      "ddl:a read:b",
		`ALTER TABLE a ATTACH PARTITION b DEFAULT`:    "ddl:a ddl:b",
		`ALTER TABLE a RENAME TO b`:                   "ddl:a",
		`DROP TABLE a, s."B c"`:                       "ddl:a ddl:s.B c",
		`DROP TRIGGER t ON s.a`:                       "ddl:s.a",
		`REINDEX INDEX i`:                             "",
		`REINDEX TABLE a`:                             "ddl:a",
		`ALTER INDEX i RENAME TO j`:                   "",
		`ALTER SEQUENCE s RESTART`:                    "",
		`VACUUM a, b`:                                 "ddl:a ddl:b",
		`CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a FROM b FOR EACH ROW EXECUTE FUNCTION f()`: "ddl:a read:b",
		`CREATE POLICY p ON a USING (EXISTS (SELECT FROM b))`:                                    "ddl:a read:b",
		`GRANT SELECT ON a, b TO c`:                                             "ddl:a ddl:b",
		`COMMENT ON COLUMN s.a.c IS 'x'`:                                        "ddl:s.a",
		`EXPLAIN SELECT * FROM a`:                                               "read:a",
		`DECLARE c CURSOR FOR SELECT * FROM a`:                                  "read:a",
		`PREPARE p AS SELECT * FROM a WHERE id = $1`:                            "read:a",
		`SELECT * FROM pg_class, pg_catalog.pg_index`:                           "read:pg_class(system) read:pg_catalog.pg_index(system)",
		`SELECT * FROM pg_temp.a`:                                               "read:pg_temp.a(temporary)",
		`CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 FROM a $$`: "read:a",
		`DO $$ DECLARE r record; n int; BEGIN SELECT x INTO n FROM a; RAISE NOTICE USING MESSAGE = n; n := (SELECT 1 FROM b); EXECUTE 'SELECT 1 FROM c'; END $$`: "read:a read:b",
		`CREATE FUNCTION f(a int) RETURNS int LANGUAGE 'plpgsql' AS $$ BEGIN IF EXISTS (SELECT FROM x) THEN RETURN 1; END IF; END $$`:                            "read:x",
		`DO $$ BEGIN this is not PL/pgSQL but reads FROM a; $$`: "read:a",
		`DROP VIEW v`: "",
		`DO $$ BEGIN INSERT INTO a SELECT * FROM b; END $$`:                                               "write:a read:b",
		`CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 FROM a; SELECT 2 FROM b; END`: "read:a read:b",
		`SELECT U&"\0041" FROM "Ä.b"`:                                                                     "read:Ä.b",
	} {
		if got := brief(Tables(sql)); got != want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", sql, got, want)
		}
	}
}

// What the grammar of PostgreSQL 16 refuses is approximated.
func TestApproximation(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT * FROM orders WHERE id = ?`:                                                          "read:orders",
		`SELECT * FROM a, b x, c WHERE a.id = :id`:                                                   "read:a read:b read:c",
		`INSERT INTO s."T b" (x) VALUES (?, `:                                                        "write:s.T b",
		`UPDATE a SET x = ? WHERE id IN (SELECT id FROM b`:                                           "write:a read:b",
		`DELETE FROM a WHERE id = ?`:                                                                 "write:a",
		`MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED BY SOURCE THEN DELETE`:                   "write:a read:b",
		`INSERT INTO a VALUES (1) RETURNING WITH (OLD AS o, NEW AS n) o.id`:                          "write:a",
		`WITH x AS (SELECT * FROM a) SELECT * FROM x, b WHERE ?`:                                     "read:a read:b",
		`CREATE TABLE a (id int, CONSTRAINT p PRIMARY KEY (id WITHOUT OVERLAPS))`:                    "ddl:a",
		`SELECT EXTRACT(year FROM d) FROM a WHERE ?`:                                                 "read:a",
		`SELECT trim(both FROM v) FROM a WHERE x IS DISTINCT FROM y AND z BETWEEN PERIOD`:            "read:a",
		`SELECT a.x::int FROM a JOIN LATERAL (SELECT * FROM b WHERE b.i = :i) q ON true`:             "read:a read:b",
		`VACUUM (ONLY, VERBOSE) s.a, b`:                                                              "ddl:s.a ddl:b",
		`LOCK TABLE a, b IN EXCLUSIVE`:                                                               "ddl:a ddl:b",
		`CREATE UNIQUE INDEX i ON s.t (a) WHERE`:                                                     "ddl:s.t",
		`CREATE TABLE a (`:                                                                           "ddl:a",
		`SELECT json_value(c.j, '$.a' RETURNING int) FROM c, JSON_TABLE(c.j, '$' COLUMNS (x int)) t`: "read:c",
		`START_REPLICATION SLOT x LOGICAL 0/0`:                                                       "",
	} {
		list := Parse(sql)
		if len(list) != 1 || list[0].Parsed || list[0].Err == "" {
			t.Errorf("%s: parsed %+v", sql, list)
			continue
		}
		if got := brief(list[0].Tables); got != want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", sql, got, want)
		}
	}
}

// One bad statement costs the others nothing.
func TestStatementsAreSplitFirst(t *testing.T) {
	list := Parse(`SELECT 1 FROM a; SELEC 2 FROM b; /* ; */ SELECT ';' FROM c; ;`)
	var got []string
	for _, s := range list {
		got = append(got, brief(s.Tables))
	}
	if diff := cmp.Diff([]string{"read:a", "read:b", "read:c"}, got); diff != "" {
		t.Error(diff)
	}
	if len(list) == 3 && (!list[0].Parsed || list[1].Parsed || !list[2].Parsed) {
		t.Errorf("parsed = %v", list)
	}
}

func TestColumns(t *testing.T) {
	s := Parse(`SELECT a.x FROM app.orders a JOIN items i ON i.order_id = a.id WHERE a.v > 1 AND w = 2 GROUP BY a.g ORDER BY i.o`)[0]
	want := []Column{
		{"items", "order_id", ClauseJoin}, {"orders", "id", ClauseJoin}, {"orders", "v", ClauseWhere},
		{"", "w", ClauseWhere}, {"orders", "g", ClauseGroup}, {"items", "o", ClauseOrder},
	}
	if diff := cmp.Diff(want, s.Columns); diff != "" {
		t.Error(diff)
	}
	s = Parse(`INSERT INTO orders (customer, total) VALUES (1, 2) RETURNING id`)[0]
	if !s.Listed || strings.Join(s.Inserted, ",") != "customer,total" {
		t.Errorf("inserted %v", s.Inserted)
	}
	if s = Parse(`INSERT INTO orders VALUES (1)`)[0]; s.Listed {
		t.Error("an INSERT without columns lists some")
	}
}

func TestFingerprintLeavesLiteralsOut(t *testing.T) {
	a, err1 := Fingerprint(`SELECT * FROM t WHERE id = 1`)
	b, err2 := Fingerprint(`select * from t where id = 22`)
	c, err3 := Fingerprint(`SELECT * FROM u WHERE id = 1`)
	if err1 != nil || err2 != nil || err3 != nil || a != b || a == c {
		t.Errorf("%q %q %q %v %v %v", a, b, c, err1, err2, err3)
	}
}

// A secret in a statement never leaves the parser, however it got there.
// hazard: 43
func TestSecretsNeverLeave(t *testing.T) {
	const canary = "hunter2"
	for _, sql := range []string{
		`ALTER ROLE x PASSWORD 'hunter2'`, `CREATE USER x PASSWORD E'hunter2'`, `CREATE ROLE x PASSWORD $$hunter2$$`,
		`CREATE SUBSCRIPTION s CONNECTION 'password=hunter2' PUBLICATION p`, `SELECT dblink('password=hunter2')`,
		`SELECT 1 -- hunter2`, `SELECT /* hunter2 */ 1`, `SELECT 'hunter2`, `COPY t FROM PROGRAM 'curl -u a:hunter2 x'`,
		`SELEC 'hunter2' FROM t`, `DO $$ BEGIN PERFORM dblink('hunter2'); END $$`, `SET x = 'hunter2'`,
		`CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT 'hunter2' $f$`, "SELECT 'hunter2\x00'",
		"SELECT E'x'\n'\\'hunter2' FROM t", `SELECT 1 AS $$hunter2$$`, `SET app.secret = hunter2`, `SET app.secret TO a, hunter2`,
		`ALTER ROLE x SET app.secret = hunter2`, `ALTER ROLE x PASSWORD hunter2`, `CREATE USER x ENCRYPTED PASSWORD "hunter2"`,
		`CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$ password = "hunter2" $$`, `DO $$ hunter2 $$ LANGUAGE plperl`,
		`CREATE FUNCTION f() RETURNS int AS 'SELECT ''hunter2''' LANGUAGE sql`, `CREATE FUNCTION f() RETURNS c AS 'hunter2', 'x' LANGUAGE c`,
		`SELECT 1 FROM t WHERE pin = 12hunter2`, `SELECT U&'hunter2' UESCAPE '!'`, `SELECT $tag$ hunter2`, `SELECT /* /* */ hunter2`,
	} {
		for _, s := range Parse(sql) {
			if strings.Contains(s.Text, canary) || strings.Contains(s.Err, canary) {
				t.Errorf("%s: text %q, error %q", sql, s.Text, s.Err)
			}
		}
	}
}

// Masked text touches the same tables, so a cache may be keyed by it.
func TestMaskedTextTouchesTheSameTables(t *testing.T) {
	for _, sql := range []string{
		`SELECT * FROM a WHERE v = 'x' AND n > 5.5e3`, `DO $$ BEGIN INSERT INTO a SELECT 'b' FROM c; END $$`,
		`INSERT INTO a VALUES (E'it''s', B'101', X'1F', $$x$$)`, `SELECT interval '1 day' FROM a`,
		`DO $$ BEGIN FOR i IN 1..10 LOOP INSERT INTO a SELECT 0x1F FROM b; END LOOP; END $$`,
		`DO LANGUAGE plpgsql 'BEGIN PERFORM ''x'' FROM a; END'`, `SELECT U&'d!0061' UESCAPE '!' FROM U&"d!0061" UESCAPE '!'`,
		`CREATE FUNCTION f() RETURNS int AS 'SELECT 1 FROM a WHERE x = ''y''' LANGUAGE 'sql'`,
		`SELECT 1_000, .5, 5., 1.5e-3 FROM a WHERE x = 2`, `SET search_path = a, b`, `CREATE TABLE a (b float(53))`,
	} {
		if diff := cmp.Diff(Tables(sql), Tables(Mask(sql))); diff != "" {
			t.Errorf("%s became %s\n%s", sql, Mask(sql), diff)
		}
	}
}

// The guard estimates from above: whatever chains is counted, in whatever
// separators it is wrapped. What is only long is let through.
func TestTheGuardCountsEveryChain(t *testing.T) {
	const n = maxDepth + 1
	for name, sql := range map[string]string{
		"operators": "SELECT 1" + strings.Repeat("+1", n), "arrays": "SELECT a" + strings.Repeat("||ARRAY[a,a]", n),
		"unions": "SELECT 1,1" + strings.Repeat(" UNION SELECT 1,1", n), "joins": "SELECT 1 FROM a" + strings.Repeat(" JOIN b ON x AND y", n),
		"calls": "SELECT " + strings.Repeat("f(1,", n) + "1" + strings.Repeat(")", n), "casts": "SELECT 1" + strings.Repeat("::int", n),
		"parentheses": "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n), "subscripts": "SELECT a" + strings.Repeat("[1]", n),
		"cases": "SELECT " + strings.Repeat("CASE WHEN a AND b THEN ", n) + "1" + strings.Repeat(" END", n),
		"not":   "SELECT " + strings.Repeat("NOT ", n) + "a", "tests": "SELECT a" + strings.Repeat(" IS NULL", n),
		"a body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1,1" + strings.Repeat(" UNION SELECT 1,1", n) + "; END",
	} {
		if err := safe(sql); !errors.Is(err, errDepth) {
			t.Errorf("%s: %v", name, err)
		}
		if list := Parse(sql); len(list) == 0 || list[0].Parsed {
			t.Errorf("%s: parsed", name)
		}
	}
	for name, sql := range map[string]string{
		"values": "INSERT INTO a VALUES (1, -1)" + strings.Repeat(", (f(1), -1)", 2*n), "and": "SELECT 1 WHERE a = 1" + strings.Repeat(" AND a = 1", 2*n),
		"list": "SELECT 1 WHERE a IN (1" + strings.Repeat(", -1", 2*n) + ")", "statements": strings.Repeat("SELECT 1 + 1;", 2*n),
	} {
		if err := safe(sql); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A WITH query is no table, also not to a column.
func TestColumnsOfWithQueriesHaveNoTable(t *testing.T) {
	for sql, want := range map[string]string{
		`WITH x AS (SELECT 1) SELECT 1 FROM x WHERE x.a = 1`: "", `WITH x AS (SELECT 1) SELECT 1 FROM s.x WHERE x.a = 1`: "x",
		`SELECT 1 FROM x t (a) WHERE t.a = 1`: "", `WITH x AS (SELECT 1) DELETE FROM x WHERE a = 1`: "x",
	} {
		if diff := cmp.Diff([]Column{{want, "a", ClauseWhere}}, Parse(sql)[0].Columns); diff != "" {
			t.Errorf("%s\n%s", sql, diff)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	const sql = `SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE o.total > 100 ORDER BY o.id LIMIT 10`
	b.ReportAllocs()
	for b.Loop() {
		Parse(sql)
	}
}
