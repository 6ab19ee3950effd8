package parser

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
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

// PGMEND_REGRESS_DATA names a file of such statements, gzipped, one JSON
// object a line. It is 21,000 statements long and not part of the repository.
func TestRegressionStatements(t *testing.T) {
	name := os.Getenv("PGMEND_REGRESS_DATA")
	if name == "" {
		t.Skip("PGMEND_REGRESS_DATA names no file of regression statements")
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	all, missed := 0, 0
	for lines.Scan() {
		var want expected
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if !want.OK {
			continue
		}
		// The reference does not look into the bodies of functions and DO
		// blocks, which are wanted here.
		if list := Parse(want.SQL); len(list) == 1 && slices.Contains([]string{"create_function", "do"}, list[0].Kind) {
			continue
		}
		all++
		got := accesses(Parse(want.SQL))
		if !slices.Equal(got["read"], set(want.Select)) || !slices.Equal(got["write"], set(want.DML)) || !slices.Equal(got["ddl"], set(want.DDL)) {
			missed++
			if missed <= 60 {
				t.Logf("%s\n\tgot  %v\n\twant read %v write %v ddl %v", strings.Join(strings.Fields(want.SQL), " "), got, set(want.Select), set(want.DML), set(want.DDL))
			}
		}
	}
	exact := 100 * float64(all-missed) / float64(all)
	t.Logf("%d statements, %d missed: %.3f %% exact", all, missed, exact)
	if exact < 99.9 {
		t.Errorf("only %.3f %% are exact", exact)
	}
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
		out[k] = set(v)
	}
	return out
}

func set(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
