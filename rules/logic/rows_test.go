package logic

import (
	"strings"
	"testing"
)

// duplicates are facts as capture gives them.
func duplicates(more Facts) Facts {
	f := Facts{
		"key_parts": `["\"a b\"", "lower(mail)"]`, "columns": `["id", "a b", "made"]`, "nulls_distinct": "t", "keep": "oldest", "by": "made, ctid",
	}
	for k, v := range more {
		f[k] = v
	}
	return f
}

func TestDuplicateRows(t *testing.T) {
	for name, c := range map[string]struct {
		facts Facts
		want  Facts
	}{
		"keys and what is not null": {nil, Facts{
			"keys": `"a b", lower(mail)`, "key_names": `["k1","k2"]`,
			"among":      `("a b") IS DISTINCT FROM NULL AND (lower(mail)) IS DISTINCT FROM NULL`,
			"precedence": `t."made" ASC NULLS LAST, t.ctid ASC`,
		}},
		"a predicate":         {Facts{"predicate": "(live = true)", "nulls_distinct": "f"}, Facts{"among": "((live = true))"}},
		"NULLs are equal":     {Facts{"nulls_distinct": "f"}, Facts{"among": "true"}},
		"the newest":          {Facts{"keep": "newest"}, Facts{"precedence": `t."made" DESC NULLS LAST, t.ctid DESC`}},
		"the place":           {Facts{"by": "ctid"}, Facts{"precedence": "t.ctid ASC"}},
		"the first there is":  {Facts{"by": "updated_at,id"}, Facts{"precedence": `t."id" ASC NULLS LAST, t.ctid ASC`}},
		"a name that is code": {Facts{"by": `x" --`, "columns": `["x\" --"]`}, Facts{"precedence": `t."x"" --" ASC NULLS LAST, t.ctid ASC`}},
	} {
		got, err := duplicateRows(duplicates(c.facts))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for k, v := range c.want {
			if got[k] != v {
				t.Errorf("%s: %s is %q, want %q", name, k, got[k], v)
			}
		}
	}
}

func TestDuplicateRowsRefusesWhatItCannotDecide(t *testing.T) {
	for want, facts := range map[string]Facts{
		"keep=both":      {"keep": "both"},
		"end it with":    {"by": "missing"},
		"parts of the":   {"key_parts": "x"},
		"read the colum": {"columns": "x"},
	} {
		if _, err := duplicateRows(duplicates(facts)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestOrphanRows(t *testing.T) {
	got, err := orphanRows(Facts{"keys": `["a b", "c"]`, "parent_keys": `["id", "x\"y"]`})
	if err != nil || got["keyed"] != `t."a b" IS DISTINCT FROM NULL AND t."c" IS DISTINCT FROM NULL` ||
		got["match"] != `p."id" = t."a b" AND p."x""y" = t."c"` {
		t.Errorf("%v, %v", got, err)
	}
	for _, f := range []Facts{{"keys": `["a"]`, "parent_keys": `["b", "c"]`}, {"keys": `[]`, "parent_keys": `[]`}, {"keys": "x", "parent_keys": "[]"}} {
		if _, err := orphanRows(f); err == nil {
			t.Errorf("%v is taken for a foreign key", f)
		}
	}
}

func TestWhatRefersToARow(t *testing.T) {
	referrer, free, err := referred(`[{"schema": "a", "table": "b\" --", "columns": ["x y"], "keys": ["id"]}, {"schema": "c", "table": "d", "columns": ["e", "f"], "keys": ["g", "h"]}]`, "t")
	first, second := `EXISTS (SELECT FROM "a"."b"" --" AS r WHERE r."x y" = t."id")`, `EXISTS (SELECT FROM "c"."d" AS r WHERE r."e" = t."g" AND r."f" = t."h")`
	if err != nil || referrer != "CASE WHEN "+first+" THEN 1 WHEN "+second+" THEN 2 END" || free != "NOT "+first+" AND NOT "+second {
		t.Errorf("%s; %s; %v", referrer, free, err)
	}
	if referrer, free, err := referred("", "t"); err != nil || referrer != "NULL::pg_catalog.int8" || free != "true" {
		t.Errorf("%s; %s; %v", referrer, free, err)
	}
	for _, list := range []string{"x", `[{"schema": "a", "table": "b", "columns": ["x"], "keys": []}]`, `[{"table": "b", "columns": ["x"], "keys": ["y"]}]`} {
		if _, _, err := referred(list, "t"); err == nil {
			t.Errorf("%s is read", list)
		}
	}
}
