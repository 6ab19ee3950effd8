package baseline_test

import (
	"encoding/json"
	"testing"

	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/healer/pg/pgtest"
)

// Names are quoted as the server quotes them, whatever is in them. What a newer
// version made a key word may be quoted without need.
func TestNamesAreQuotedAsTheServerDoes(t *testing.T) {
	names := []string{"", "a", "Abc", "a b", `a"b`, "ä", "a$b", "1a", "_a1", "user", "table", "lateral", "name", "char", "between", "verbose", "zone", "a'b", `a\b`, "a\nb"}
	list, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Each(t, func(t *testing.T, s *pgtest.Server) {
		var want, words []string
		ask(t, s, "SELECT json_agg(quote_ident(n) ORDER BY i) FROM json_array_elements_text('"+doubled(string(list))+"') WITH ORDINALITY AS x(n, i)", &want)
		for i, name := range names {
			if got := baseline.Ident(name); got != want[i] {
				t.Errorf("%q is %s, and the server says %s", name, got, want[i])
			}
		}
		ask(t, s, "SELECT json_agg(word) FROM pg_get_keywords() WHERE catcode <> 'U'", &words)
		for _, word := range words {
			if got := baseline.Ident(word); got != `"`+word+`"` {
				t.Errorf("the key word %s is not quoted: %s", word, got)
			}
		}
		for _, text := range names {
			if got := s.Ask(t, "postgres", "postgres", "SELECT "+baseline.Literal(text)); got != text {
				t.Errorf("%q comes back as %q", text, got)
			}
		}
	})
}

func ask(t *testing.T, s *pgtest.Server, sql string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.Ask(t, "postgres", "postgres", sql)), into); err != nil {
		t.Fatal(err)
	}
}

func doubled(s string) string {
	out := ""
	for _, r := range s {
		if r == '\'' {
			out += "'"
		}
		out += string(r)
	}
	return out
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		a, b string
		near bool
	}{
		{"orders", "oders", true}, {"orders", "order", true}, {"orders", "ordres", true}, {"customers", "costumrs", false}, {"customers", "customesr", true},
		{"orders", "orders", false}, {"orders", "Orders", false}, {"a", "b", true}, {"note", "notes", true}, {"note", "node", true},
		{"note", "nodes", false}, {"orders", "invoices", false}, {"orders_2025", "orders_2026", false}, {"p1", "p2", false},
		{"ääö", "ääü", true},
	} {
		if got := baseline.Near(c.a, c.b); got != c.near {
			t.Errorf("Near(%q, %q) is %t", c.a, c.b, got)
		}
		if baseline.Near(c.a, c.b) != baseline.Near(c.b, c.a) {
			t.Errorf("Near(%q, %q) is not the same the other way round", c.a, c.b)
		}
	}
}
