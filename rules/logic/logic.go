// Package logic holds what the steps of a rule cannot express: pure functions,
// facts in, facts out. A rule names one in its header `logic`; it runs after
// capture, and what it gives is used by guard, repair, verify and undo like any
// other fact, under the same vetting and quoting.
//
// In the flow of data it stands inside of a Rule, between its capture and its
// Finding. The package knows nothing of databases, and imports nothing of this
// module.
package logic

import (
	"maps"
	"slices"
)

// Facts are values by their names, as text. A missing one is null.
type Facts map[string]string

// Func is one function.
type Func struct {
	Takes []string // facts it needs; they are consumed, and no part of the finding
	Uses  []string // facts and parameters it needs that stay as they are
	Gives []string // facts it adds
	SQL   []string // facts it adds that are SQL: quoted names and expressions that the server printed
	// Do returns the facts it adds, or nil where there is no fault after all. An
	// error means that the facts make no sense.
	Do func(Facts) (Facts, error)
}

// Lookup returns the function of that name.
func Lookup(name string) (Func, bool) {
	f, ok := functions()[name]
	return f, ok
}

// Names lists the functions.
func Names() []string { return slices.Sorted(maps.Keys(functions())) }

// functions is the closed list.
func functions() map[string]Func {
	return map[string]Func{
		"next-partitions": {
			Takes: []string{"ranges"}, Uses: []string{"key_type", "position", "name", "horizon"},
			Gives: []string{"missing", "obstacle", "covered_until", "last_range", "last_oid"},
			Do:    nextPartitions,
		},
		"duplicate-rows": {
			Takes: []string{"key_parts"}, Uses: []string{"columns", "predicate", "nulls_distinct", "keep", "by", "referrers"},
			Gives: []string{"key_names", "policy"}, SQL: []string{"keys", "among", "precedence", "referrer", "free"},
			Do: duplicateRows,
		},
		"default-ranges": {
			Takes: []string{"ranges", "position"}, Uses: []string{"key_type", "name", "referrers"},
			Gives: []string{"missing", "obstacle", "covered_until", "last_range", "last_oid"}, SQL: []string{"referrer"},
			Do: defaultRanges,
		},
		"orphan-rows": {
			Uses: []string{"keys", "parent_keys", "referrers"}, SQL: []string{"keyed", "match", "referrer", "free"},
			Do: orphanRows,
		},
		"index-keys": {
			Takes: []string{"key_parts"}, Uses: []string{"predicate", "nulls_distinct"},
			Gives: []string{"key_names"}, SQL: []string{"keys", "among"},
			Do: indexKeys,
		},
	}
}
