package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgmend/pgmend/parser"
)

// reading says how much a query may do.
type reading int

const (
	readDetect reading = iota // plain columns of the catalog and statistics
	readRows                  // also what opens a relation, one candidate at a time
)

// query judges a SELECT and returns its columns.
func (v *vetter) query(section string, q *Query, k known, how reading) []parser.Output {
	i, ok := v.inspect(section, q.Template, k)
	if !ok {
		return nil
	}
	wrong := func(format string, args ...any) {
		v.mistake(q.Line, section+": "+fmt.Sprintf(format, args...), "")
	}
	switch {
	case i.Class != "select" || i.Into:
		wrong("it has to be a SELECT, it is %s", i.Class)
	case i.ModifyingCTE:
		wrong("a WITH query changes data")
	case i.Locking:
		wrong("it locks rows")
	case i.Star && slices.ContainsFunc(i.Outputs, func(o parser.Output) bool { return o.Name == "*" }):
		wrong("name the columns instead of *, which differs between versions")
	}
	for _, f := range i.Functions {
		v.opened = v.opened || slices.Contains(openingFunctions, f.Name)
		if why := v.function(f, how); why != "" {
			wrong("%s", why)
		}
	}
	for _, rel := range i.Relations {
		if why := v.relation(rel, how); why != "" {
			wrong("%s", why)
		}
	}
	v.casts(i, wrong)
	q.Impersonal = !q.splices() && !personal(i)
	return i.Outputs
}

// personal reports whether what a query looks at depends on who asks.
func personal(i parser.Inspection) bool {
	return slices.ContainsFunc(i.Functions, func(f parser.Name) bool {
		return strings.HasPrefix(f.Name, "has_") || slices.Contains(personalFunctions, f.Name)
	}) || slices.ContainsFunc(i.Relations, func(rel parser.Name) bool {
		return slices.Contains(personalRelations, rel.Name)
	}) || slices.ContainsFunc(i.Values, func(name string) bool {
		return slices.Contains(personalValues, name)
	})
}

func (v *vetter) casts(i parser.Inspection, wrong func(string, ...any)) {
	for _, c := range i.Casts {
		if c.Schema == "" && !slices.Contains(catalogTypes, c.Name) || c.Schema != "" && c.Schema != "pg_catalog" {
			wrong("the type %s is not one of pg_catalog's", qualified(c))
		}
	}
	for _, o := range i.Operators {
		if o.Schema != "" && o.Schema != "pg_catalog" {
			wrong("the operator %s is not one of pg_catalog's", qualified(o))
		}
	}
}

func qualified(n parser.Name) string { return strings.TrimPrefix(n.Schema+"."+n.Name, ".") }

// function says why a query may not call a function: "" where it may.
func (v *vetter) function(f parser.Name, how reading) string {
	switch {
	case f.Schema == sampleExt:
		if how == readDetect || !slices.Contains(extensionFunctions, f.Name) {
			return fmt.Sprintf("the extension's function %s is not on the list", f.Name)
		}
	case f.Schema == "":
		return fmt.Sprintf("the function %s is not qualified; write pg_catalog.%s", f.Name, f.Name)
	case f.Schema != "pg_catalog":
		return fmt.Sprintf("the function %s is not one of pg_catalog's", qualified(f))
	case !ReadsOnly(f.Name):
		return fmt.Sprintf("the function %s is not on the list of those that only read", qualified(f))
	case how == readDetect && slices.Contains(openingFunctions, f.Name):
		return fmt.Sprintf("the function %s opens a relation, and would wait for whoever holds it; it belongs into capture", qualified(f))
	}
	return ""
}

func (v *vetter) relation(rel parser.Name, how reading) string {
	switch {
	case rel.Schema == "":
		return fmt.Sprintf("the relation %s is not qualified", rel.Name)
	case rel.Schema == "pg_catalog":
		if how == readDetect && slices.Contains(openingViews, rel.Name) {
			return fmt.Sprintf("the view %s opens relations, and would wait for whoever holds them; it belongs into capture", rel.Name)
		}
	case rel.Schema == sampleName && v.rule.Reads == ReadsRows && how == readRows:
	case rel.Schema == sampleExt && how == readRows:
	default:
		return fmt.Sprintf("the relation %s is not in pg_catalog; rows are read under reads: rows, outside of detect", qualified(rel))
	}
	return ""
}
