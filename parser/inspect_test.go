package parser

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInspect(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want Inspection
	}{
		{`REINDEX INDEX CONCURRENTLY "a b".c`, Inspection{
			Class: "reindex_index", Concurrently: true, Options: []string{"concurrently"}, Targets: []Name{{"a b", "c"}},
		}},
		{`DROP INDEX CONCURRENTLY IF EXISTS a.b`, Inspection{
			Class: "drop_index", Concurrently: true, Targets: []Name{{"a", "b"}},
		}},
		{`VACUUM (SKIP_LOCKED, TRUNCATE OFF) a.b`, Inspection{
			Class: "vacuum", Options: []string{"skip_locked", "truncate"}, Targets: []Name{{"a", "b"}},
		}},
		{`ANALYZE a.b`, Inspection{Class: "analyze", Targets: []Name{{"a", "b"}}}},
		{`ALTER TABLE a.b VALIDATE CONSTRAINT c`, Inspection{
			Class: "alter_table", Options: []string{"validate_constraint"}, Targets: []Name{{"a", "b"}},
		}},
		{`CREATE UNLOGGED TABLE a.b (c int)`, Inspection{Class: "create_table", Options: []string{"unlogged"}, Targets: []Name{{"a", "b"}}, Casts: []Name{{"pg_catalog", "int4"}}}},
		{`CREATE UNLOGGED SEQUENCE a.s`, Inspection{Class: "create_sequence", Options: []string{"unlogged"}}},
		{`CREATE TABLE a.b ()`, Inspection{Class: "create_table", Targets: []Name{{"a", "b"}}}},
		{`ALTER SEQUENCE a.s NO CYCLE RESTART WITH 5`, Inspection{
			Class: "alter_sequence", Options: []string{"cycle", "restart"}, Targets: []Name{{"a", "s"}},
		}},
		{`CREATE INDEX CONCURRENTLY i ON a.b (lower(c))`, Inspection{
			Class: "create_index", Concurrently: true, Index: "i", Targets: []Name{{"a", "b"}}, Functions: []Name{{"", "lower"}},
		}},
		{`CREATE INDEX i ON ONLY a.b (c)`, Inspection{Class: "create_index_only", Index: "i", Targets: []Name{{"a", "b"}}}},
		{`ALTER INDEX a.i ATTACH PARTITION b.j`, Inspection{
			Class: "alter_index", Options: []string{"attach_partition"}, Targets: []Name{{"a", "i"}},
		}},
		{`WITH x AS (SELECT 1 AS n), y AS (SELECT n FROM x) SELECT pg_catalog.max(n) AS top, y.n FROM y, a.x WHERE n OPERATOR(pg_catalog.=) $1::pg_catalog.int8`, Inspection{
			Class: "select", Functions: []Name{{"pg_catalog", "max"}}, Operators: []Name{{"pg_catalog", "="}},
			Relations: []Name{{"a", "x"}}, Casts: []Name{{"pg_catalog", "int8"}}, Params: []int{1},
			Outputs: []Output{{"top", "pg_catalog.max"}, {"n", ""}},
		}},
		{`WITH d AS (DELETE FROM a.b RETURNING 1) SELECT * FROM d FOR UPDATE`, Inspection{
			Class: "select", ModifyingCTE: true, Star: true, Locking: true, Outputs: []Output{{"*", ""}},
		}},
	} {
		got, err := Inspect(c.sql)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v, %v", c.sql, got, err)
		}
		if diff := cmp.Diff(c.want, got[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.sql, diff)
		}
	}
}

// What kills the C parser is refused before it gets there.
// hazard: 40, 41
func TestInspectRefusesWhatTheParserDiesOf(t *testing.T) {
	many := func(s string) string { return strings.Repeat(s, 30_000) }
	for name, sql := range map[string]string{
		"operators":   "SELECT 1" + many("+1"),
		"signs":       "SELECT " + many("- ") + "1",
		"not":         "SELECT " + many("NOT ") + "true",
		"is null":     "SELECT 1" + many(" IS NULL"),
		"parentheses": "SELECT " + many("(") + "1" + many(")"),
		"casts":       "SELECT 1" + many("::int"),
		"unions":      "SELECT 1" + many(" UNION SELECT 1"),
		"joins":       "SELECT 1 FROM a" + many(" JOIN a USING (b)"),
		"case":        "SELECT " + many("CASE WHEN true THEN ") + "1" + many(" END"),
		"commas":      "SELECT " + many("f(1,") + "1" + many(")"),
		"nul":         "SELECT 1\x00; DROP TABLE a",
		"length":      "SELECT '" + strings.Repeat("x", MaxLength) + "'",
	} {
		if _, err := Inspect(sql); err == nil {
			t.Errorf("%s: the text was given to the parser", name)
		}
	}
	// A long list is not deep.
	if _, err := Inspect("SELECT 1 WHERE 1 = 1" + strings.Repeat(" OR 1 = 1", 5000)); err != nil {
		t.Errorf("a long OR: %v", err)
	}
}

func TestErrorsDoNotQuoteTheText(t *testing.T) {
	_, err := Inspect(`ALTER ROLE x PASSWORD 'hunter2' hunter3`)
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("the error quotes the text: %v", err)
	}
}

func TestTokensAreTheText(t *testing.T) {
	for _, sql := range []string{
		`SELECT E'a\'b', 'it''s', "x""y", $$ a $b$ ; $$, $1, U&"\0041", 1.5e-3 /* a /* b */ ; */ -- c`,
		"'open", `"open`, "$a$ open", "/* open /* ", "\xff\xfe$", "",
	} {
		var out strings.Builder
		for _, tok := range Tokens(sql) {
			out.WriteString(tok.Text)
		}
		if out.String() != sql {
			t.Errorf("Tokens(%q) is not the text", sql)
		}
	}
}

// Functions and operators are called from more places than expressions.
// hazard: 36c
func TestInspectSeesEveryCall(t *testing.T) {
	for sql, want := range map[string]Inspection{
		`SELECT 1 FROM t ORDER BY x USING OPERATOR(evil.<)`:                {Operators: []Name{{"evil", "<"}}},
		`SELECT 1 FROM t TABLESAMPLE evil.m (1)`:                           {Functions: []Name{{"evil", "m"}}},
		`CALL evil.p(1)`:                                                   {Functions: []Name{{"evil", "p"}}},
		`CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION evil.f()`:     {Functions: []Name{{"evil", "f"}}},
		`SELECT CURRENT_USER WHERE x = session_user AND y < CURRENT_DATE`:  {Operators: []Name{{"", "="}, {"", "<"}}, Values: []string{"current_user", "session_user", "current_date"}},
		`SELECT f() OVER (PARTITION BY g() ORDER BY h() USING <) FROM i()`: {Functions: []Name{{"", "f"}, {"", "g"}, {"", "h"}, {"", "i"}}, Operators: []Name{{"", "<"}}},
	} {
		list, err := Inspect(sql)
		if err != nil || len(list) != 1 {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := Inspection{Functions: list[0].Functions, Operators: list[0].Operators, Values: list[0].Values}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", sql, diff)
		}
	}
}
