package parser

// scope is what names mean at one place of a statement: the names of WITH
// queries in sight, and the tables of FROM by their aliases.
type scope struct {
	parent  *scope
	ctes    set[string]
	from    []source
	index   map[string]string // of a long FROM: alias to table
	outputs []string          // names that a select list gives
}

// source is one entry of FROM: a table, or something else with "" as its name.
type source struct{ alias, table string }

func (s *scope) inner() *scope { return &scope{parent: s} }

// cte reports whether a name stands for a WITH query here.
func (s *scope) cte(name string) bool {
	for ; s != nil; s = s.parent {
		if s.ctes.has(name) {
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
		if table, ok := s.aliased(qualifier); ok {
			return table
		}
	}
	return ""
}

func (s *scope) aliased(alias string) (table string, ok bool) {
	if len(s.from) > few {
		if s.index == nil {
			s.index = make(map[string]string, len(s.from))
			for i := len(s.from) - 1; i >= 0; i-- { // the first of two wins
				s.index[s.from[i].alias] = s.from[i].table
			}
		}
		table, ok = s.index[alias]
		return table, ok
	}
	for _, f := range s.from {
		if f.alias == alias {
			return f.table, true
		}
	}
	return "", false
}

// sources makes the tables of a statement known to its columns.
func (s *scope) sources(n node) {
	if rel := n.child("relation"); rel.has("relname") {
		// The target of INSERT, UPDATE, DELETE or MERGE never is a WITH query.
		target := s.source(rel)
		target.table = rel.str("relname")
		s.from = append(s.from, target)
	}
	for _, field := range []string{"fromClause", "usingClause"} {
		for v := range n.list(field) {
			s.entry(v)
		}
	}
	if v := n.field("sourceRelation"); v.ok() {
		s.entry(v)
	}
}

// source is what a relation brings to the columns in sight. A WITH query is
// no table, and neither is one whose columns an alias names anew.
func (s *scope) source(rel node) source {
	alias, table := rel.child("alias").str("aliasname"), rel.str("relname")
	out := source{alias: alias, table: table}
	if alias == "" {
		out.alias = table
	}
	if rel.str("schemaname") == "" && s.cte(table) || rel.child("alias").has("colnames") {
		out.table = ""
	}
	return out
}

// entry adds what an entry of FROM brings, through its joins.
func (s *scope) entry(v node) {
	switch kind, n := v.open(); kind {
	case "RangeVar":
		s.from = append(s.from, s.source(n))
	case "JoinExpr":
		s.entry(n.field("larg"))
		s.entry(n.field("rarg"))
	case "RangeTableSample":
		s.entry(n.field("relation"))
	case "":
	default:
		s.from = append(s.from, source{alias: n.child("alias").str("aliasname")})
	}
}

// named notes the names that a select list gives to what is no column.
func (s *scope) named(n node) {
	if !n.has("sortClause") {
		return
	}
	for v := range n.list("targetList") {
		if target := v.inner(); target.has("name") {
			s.outputs = append(s.outputs, target.str("name"))
		}
	}
}
