package parser

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/pgmend/pgmend/parser/parsertest"
)

// fill puts literals into the holes of a template.
func (t *template) fill(number, text string) string {
	code := t.code
	var out strings.Builder
	for _, h := range t.holes {
		out.WriteString(code[:h.before])
		code = code[h.before:]
		if h.string {
			out.WriteString("'" + text + "'")
		} else {
			out.WriteString(number)
		}
	}
	return out.String() + code
}

func TestTemplates(t *testing.T) {
	for _, c := range []struct {
		learnt, other string
		matches       bool
	}{
		{"SELECT 1 FROM t WHERE a = 'x' AND b=2.5", "SELECT 77 FROM t WHERE a = 'it is' AND b=3", true},
		{"SELECT 1 FROM t", "SELECT 1 FROM u", false},
		{"SELECT 1 FROM t", "SELECT 1 FROM t2", false},
		{"SELECT 1 FROM t", "SELECT -1 FROM t", false},
		{"SELECT 1 FROM t", "SELECT 'a' FROM t", false},
		{"SELECT 1 FROM t", "SELECT 1e5 FROM t", false},
		{"SELECT 'a' FROM t", "SELECT 'it''s' FROM t", false},
		{"SELECT 'a' FROM t", `SELECT 'a\' FROM t`, false},
		{"SELECT 'it''s' FROM t", "SELECT 'a' FROM t", true},
		{"SELECT E'a' FROM t", "SELECT E'b' FROM t", true},
		{"SELECT $$a$$ FROM t", "SELECT $$b$$ FROM t", false},
		{"SELECT 1 FROM t;", "SELECT 2 FROM t; ", false},
		{"SELECT 1", "SELECT 12", true},
		{"SELECT 1AND", "SELECT 1.5AND", true},
		{"SELECT 1..2", "SELECT 3..4", false}, // of PL/pgSQL: both sides of it are left as they are
		{"SELECT a IN (1, 2)", "SELECT a IN (3, 4)", true},
		{"SELECT a IN (1, 2)", "SELECT a IN (3, 4, 5)", false},
	} {
		x, ok := learn(c.learnt)
		if !ok {
			t.Errorf("%s is not learnt", c.learnt)
			continue
		}
		if got := x.matches(c.other); got != c.matches {
			t.Errorf("%s matches %s: %v", c.learnt, c.other, got)
		}
		if c.matches && Mask(c.learnt) != Mask(c.other) {
			t.Errorf("%s and %s are not masked to the same", c.learnt, c.other)
		}
	}
}

// Where what a literal says matters, nothing is learnt.
func TestWhatIsNotLearnt(t *testing.T) {
	for _, sql := range []string{
		"ALTER ROLE r PASSWORD 'a'", "SET a.b = 'c'", "DO 'BEGIN PERFORM 1; END'", "BEGIN; SET a.b = 1",
		"CREATE FUNCTION f() RETURNS int LANGUAGE 'sql' AS 'SELECT 1'", `SELECT U&'d!0061t' UESCAPE '!'`, `SELECT E'\n'`,
		"SELECT 1 FROM t WHERE a = '" + strings.Repeat("x", templateBytes) + "'",
		"SELECT " + strings.Repeat("1+", templateHoles+1) + "1",
	} {
		if x, ok := learn(sql); ok {
			t.Errorf("%.60s is learnt as %.60q", sql, x.code)
		}
	}
}

// Templates answer what the cache does, ask it only for what they do not
// know, and keep no literal.
func TestTemplatesAnswerWhatTheCacheDoes(t *testing.T) {
	var p counting
	templates, plain := NewCache(64, p.parse).Templates(), NewCache(64, Parse)
	for i := range 3000 {
		for _, sql := range []string{
			hotStatement + "-- %[1]d of %[2]d", "SELECT %d, '%d' FROM t", "INSERT INTO u VALUES (%d, '%d')", "BEGIN /* %d %d */", "UPDATE v SET a = %d WHERE b = %d",
		} {
			text := fmt.Appendf(nil, sql, i, i)
			want := fmt.Sprint(plain.Statements(text))
			if got := fmt.Sprint(templates.Statements(text)); got != want {
				t.Fatalf("%s: %s, want %s", text, got, want)
			}
			clear(text) // it is the caller's
		}
	}
	if n := p.calls.Load(); n != 5 {
		t.Errorf("%d parses", n)
	}
	if templates.hits < 3*2999 || templates.learned > templatesUnasked+templates.hits/templatesPerHit {
		t.Errorf("%d known, %d learnt", templates.hits, templates.learned)
	}
	for i := range templates.places {
		for _, k := range templates.places[i].known {
			if k.value != nil && bytes.ContainsAny([]byte(k.code), "123456789") && !strings.Contains(k.code, "--") && !strings.Contains(k.code, "/*") {
				t.Errorf("a literal is kept: %s", k.code)
			}
		}
	}
}

func TestAKnownTextAllocatesNothing(t *testing.T) {
	templates := NewCache(64, Parse).Templates()
	sql := fmt.Appendf(nil, hotStatement, 1, 1)
	templates.Statements(sql)
	if n := testing.AllocsPerRun(1000, func() { templates.Statements(sql) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Every statement of PostgreSQL's regression tests is masked to the same text
// with other literals in the same places.
func TestTemplatesOfTheRegressionStatements(t *testing.T) {
	learnt := 0
	regression(t, func(want expected) {
		x, ok := learn(want.SQL)
		if !ok {
			return
		}
		learnt++
		for _, fill := range [][2]string{{"7", "x"}, {"1234.5", ""}, {"0", "-- /* ; $1 \"\n"}} {
			if other := x.fill(fill[0], fill[1]); x.matches(other) && Mask(other) != Mask(want.SQL) {
				t.Errorf("%q and %q match, and are masked to\n%q and\n%q", want.SQL, other, Mask(want.SQL), Mask(other))
			}
		}
	})
	if learnt < 10_000 {
		t.Errorf("%d were learnt", learnt)
	}
}

// What matches is masked to the same text.
func FuzzTemplate(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.sql, s.sql, "1.5", "x;\n--")
	}
	for _, text := range parsertest.Hostile() {
		f.Add(text(3), text(3), "0", "")
	}
	f.Fuzz(func(t *testing.T, sql, other, number, text string) {
		x, ok := learn(sql)
		if !ok {
			return
		}
		for _, o := range []string{other, x.fill(number, text), x.fill(number, "a")} {
			if x.matches(o) && Mask(o) != Mask(sql) {
				t.Errorf("%q and %q match, and are masked to %q and %q", sql, o, Mask(sql), Mask(o))
			}
		}
	})
}

func BenchmarkKnownStatement(b *testing.B) {
	templates := NewCache(4096, Parse).Templates()
	sql := fmt.Appendf(nil, hotStatement, 12345, 678)
	templates.Statements(sql)
	b.SetBytes(int64(len(sql)))
	b.ReportAllocs()
	for b.Loop() {
		templates.Statements(sql)
	}
}
