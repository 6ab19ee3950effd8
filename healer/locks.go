package healer

import (
	"regexp"
	"slices"
	"strings"
)

// lockOf is the strongest relation lock each class of statement takes, as
// the documentation has it (PostgreSQL, Explicit Locking, table 13.2).
var lockOf = map[string]string{
	"alter_sequence":            "ShareRowExclusiveLock on the sequence",
	"alter_table":               "ShareUpdateExclusiveLock on the table",
	"analyze":                   "ShareUpdateExclusiveLock on the table",
	"attach":                    "ShareUpdateExclusiveLock on the table, AccessExclusiveLock on the new partition and on the DEFAULT partition",
	"detach":                    "AccessExclusiveLock on the table, on the partition and on the DEFAULT partition",
	"alter_index":               "ShareUpdateExclusiveLock on the index, AccessExclusiveLock on the partition's",
	"create_index":              "ShareUpdateExclusiveLock on the table",
	"create_index_only":         "ShareLock on the partitioned table itself",
	"drop_index":                "ShareUpdateExclusiveLock on the table",
	"lock":                      "ShareRowExclusiveLock on the DEFAULT partition",
	"refresh_materialized_view": "AccessExclusiveLock on the view",
	"reindex_index":             "ShareUpdateExclusiveLock on the table",
	"reindex_table":             "ShareUpdateExclusiveLock on the table",
	"vacuum":                    "ShareUpdateExclusiveLock on the table",
}

// changesTree finds what an ALTER TABLE does to a partitioned table, which takes
// more than other changes do.
var changesTree = regexp.MustCompile(`\b(ATTACH|DETACH) PARTITION\b`)

// Locks lists the locks that statements take, each once; they are given by
// their class and their text.
func Locks(statements ...Statement) []string {
	var out []string
	for _, s := range statements {
		class := s.Class
		if m := changesTree.FindStringSubmatch(s.SQL); m != nil && class == "alter_table" {
			class = strings.ToLower(m[1])
		}
		if l, ok := lockOf[class]; ok && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// locks lists the locks that the steps take.
func locks(steps []PlannedStep) []string {
	var statements []Statement
	var out []string
	for _, s := range steps {
		if s.Lock == "" {
			statements = append(statements, Statement{Class: s.Class, SQL: s.SQL})
		} else if !slices.Contains(out, s.Lock) {
			out = append(out, s.Lock)
		}
	}
	return append(Locks(statements...), out...)
}
