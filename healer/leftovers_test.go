package healer

import "testing"

// An index is a repair's leftover by what the repair did, not because it is on
// the same table and not valid any more.
// hazard: 5
func TestWhatARepairLeft(t *testing.T) {
	index := func(oid uint32, name string, valid bool) Index {
		return Index{OID: oid, Schema: "app", Name: name, Valid: valid, Definition: "CREATE INDEX " + quote(name) + " ON app.t USING btree (v)"}
	}
	before := []Index{index(1, "a", true), index(2, "b", true), index(3, "c", false)}
	for _, c := range []struct {
		name, class, sql string
		now              Index
		want             bool
	}{
		{"the index whose drop was cut short", "drop_index", `DROP INDEX CONCURRENTLY "app"."a"`, index(1, "a", false), true},
		{"one that somebody else drops", "drop_index", `DROP INDEX CONCURRENTLY "app"."a"`, index(2, "b", false), false},
		{"one that was not valid before", "drop_index", `DROP INDEX CONCURRENTLY "app"."c"`, index(3, "c", false), false},
		{"one that took over the name", "drop_index", `DROP INDEX CONCURRENTLY "app"."a"`, index(4, "a", false), false},
		{"the index whose build was cut short", "create_index", `CREATE INDEX CONCURRENTLY "new" ON "app"."t" (v)`, index(5, "new", false), true},
		{"one that is valid", "create_index", `CREATE INDEX CONCURRENTLY "new" ON "app"."t" (v)`, index(5, "new", true), false},
		{"another's build", "create_index", `CREATE INDEX CONCURRENTLY "new" ON "app"."t" (v)`, index(5, "other", false), false},
		{"a copy that a rebuild left", "reindex_index", `REINDEX INDEX CONCURRENTLY "app"."a"`, index(6, "a_ccnew", false), true},
		{"an index that is called so", "reindex_index", `REINDEX INDEX CONCURRENTLY "app"."a"`, index(6, "a_ccnew", true), false},
	} {
		if got := ours(c.class, c.now, before, c.sql); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
