package parser

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
)

// sample is one statement of testdata/statements.txt.
type sample struct {
	sql    string
	parsed bool
	tables []string // as brief writes them, sorted
	line   int
}

func samples(t testing.TB) (list []sample) {
	t.Helper()
	f, err := os.Open("testdata/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var sql []string
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		switch {
		case len(sql) == 0 && (text == "" || text[0] == '#'):
		case text != "" && (text[0] == '=' || text[0] == '~'):
			tables := strings.Split(strings.TrimSpace(text[1:]), " ")
			if tables[0] == "" {
				tables = nil
			}
			list = append(list, sample{strings.Join(sql, "\n"), text[0] == '=', tokensOf(tables), n})
			sql = nil
		default:
			sql = append(sql, text)
		}
	}
	if err := lines.Err(); err != nil || len(sql) > 0 || len(list) < 100 {
		t.Fatalf("%d statements, %d lines behind the last: %v", len(list), len(sql), err)
	}
	return list
}

// tokensOf puts names together that hold a space: a table begins with its
// access.
func tokensOf(words []string) (out []string) {
	for _, w := range words {
		if strings.HasPrefix(w, "read:") || strings.HasPrefix(w, "write:") || strings.HasPrefix(w, "ddl:") {
			out = append(out, w)
		} else if len(out) > 0 {
			out[len(out)-1] += " " + w
		}
	}
	slices.Sort(out)
	return out
}

// found are the tables of statements, as samples has them.
func found(list []Statement) (out []string) {
	for _, s := range list {
		for _, x := range s.Tables {
			if name := brief([]Table{x}); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestStatements(t *testing.T) {
	for _, s := range samples(t) {
		list := Parse(s.sql)
		if len(list) != 1 || list[0].Parsed != s.parsed || list[0].Parsed != (list[0].Err == "") {
			t.Errorf("line %d: %s\n\tparsed to %+v", s.line, s.sql, list)
			continue
		}
		if got := found(list); !slices.Equal(got, s.tables) {
			t.Errorf("line %d: %s\n\tgot  %v\n\twant %v", s.line, s.sql, got, s.tables)
		}
		if got := found(Parse(Mask(s.sql))); !slices.Equal(got, s.tables) {
			t.Errorf("line %d: masked: %s\n\tgot  %v\n\twant %v", s.line, Mask(s.sql), got, s.tables)
		}
	}
}

// The scanner alone, which answers where the parser was killed, names the same
// tables but for those that only a grammar can tell.
func TestStatementsApproximated(t *testing.T) {
	missed := 0
	all := samples(t)
	for _, s := range all {
		if got := found([]Statement{Approximate(s.sql)}); !slices.Equal(got, s.tables) {
			missed++
			t.Logf("line %d: %s\n\tgot  %v\n\twant %v", s.line, s.sql, got, s.tables)
		}
	}
	if missed*100 > len(all)*8 {
		t.Errorf("%d of %d statements are approximated to other tables", missed, len(all))
	}
}
