package baseline

import (
	"encoding/json"
	"fmt"
	"strings"
)

// healView makes a view, or the present one into that of the baseline where
// PostgreSQL replaces it: then what depends on it, its grants and its triggers
// stay (documentation, CREATE VIEW).
func healView(d *Difference, o, now *Object) {
	rel := qualified(o.Schema, o.Name)
	if now == nil {
		d.do(viewSQL(o), "")
		d.back("DROP VIEW " + rel)
		return
	}
	want, have := viewColumns(o), viewColumns(now)
	if why := irreplaceable(want, have); why != "" {
		d.changed(now)
		d.Manual = why + ": approve a new baseline, or drop it and what depends on it and make all of it again, in one transaction"
		return
	}
	d.do(replaced(viewSQL(o)), exclusive(rel))
	if len(want) == len(have) {
		d.back(replaced(viewSQL(now)))
	} else {
		d.hazard("it gets the column %s, which PostgreSQL takes from no view again: there is no undo", want[len(have)])
	}
	d.hazard("statements read by it get other rows at once")
}

// viewColumns are the names, types and collations, in order; nil where the
// baseline was captured before they were kept.
func viewColumns(o *Object) []string {
	var out []string
	if err := json.Unmarshal([]byte(o.Detail["columns"]), &out); err != nil {
		return nil
	}
	return out
}

// irreplaceable says why CREATE OR REPLACE VIEW would fail: it may only add
// columns at the end.
func irreplaceable(want, have []string) string {
	if len(want) == 0 {
		return "the baseline does not say which columns it has: capture and approve it again"
	}
	for i, column := range have {
		switch {
		case i >= len(want):
			return fmt.Sprintf("it got the column %s, which PostgreSQL takes from no view that stays", column)
		case column != want[i]:
			return fmt.Sprintf("PostgreSQL replaces no view whose columns are others: the column %d was %s and is %s", i+1, want[i], column)
		}
	}
	return ""
}

func replaced(sql string) string { return "CREATE OR REPLACE" + strings.TrimPrefix(sql, "CREATE") }

func viewSQL(o *Object) string {
	sql := "CREATE " + strings.ToUpper(string(o.Kind)) + " " + qualified(o.Schema, o.Name)
	if o.Detail["options"] != "" {
		sql += " WITH (" + o.Detail["options"] + ")"
	}
	sql += " AS\n" + strings.TrimSuffix(o.Definition, ";")
	if o.Kind == KindMaterializedView {
		sql += "\n  WITH NO DATA"
	}
	return sql
}
