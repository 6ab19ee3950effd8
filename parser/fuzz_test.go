package parser

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pgmend/pgmend/parser/parsertest"
)

// seed adds statements of all kinds, and what is not closed.
func seed(f *testing.F) {
	f.Helper()
	for _, s := range samples(f) {
		f.Add(s.sql)
	}
	for _, text := range parsertest.Hostile() {
		f.Add(text(3))
	}
	for _, s := range []string{
		`$$`, `"`, `/* /*`, "\x00", "'", `E'\`, `U&"`, `$a$ $b$`, `SELECT 1;;`, `DO $x$ SELECT '`, `SET a.b = c`, `1.5.5`, `1_`, `IN (1,`, "'a'--\n'b'",
		"CREATE FUNCTION f() AS 'SELECT ''x''' LANGUAGE sql", "ALTER ROLE r PASSWORD x",
		"COPY t FROM stdin;\n1\t2\n\\.\n\\restrict x\nSELECT 1", "/**/\\x", ";\\x\n;\\", "COPY t FROM stdin;\n\\.",
	} {
		f.Add(s)
	}
}

// Whatever is parsed has an answer with names in it, and nothing becomes text
// that is not.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql string) {
		for _, s := range Parse(sql) {
			for _, x := range s.Tables {
				if x.Name == "" || !utf8.ValidString(x.Schema+x.Name) {
					t.Errorf("a table %q in %q", x.Name, sql)
				}
			}
			if utf8.ValidString(sql) && !utf8.ValidString(s.Text) {
				t.Errorf("%q became invalid: %q", sql, s.Text)
			}
			if !s.Parsed && s.Err == "" {
				t.Errorf("%q was not parsed, and nothing says why", sql)
			}
		}
	})
}

// Masked text holds no literal, changes no more when it is masked again, and
// touches the same tables.
func FuzzMask(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql string) {
		text := Mask(sql)
		if again := Mask(text); again != text {
			t.Errorf("%q is masked to %q, and that to %q", sql, text, again)
		}
		for _, tok := range Tokens(text) {
			switch {
			case tok.Kind == TokenComment:
				t.Errorf("%q keeps a comment: %q", sql, text)
			case tok.Kind == TokenNumber && tok.Text != "1" && tok.Text != "1_":
				t.Errorf("%q keeps the number %s", sql, tok.Text)
			}
		}
		// What is refused for its literals alone is not refused masked.
		if list := Parse(sql); len(list) == 1 && list[0].Parsed {
			masked := Parse(text)
			if len(masked) != 1 || !masked[0].Parsed || brief(masked[0].Tables) != brief(list[0].Tables) {
				t.Errorf("%q touches %s, masked %q: %+v", sql, brief(list[0].Tables), text, masked)
			}
		}
	})
}

// The pieces of a text are in it, but for psql's own, in its order, and are not taken apart again.
func FuzzSplit(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql string) {
		rest := withoutData(sql)
		for _, one := range Split(sql) {
			i := strings.Index(rest, one)
			if i < 0 || one == "" {
				t.Fatalf("%q is no piece of %q", one, sql)
			}
			rest = rest[i+len(one):]
			if again := Split(one); len(again) != 1 || again[0] != one {
				t.Errorf("%q is taken apart again: %q", one, again)
			}
		}
	})
}

// The tokens of a text are it, and the approximation names tables of it.
func FuzzScan(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, sql string) {
		var whole strings.Builder
		for _, token := range Tokens(sql) {
			whole.WriteString(token.Text)
		}
		if whole.String() != sql {
			t.Errorf("the tokens of %q are not it", sql)
		}
		for _, x := range approximate(sql).Tables {
			if x.Name == "" || len(x.Name) > 63*3 {
				t.Errorf("a table %q in %q", x.Name, sql)
			}
		}
		_ = depth(sql)
		_, _ = retell(sql)
	})
}

// The walk takes any JSON, and reads every value as the standard library does.
func FuzzWalk(f *testing.F) {
	for _, s := range []string{
		`{"stmts":[{"stmt":{"SelectStmt":{"fromClause":[{"RangeVar":{"relname":"a","relpersistence":"p"}}],"op":"SETOP_NONE"}}}]}`,
		`{"a":"\u003e\ud83d\ude00\n","b":[1,true,null,-1.5e3],"c":{}}`, `[]`, `{`, `"`, `{"a":`, `[[[`, `{"location":5}`, `{"location":"x"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		valid := json.Unmarshal([]byte(text), &want) == nil
		err := read(text, func(root node) {
			e := extractor{}
			e.statement("SelectStmt", root, nil)
			_ = collect(root, nil)
			if valid && utf8.ValidString(text) {
				same(t, text, root, want)
			}
		})
		if valid && err != nil && utf8.ValidString(text) && len(text) < 200 {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func same(t *testing.T, text string, n node, want any) {
	t.Helper()
	switch want := want.(type) {
	case string:
		if got := n.text(); got != want && !strings.ContainsRune(want, utf8.RuneError) {
			t.Errorf("%q: %q is read as %q", text, want, got)
		}
	case []any:
		i := 0
		for one := range n.elements() {
			if i < len(want) {
				same(t, text, one, want[i])
			}
			i++
		}
		if i != len(want) {
			t.Errorf("%q: %d elements of %d", text, i, len(want))
		}
	case map[string]any:
		for k, v := range want {
			if k != "location" && strings.Count(text, k) == 1 && !strings.ContainsAny(k, `"\<>&`) {
				same(t, text, n.field(k), v)
			}
		}
	}
}
