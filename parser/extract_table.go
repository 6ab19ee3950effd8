package parser

import (
	"strings"
	"unicode/utf8"
)

// read notes a relation that is read, unless it is a WITH query or a row of a
// rule. A qualified name never is one.
func (e *extractor) read(n node, s *scope) {
	if !n.has("schemaname") {
		name := n.str("relname")
		if s.cte(name) || e.rule && (name == "old" || name == "new") {
			return
		}
	}
	e.table(n, Read)
}

func (e *extractor) table(n node, access Access) {
	if n.str("relname") == "" {
		return
	}
	e.note(Table{
		Catalog: n.str("catalogname"), Schema: n.str("schemaname"), Name: n.str("relname"), Access: access,
		Temporary: n.str("relpersistence") == "t",
	})
}

// named notes a relation of a DDL statement whose name is a list of strings.
func (e *extractor) named(parts []string) {
	if len(parts) > 0 {
		e.note(qualified(parts, DDL))
	}
}

// qualified makes a table of the parts of its name, of which there are some.
func qualified(parts []string, access Access) Table {
	t := Table{Name: parts[len(parts)-1], Access: access}
	if len(parts) > 1 {
		t.Schema = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		t.Catalog = parts[len(parts)-3]
	}
	return t
}

func (e *extractor) note(t Table) {
	t.System = system(t)
	t.Temporary = t.Temporary || t.Schema == "pg_temp" || strings.HasPrefix(t.Schema, "pg_temp_")
	if !e.tables.has(t) && !e.tables.full() {
		t.Catalog, t.Schema, t.Name = own(t.Catalog), own(t.Schema), own(t.Name)
		e.tables.add(t)
	}
}

func (e *extractor) noteAll(tables []Table) {
	for _, t := range tables {
		e.note(t)
	}
}

// own copies a name out of the text of the tree, which is not kept for it.
func own(name string) string {
	if !utf8.ValidString(name) {
		return strings.ToValidUTF8(name, "\uFFFD")
	}
	return strings.Clone(name)
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
	for v := range n.list("objects") {
		kind, o := v.open()
		parts := texts(o.list("items"))
		if kind == "String" {
			parts = []string{o.str("sval")}
		}
		switch n.str("removeType") {
		case "OBJECT_TABLE", "OBJECT_FOREIGN_TABLE":
			e.named(parts)
		case "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY":
			if len(parts) > 1 {
				e.named(parts[:len(parts)-1])
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
	parts := texts(n.field("object").inner().list("items"))
	switch n.str("objtype") {
	case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE":
		e.named(parts)
	case "OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY":
		if len(parts) > 1 {
			e.named(parts[:len(parts)-1])
		}
	}
}

// grant notes the tables of GRANT and REVOKE.
func (e *extractor) grant(n node) {
	if n.str("objtype") != "OBJECT_TABLE" || n.str("targtype") != "ACL_TARGET_OBJECT" {
		return
	}
	for v := range n.list("objects") {
		e.table(v.inner(), DDL)
	}
}
