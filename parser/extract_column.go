package parser

import "slices"

// column notes a column where its clause is worth knowing.
func (e *extractor) column(n node, s *scope, clause Clause) {
	if clause == "" {
		return
	}
	qualifier, name := "", ""
	for v := range n.list("fields") {
		qualifier, name = name, v.inner().str("sval")
	}
	if name != "" { // and not a star
		e.add(Column{Table: s.resolve(qualifier), Name: name, Clause: clause})
	}
}

func (e *extractor) add(c Column) {
	if !e.columns.has(c) && !e.columns.full() {
		c.Table, c.Name = own(c.Table), own(c.Name)
		e.columns.add(c)
	}
}

// assigned notes the columns that a statement sets of its target.
func (e *extractor) assigned(n, statement node, clause Clause) {
	for v := range n.list("targetList") {
		if name := v.inner().str("name"); name != "" {
			e.add(Column{Table: statement.child("relation").str("relname"), Name: name, Clause: clause})
		}
	}
}

// insert notes the columns an INSERT names. One that names none gives a value
// to each.
func (e *extractor) insert(n node) {
	table := n.child("relation").str("relname")
	for v := range n.list("cols") {
		name := v.inner().str("name")
		e.listed = true
		if len(e.inserted) < most {
			e.inserted = append(e.inserted, own(name))
		}
		e.add(Column{Table: table, Name: name, Clause: ClauseInsert})
	}
	e.assigned(n.child("onConflictClause"), n, ClauseSet)
}

// merge notes the columns that the actions of a MERGE set and insert.
func (e *extractor) merge(n node) {
	for v := range n.list("mergeWhenClauses") {
		switch when := v.inner(); when.str("commandType") {
		case "CMD_UPDATE":
			e.assigned(when, n, ClauseSet)
		case "CMD_INSERT":
			e.assigned(when, n, ClauseInsert)
		}
	}
}

// sorted walks over an entry of ORDER BY. A bare name is a column of the
// output first, and so may be none of a table.
func (e *extractor) sorted(n node, s *scope) {
	if kind, ref := n.field("node").open(); kind == "ColumnRef" {
		if parts := texts(ref.list("fields")); len(parts) == 1 && slices.Contains(s.outputs, parts[0]) {
			return
		}
	}
	e.fields("SortBy", n, s, ClauseOrder, "")
}
