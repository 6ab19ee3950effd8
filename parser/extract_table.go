package parser

import (
	"slices"
	"strings"
)

// read notes a relation that is read, unless it is a WITH query. A qualified
// name never is one.
func (e *extractor) read(n node, s *scope) {
	if n.str("schemaname") == "" && s.cte(n.str("relname")) {
		return
	}
	e.table(n, Read)
}

func (e *extractor) table(n node, access Access) {
	if n == nil || n.str("relname") == "" {
		return
	}
	e.note(Table{
		Catalog: n.str("catalogname"), Schema: n.str("schemaname"), Name: n.str("relname"), Access: access,
		Temporary: n.str("relpersistence") == "t",
	})
}

// named notes a relation whose name is a list of strings.
func (e *extractor) named(parts []string, access Access) {
	t := Table{Access: access}
	switch len(parts) {
	case 0:
		return
	case 1:
		t.Name = parts[0]
	case 2:
		t.Schema, t.Name = parts[0], parts[1]
	default:
		t.Catalog, t.Schema, t.Name = parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1]
	}
	e.note(t)
}

func (e *extractor) note(t Table) {
	t.System = system(t)
	t.Temporary = t.Temporary || t.Schema == "pg_temp" || strings.HasPrefix(t.Schema, "pg_temp_")
	if !slices.Contains(e.tables, t) {
		e.tables = append(e.tables, t)
	}
}

// system reports whether a table is the server's own. A name without a schema
// that begins with pg_ is found in pg_catalog first.
func system(t Table) bool {
	switch t.Schema {
	case "pg_catalog", "information_schema", "pg_toast":
		return true
	}
	return t.Schema == "" && strings.HasPrefix(t.Name, "pg_")
}

// drop notes the tables of DROP: the tables themselves, or what a trigger, a
// rule or a policy is on. A view that is dropped is no table.
func (e *extractor) drop(n node) {
	for _, v := range n.list("objects") {
		kind, o := open(v)
		parts := texts(o.list("items"))
		if kind == "String" {
			parts = []string{o.str("sval")}
		}
		switch n.str("removeType") {
		case "OBJECT_TABLE", "OBJECT_FOREIGN_TABLE":
			e.named(parts, DDL)
		case "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY":
			if len(parts) > 1 {
				e.named(parts[:len(parts)-1], DDL)
			}
		}
	}
}

// rename notes the table under its old name.
func (e *extractor) rename(n node) {
	kind := n.str("renameType")
	if kind == "OBJECT_COLUMN" || kind == "OBJECT_ATTRIBUTE" {
		kind = n.str("relationType")
	}
	switch kind {
	case "OBJECT_INDEX", "OBJECT_SEQUENCE", "OBJECT_TYPE":
	default:
		e.table(n.child("relation"), DDL)
	}
}

// comment notes what COMMENT ON is about.
func (e *extractor) comment(n node) {
	_, o := open(n["object"])
	parts := texts(o.list("items"))
	switch n.str("objtype") {
	case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE":
		e.named(parts, DDL)
	case "OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY":
		if len(parts) > 1 {
			e.named(parts[:len(parts)-1], DDL)
		}
	}
}

// insert notes the columns an INSERT names. One that names none gives a value
// to each.
func (e *extractor) insert(n node) {
	for _, v := range n.list("cols") {
		_, target := open(v)
		e.listed = true
		e.inserted = append(e.inserted, target.str("name"))
	}
	e.assigned(node{"targetList": n["cols"], "relation": n["relation"]}, ClauseInsert)
}

// assigned notes the columns that are set.
func (e *extractor) assigned(n node, clause Clause) {
	for _, v := range n.list("targetList") {
		if _, target := open(v); target.str("name") != "" {
			e.add(Column{Table: n.child("relation").str("relname"), Name: target.str("name"), Clause: clause})
		}
	}
}

// sources makes the tables of a statement known to its columns.
func (e *extractor) sources(n node, s *scope) {
	if rel := n.child("relation"); rel != nil && rel["relname"] != nil {
		s.add(rel)
	}
	for _, field := range []string{"fromClause", "usingClause"} {
		for _, v := range n.list(field) {
			s.from = append(s.from, s.entry(v)...)
		}
	}
}

// add notes the target of INSERT, UPDATE, DELETE or MERGE, which never is a
// WITH query.
func (s *scope) add(rel node) {
	target := s.source(rel)
	target.table = rel.str("relname")
	s.from = append(s.from, target)
}

// source is what a relation brings to the columns in sight. A WITH query is
// no table, and neither is one whose columns an alias names anew.
func (s *scope) source(rel node) source {
	alias, table := rel.child("alias").str("aliasname"), rel.str("relname")
	out := source{alias: alias, table: table}
	if alias == "" {
		out.alias = table
	}
	if rel.str("schemaname") == "" && s.cte(table) || rel.child("alias").list("colnames") != nil {
		out.table = ""
	}
	return out
}

// entry lists what an entry of FROM brings, through its joins.
func (s *scope) entry(v any) []source {
	kind, n := open(v)
	switch kind {
	case "RangeVar":
		return []source{s.source(n)}
	case "JoinExpr":
		return append(s.entry(n["larg"]), s.entry(n["rarg"])...)
	case "":
		return nil
	}
	return []source{{alias: n.child("alias").str("aliasname")}}
}

// column notes a column where its clause is worth knowing.
func (e *extractor) column(n node, s *scope, clause Clause) {
	parts := texts(n.list("fields"))
	if clause == "" || len(parts) == 0 || parts[len(parts)-1] == "*" {
		return
	}
	qualifier := ""
	if len(parts) > 1 {
		qualifier = parts[len(parts)-2]
	}
	e.add(Column{Table: s.resolve(qualifier), Name: parts[len(parts)-1], Clause: clause})
}

func (e *extractor) add(c Column) {
	if !slices.Contains(e.columns, c) {
		e.columns = append(e.columns, c)
	}
}
