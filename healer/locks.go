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

// Locks lists the locks that statements of these classes take, each once.
func Locks(classes ...string) []string {
	var out []string
	for _, c := range classes {
		if l, ok := lockOf[c]; ok && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// locks lists the locks that the steps take.
func locks(steps []PlannedStep) []string {
	classes := make([]string, len(steps))
	for i, s := range steps {
		classes[i] = s.Class
	}
	return Locks(classes...)
}
