package parser

import "slices"

// scope is what names mean at one place of a statement: the names of WITH
// queries in sight, and the tables of FROM by their aliases.
type scope struct {
	parent *scope
	ctes   []string
	from   []source
}

// source is one entry of FROM: a table, or something else with "" as its name.
type source struct{ alias, table string }

func (s *scope) inner() *scope { return &scope{parent: s} }

// cte reports whether a name stands for a WITH query here.
func (s *scope) cte(name string) bool {
	for ; s != nil; s = s.parent {
		if slices.Contains(s.ctes, name) {
			return true
		}
	}
	return false
}

// resolve says which table a column is of: by its qualifier, or where there
// is only one that it can be of. "" is ambiguous, or no table.
func (s *scope) resolve(qualifier string) string {
	if qualifier == "" {
		if s != nil && len(s.from) == 1 {
			return s.from[0].table
		}
		return ""
	}
	for ; s != nil; s = s.parent {
		for _, f := range s.from {
			if f.alias == qualifier {
				return f.table
			}
		}
	}
	return ""
}
