package rules_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pgmend/pgmend/healer/pg/pgtest"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/rules"
)

func TestMain(m *testing.M) { pgtest.Exit(m) }

// hostileNames are what people and attackers call their tables.
func hostileNames() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		`"`, `""`, `'`, `''`, ` `, `.`, "\n", "\t", "\r", `%`, `%s`, `%I`, `{`, `}`, `{}`, `{name}`, `{{`, `@oid`, `$1`, `$$`, `$x$`, `\`, `\'`,
		`\000`, `U&"`, `U&'\0041'`, `E'`, `--`, `/*`, `*/`, `;`, `"; DROP TABLE x; --`, `'; DROP TABLE x; --`, "💥", "é", "\u202e", "\u0301", "ı",
		"select", "CONCURRENTLY", "a", "B", "Z", "_", "0", "\x01", "\x7f",
	})
	return rapid.Custom(func(t *rapid.T) string {
		s := strings.Join(rapid.SliceOfN(piece, 1, 24).Draw(t, "pieces"), "")
		for len(s) > 63 {
			_, n := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-n]
		}
		return s
	})
}

func template(t *testing.T, sql string) rules.Template {
	t.Helper()
	x, err := rules.ParseTemplate(sql, 1)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Whatever the names are, each rendered statement is one statement of its
// class and names exactly that object.
// hazard: 38
func TestRenderedStatementsNameExactlyTheirObject(t *testing.T) {
	steps := map[string]rules.Template{
		"reindex_index": template(t, `REINDEX INDEX CONCURRENTLY {schema}.{name}`),
		"drop_index":    template(t, `DROP INDEX CONCURRENTLY {schema}.{name}`),
		"vacuum":        template(t, `VACUUM (SKIP_LOCKED) {schema}.{name}`),
		"analyze":       template(t, `ANALYZE {schema}.{name}`),
		"create_index":  template(t, `CREATE INDEX CONCURRENTLY {other} ON {schema}.{name} ({columns:names})`),
		"alter_table":   template(t, `ALTER TABLE {schema}.{name} VALIDATE CONSTRAINT {other}`),
	}
	rapid.Check(t, func(r *rapid.T) {
		names := hostileNames()
		schema, name, other := names.Draw(r, "schema"), names.Draw(r, "name"), names.Draw(r, "other")
		columns, err := jsonNames(other, name)
		if err != nil {
			r.Fatal(err)
		}
		values := rules.Values{
			"schema": rules.Text(schema), "name": rules.Text(name), "other": rules.Text(other), "columns": rules.Text(columns),
		}
		for class, step := range steps {
			sql, err := step.Inline(values)
			if err != nil {
				r.Fatalf("%s: %v", class, err)
			}
			if err := rules.CheckRendered(sql, class); err != nil {
				r.Fatalf("%s: %v", sql, err)
			}
			list, err := parser.Inspect(sql)
			if err != nil {
				r.Fatal(err)
			}
			if diff := cmp.Diff([]parser.Name{{Schema: schema, Name: name}}, list[0].Targets); diff != "" {
				r.Fatalf("%s acts on another object:\n%s", sql, diff)
			}
			if class == "create_index" && list[0].Index != other {
				r.Fatalf("%s names the index %q", sql, list[0].Index)
			}
		}
	})
}

// A key word is one of those that the rule lists, whatever the value is.
// hazard: 38
func TestKeyWordsAreThoseThatARuleLists(t *testing.T) {
	x := template(t, `CREATE POLICY p ON {schema}.{name} FOR {command:all|select}`)
	values := rules.Values{"schema": rules.Text("s"), "name": rules.Text("n"), "command": rules.Text("select")}
	if sql, err := x.Inline(values); err != nil || sql != `CREATE POLICY p ON "s"."n" FOR SELECT` {
		t.Errorf("%s, %v", sql, err)
	}
	for _, text := range []string{"", "SELECT", "all ", "delete", "all|select", "select TO evil"} {
		values["command"] = rules.Text(text)
		if sql, err := x.Inline(values); err == nil {
			t.Errorf("%q makes %s", text, sql)
		}
	}
	values["command"] = rules.Value{Null: true}
	if _, err := x.Inline(values); err == nil {
		t.Error("null is no key word")
	}
}

// The quoting is the server's: names as format('%I') makes them, but always
// quoted, and texts that the server reads back unchanged.
// hazard: 38
func TestQuotingEqualsTheServersFormat(t *testing.T) {
	s := pgtest.One(t)
	c := s.Conn(t, "postgres", "postgres")
	ident, text := template(t, `SELECT {x}`), template(t, `SELECT {x:literal}`)
	rapid.Check(t, func(r *rapid.T) {
		name := hostileNames().Draw(r, "name")
		ask := func(sql string, args ...string) string {
			params := make([][]byte, len(args))
			for i, a := range args {
				params[i] = []byte(a)
			}
			res := c.ExecParams(t.Context(), sql, params, nil, nil, nil).Read()
			if res.Err != nil {
				r.Fatalf("%s: %v", sql, res.Err)
			}
			return string(res.Rows[0][0])
		}
		values := rules.Values{"x": rules.Text(name)}
		quoted, err := ident.Inline(values)
		if err != nil {
			r.Fatal(err)
		}
		// format quotes only where it must; a name made longer by a quote has to be.
		forced := ask(`SELECT pg_catalog.format('%I', $1::text || '"')`, name)
		want := `SELECT ` + strings.TrimSuffix(forced, `"""`) + `"`
		if quoted != want {
			r.Fatalf("rendered %s, format says %s", quoted, want)
		}
		literal, err := text.Inline(values)
		if err != nil {
			r.Fatal(err)
		}
		for _, standard := range []string{"on", "off"} {
			ask(`SELECT pg_catalog.set_config('standard_conforming_strings', $1, false)`, standard)
			if got := ask(literal); got != name {
				r.Fatalf("the server reads %s as %q", literal, got)
			}
		}
	})
}

func TestWhatCannotBeQuotedIsRefused(t *testing.T) {
	for format, bad := range map[string][]string{
		"":              {"", "a\x00b", "\xff"},
		":literal":      {"a\x00b", "\xff"},
		":number":       {"", "1; DROP TABLE x", "1.5", "0x1", " 1", "--1", "١"},
		":names":        {"", "[]", `["a", 1]`, `[""]`, `["a\u0000"]`, "a"},
		":concurrently": {"", "DROP TABLE x", "create index x", "CREATE TABLE x"},
	} {
		x := template(t, "SELECT {x"+format+"}")
		for _, v := range bad {
			if sql, err := x.Inline(rules.Values{"x": rules.Text(v)}); err == nil {
				t.Errorf("{x%s} made %q of %q", format, sql, v)
			}
		}
	}
	if _, err := template(t, "SELECT {x}").Inline(nil); err == nil {
		t.Error("a value that is not there was rendered")
	}
	sql, missing, err := template(t, "SELECT {x}, @y").Preview(rules.Values{"y": rules.Text("z")})
	if err != nil || sql != "SELECT {x}, E'z'" || len(missing) != 1 {
		t.Errorf("preview %q, %v, %v", sql, missing, err)
	}
}

func TestSettings(t *testing.T) {
	set, errs := rules.Builtin()
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	all := set.For(rules.MaxMajor)
	for text, want := range map[string]string{
		"index/*.min_size=1MB": "", "*.enabled=false": "", "*.min_sise=1": `did you mean "min_size"?`,
		"indx/duplicate.min_size=1": `did you mean "index/duplicate"?`, "min_size=1": "write GLOB.param=value", "a.b": "write GLOB.param=value",
	} {
		s, err := rules.ParseSetting(text)
		if err == nil {
			err = rules.CheckSettings([]rules.Setting{s}, all)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for value, want := range map[string]string{"1": "1", "64kB": "65536", "2 GB": "2147483648", "1 PB": "", "-1": "", "1.5MB": "", "": ""} {
		got, err := rules.Param{Name: "p", Type: rules.TypeBytes}.Value(value)
		if (err == nil) != (want != "") || got.Text != want {
			t.Errorf("bytes %q is %q, %v", value, got.Text, err)
		}
	}
	for value, want := range map[string]string{"20%": "0.2", "0.05": "0.05", "100%": "1", "120%": "", "a": "", "1/3": ""} {
		got, err := rules.Param{Name: "p", Type: rules.TypeShare}.Value(value)
		if (err == nil) != (want != "") || got.Text != want {
			t.Errorf("share %q is %q, %v", value, got.Text, err)
		}
	}
}

func jsonNames(names ...string) (string, error) {
	text, err := json.Marshal(names)
	return string(text), err
}
