package parser

import (
	"strings"
	"testing"
)

// A script of pg_dump holds rows and commands of psql; neither is SQL, and
// rows are secrets.
func TestScriptsOfPgDump(t *testing.T) {
	dump := strings.Join([]string{
		`--`, `-- PostgreSQL database dump`, `--`, ``, `\restrict Abc`, ``, `SET statement_timeout = 0;`,
		`COPY public.customers (id, name) FROM stdin;`, "1\tsecret; DROP TABLE nothing", `2	\N`, `\.`, ``, ``,
		`COPY public.orders FROM STDIN WITH (FORMAT csv);`, `1,"INSERT INTO nothing`, "\\.\r", `\connect other`,
		"INSERT INTO notes VALUES (E'a", "\\\\not a command", "');", `SELECT count(*) FROM t;`, `\unrestrict Abc`,
	}, "\n")
	var got []string
	for _, s := range Parse(dump) {
		for _, x := range s.Tables {
			got = append(got, s.Kind+" "+x.Name)
		}
	}
	if want := "copy customers, copy orders, insert notes"; !strings.HasPrefix(strings.Join(got, ", "), want) || strings.Contains(strings.Join(got, " "), "nothing") {
		t.Errorf("%v", got)
	}
	if masked := Mask(dump); strings.Contains(masked, "secret") || strings.Contains(masked, "restrict") {
		t.Errorf("%s", masked)
	}
	for _, x := range Approximate(dump).Tables {
		if x.Name == "nothing" {
			t.Error("a row was taken for SQL")
		}
	}
}

// What only looks like it is left alone.
func TestScriptsThatAreNone(t *testing.T) {
	for _, sql := range []string{
		"COPY t FROM stdin; SELECT 1 FROM u",
		"COPY t FROM stdin;\nSELECT 1 FROM u", // no line ends the data
		"SELECT '\n\\. ' FROM t",
		"DO $$\n\\. $$",
		"COPY (SELECT 1 FROM t) TO stdout;\n1\n\\.\nSELECT 2",
	} {
		if got := withoutData(sql); got != sql {
			t.Errorf("%q became %q", sql, got)
		}
	}
}
