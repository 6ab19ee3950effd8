package healer

import "slices"

// lockOf is the strongest relation lock each class of statement takes, as
// the documentation has it (PostgreSQL, Explicit Locking, table 13.2).
var lockOf = map[string]string{
	"alter_sequence":            "ShareRowExclusiveLock on the sequence",
	"alter_table":               "ShareUpdateExclusiveLock on the table",
	"analyze":                   "ShareUpdateExclusiveLock on the table",
	"alter_index":               "ShareUpdateExclusiveLock on the index, AccessExclusiveLock on the partition's",
	"create_index":              "ShareUpdateExclusiveLock on the table",
	"create_index_only":         "ShareLock on the partitioned table itself",
	"drop_index":                "ShareUpdateExclusiveLock on the table",
	"refresh_materialized_view": "AccessExclusiveLock on the view",
	"reindex_index":             "ShareUpdateExclusiveLock on the table",
	"reindex_table":             "ShareUpdateExclusiveLock on the table",
	"vacuum":                    "ShareUpdateExclusiveLock on the table",
}

// locks lists the locks the steps take, each once.
func locks(steps []PlannedStep) []string {
	var out []string
	for _, s := range steps {
		if l, ok := lockOf[s.Class]; ok && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
