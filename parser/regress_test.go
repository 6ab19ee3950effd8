package parser

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pgmend/pgmend/parser/parsertest"
)

// expected is one statement of PostgreSQL's own regression tests, with the
// tables that an independent walk over its tree found.
type expected struct {
	SQL    string   `json:"sql"`
	OK     bool     `json:"pg16_ok"`
	Select []string `json:"select_tables"`
	DML    []string `json:"dml_tables"`
	DDL    []string `json:"ddl_tables"`
}

// regression calls each with the statements of PostgreSQL's regression tests:
// 21,000, gzipped, one JSON object a line. They are not part of the
// repository. PGMEND_REGRESS_DATA names the file; otherwise it is looked for
// beside the checkout.
func regression(t *testing.T, each func(want expected)) {
	t.Helper()
	name := os.Getenv("PGMEND_REGRESS_DATA")
	if name == "" {
		name = beside(t, filepath.Join("shared", "data", "regress_statements.jsonl.gz"))
	}
	parsertest.Lines(t, name, func(line []byte) {
		var want expected
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		each(want)
	})
}

// beside finds a file in a folder next to the checkout, or next to the folder
// of several checkouts.
func beside(t *testing.T, name string) string {
	t.Helper()
	var tried []string
	for _, up := range []string{"../..", "../../.."} {
		path := filepath.Join(up, name)
		if _, err := os.Stat(path); err == nil {
			return path
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		tried = append(tried, path)
	}
	t.Skipf("the regression statements are not here: none of %s exists, and PGMEND_REGRESS_DATA is not set", strings.Join(tried, ", "))
	return ""
}

func TestRegressionStatements(t *testing.T) {
	t.Parallel()
	all, missed, explained := 0, 0, 0
	regression(t, func(want expected) {
		if !want.OK {
			return
		}
		list := Parse(want.SQL)
		// The reference does not look into the bodies of functions and DO
		// blocks, which are wanted here.
		if len(list) == 1 && slices.Contains([]string{"create_function", "do"}, list[0].Kind) {
			return
		}
		all++
		got := accesses(list)
		// The reference takes the index that is attached to another one for a
		// table. It is none: an index's name never is.
		if list[0].Kind == "alter_index" && len(want.DDL) == 1 && len(got) == 0 {
			explained++
			return
		}
		if !slices.Equal(got["read"], sorted(want.Select)) || !slices.Equal(got["write"], sorted(want.DML)) || !slices.Equal(got["ddl"], sorted(want.DDL)) {
			missed++
			t.Logf("%s\n\tgot  %v\n\twant read %v write %v ddl %v", strings.Join(strings.Fields(want.SQL), " "), got, sorted(want.Select), sorted(want.DML), sorted(want.DDL))
		}
	})
	if all == 0 {
		t.Fatal("there is no statement to compare")
	}
	exact := 100 * float64(all-missed) / float64(all)
	t.Logf("%d statements, %d missed, %d attach an index: %.3f %% exact", all, missed, explained, exact)
	if missed > 0 || explained > all/1000 {
		t.Errorf("only %.3f %% are exact", exact)
	}
}

// Masked text parses to the same as the text itself, so a cache may be keyed
// by it, and to mask it again changes nothing. What is refused only because
// of what a literal says, as E'\u06' is, is not refused masked.
func TestMaskedRegressionStatementsParseToTheSame(t *testing.T) {
	t.Parallel()
	why := cmpopts.IgnoreFields(Statement{}, "Err")
	bad := 0
	regression(t, func(want expected) {
		text := Mask(want.SQL)
		if again := Mask(text); again != text {
			t.Errorf("masked again it changes:\n\t%s\n\t%s", text, again)
		}
		got, masked := Parse(want.SQL), Parse(text)
		if !want.OK {
			got, masked = []Statement{{Tables: Tables(want.SQL)}}, []Statement{{Tables: Tables(text)}}
		}
		if diff := cmp.Diff(got, masked, why); diff != "" && bad < 40 {
			bad++
			t.Errorf("%.300s\nbecame %.300s\n%s", strings.Join(strings.Fields(want.SQL), " "), text, diff)
		}
	})
}

func accesses(list []Statement) map[string][]string {
	out := make(map[string][]string)
	for _, s := range list {
		for _, x := range s.Tables {
			name := x.Name
			if x.Schema != "" {
				name = x.Schema + "." + name
			}
			out[string(x.Access)] = append(out[string(x.Access)], name)
		}
	}
	for k, v := range out {
		out[k] = sorted(v)
	}
	return out
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// The approximation is held against the same statements: what it says of those
// that the grammar knows is what it would say of those that it refuses.
func TestApproximatedRegressionStatements(t *testing.T) {
	t.Parallel()
	all, missed := 0, 0
	regression(t, func(want expected) {
		// The reference does not look into bodies.
		c := cursor{sql: want.SQL}
		if !want.OK || languageOf(want.SQL, false) != "" || c.next() && c.word() == "do" {
			return
		}
		all++
		got := accesses([]Statement{approximate(want.SQL)})
		if !slices.Equal(got["read"], sorted(want.Select)) || !slices.Equal(got["write"], sorted(want.DML)) || !slices.Equal(got["ddl"], sorted(want.DDL)) {
			missed++
			t.Logf("%.300s\n\tgot  %v\n\twant read %v write %v ddl %v", strings.Join(strings.Fields(want.SQL), " "), got, sorted(want.Select), sorted(want.DML), sorted(want.DDL))
		}
	})
	exact := 100 * float64(all-missed) / float64(all)
	t.Logf("%d statements, %d missed: %.2f %% exact", all, missed, exact)
	if exact < 99.5 {
		t.Errorf("only %.2f %% are exact", exact)
	}
}
