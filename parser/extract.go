package parser

import (
	"maps"
	"slices"
	"strings"
)

// extractor walks over the tree of one statement. Everything that looks like
// a relation is one that is read, except where targets says otherwise.
type extractor struct {
	sql     string // the statement's own text
	tables  []Table
	ctes    []string
	columns []Column

	inserted []string
	listed   bool
}

func newExtractor(sql string) *extractor { return &extractor{sql: sql} }

func (e *extractor) result() Statement {
	s := Statement{
		Tables: e.tables, CTEs: e.ctes, Columns: e.columns, Inserted: e.inserted, Listed: e.listed,
	}
	// Consumers read lists, never null.
	if s.Tables == nil {
		s.Tables = []Table{}
	}
	if s.CTEs == nil {
		s.CTEs = []string{}
	}
	if s.Columns == nil {
		s.Columns = []Column{}
	}
	return s
}

// targets are the fields of a statement that hold what it acts on, with the
// access; "" is no table at all.
var targets = map[string]map[string]Access{
	"InsertStmt":              {"relation": Write},
	"UpdateStmt":              {"relation": Write},
	"DeleteStmt":              {"relation": Write},
	"MergeStmt":               {"relation": Write},
	"CopyStmt":                {"relation": Write},
	"CreateStmt":              {"relation": DDL},
	"IndexStmt":               {"relation": DDL},
	"TruncateStmt":            {"relations": DDL},
	"LockStmt":                {"relations": DDL},
	"VacuumRelation":          {"relation": DDL},
	"AlterObjectSchemaStmt":   {"relation": DDL},
	"AlterOwnerStmt":          {"relation": DDL},
	"AlterObjectDependsStmt":  {"relation": DDL},
	"IntoClause":              {"rel": DDL},
	"ViewStmt":                {"view": DDL},
	"RefreshMatViewStmt":      {"relation": DDL},
	"CreateTrigStmt":          {"relation": DDL, "constrrel": Read},
	"RuleStmt":                {"relation": DDL},
	"CreatePolicyStmt":        {"table": DDL},
	"AlterPolicyStmt":         {"table": DDL},
	"CreateStatsStmt":         {"relations": DDL},
	"ClusterStmt":             {"relation": DDL},
	"PublicationTable":        {"relation": DDL},
	"PartitionCmd":            {"name": DDL},
	"AlterSeqStmt":            {"sequence": ""},
	"CreateSeqStmt":           {"sequence": ""},
	"CompositeTypeStmt":       {"typevar": ""},
	"ConstraintsSetStmt":      {"constraints": ""},
	"ImportForeignSchemaStmt": {"table_list": ""},
	"LockingClause":           {"lockedRels": ""},
	"Constraint":              {"pktable": Read},
	"TableLikeClause":         {"relation": Read},
}

// clauses are the fields whose columns are worth knowing, by what they are.
var clauses = map[string]Clause{
	"whereClause": ClauseWhere, "havingClause": ClauseWhere, "quals": ClauseJoin, "usingClause": ClauseJoin,
	"groupClause": ClauseGroup, "sortClause": ClauseOrder, "returningList": ClauseReturning,
}

// statement extracts from a statement, wherever it stands.
func (e *extractor) statement(kind string, n node, s *scope) {
	s = s.inner()
	if with := n.child("withClause"); with != nil {
		e.with(with, s)
	}
	e.sources(n, s)
	switch kind {
	case "AlterTableStmt":
		if t := n.str("objtype"); t != "OBJECT_INDEX" && t != "OBJECT_SEQUENCE" && t != "OBJECT_TYPE" {
			e.table(n.child("relation"), DDL)
		}
	case "RenameStmt":
		e.rename(n)
	case "ReindexStmt":
		if n.str("kind") == "REINDEX_OBJECT_TABLE" {
			e.table(n.child("relation"), DDL)
		}
	case "DropStmt":
		e.drop(n)
	case "CommentStmt", "SecLabelStmt":
		e.comment(n)
	case "GrantStmt":
		if n.str("objtype") == "OBJECT_TABLE" && n.str("targtype") == "ACL_TARGET_OBJECT" {
			for _, v := range n.list("objects") {
				_, rel := open(v)
				e.table(rel, DDL)
			}
		}
		return
	case "UpdateStmt":
		e.assigned(n, ClauseSet)
	case "InsertStmt":
		e.insert(n)
	case "CreateFunctionStmt", "DoStmt":
		e.bodies(kind, n)
	}
	switch kind {
	case "AlterTableStmt", "RenameStmt", "ReindexStmt":
		e.fields(kind, without(n, "relation"), s, "")
	default:
		e.fields(kind, n, s, "")
	}
}

func without(n node, field string) node {
	out := maps.Clone(n)
	delete(out, field)
	return out
}

// with makes the names of a WITH clause known, each to those after it, and
// with RECURSIVE to all of them.
func (e *extractor) with(with node, s *scope) {
	var names []string
	for _, v := range with.list("ctes") {
		_, cte := open(v)
		names = append(names, cte.str("ctename"))
	}
	for _, name := range names {
		if !slices.Contains(e.ctes, name) {
			e.ctes = append(e.ctes, name)
		}
	}
	if with.flag("recursive") {
		s.ctes = names
	}
	for i, v := range with.list("ctes") {
		_, cte := open(v)
		if kind, query := open(cte["ctequery"]); query != nil {
			e.statement(kind, query, s)
		}
		if !with.flag("recursive") {
			s.ctes = append(s.ctes, names[i])
		}
	}
}

// fields walks over what is below a node, in the order of the fields' names.
func (e *extractor) fields(kind string, n node, s *scope, clause Clause) {
	special := targets[kind]
	for _, field := range slices.Sorted(maps.Keys(n)) {
		if field == "withClause" {
			continue
		}
		if access, ok := special[field]; ok {
			e.target(n[field], access)
			continue
		}
		c := clause
		if k, ok := clauses[field]; ok {
			c = k
		}
		e.value(field, n[field], s, c)
	}
}

func (e *extractor) target(v any, access Access) {
	if access == "" {
		return
	}
	if list, ok := v.([]any); ok {
		for _, one := range list {
			e.target(one, access)
		}
		return
	}
	n := object(v)
	if kind, inner := open(v); kind == "RangeVar" {
		n = inner
	}
	e.table(n, access)
}

func (e *extractor) value(field string, v any, s *scope, clause Clause) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			e.value(field, one, s, clause)
		}
	case map[string]any:
		kind, n := open(v)
		if kind == "" {
			e.plain(field, v, s, clause)
			return
		}
		e.node(kind, n, s, clause)
	}
}

// plain walks over a field whose type is fixed and so not written.
func (e *extractor) plain(field string, n node, s *scope, clause Clause) {
	switch {
	case n["relname"] != nil && n["relpersistence"] != nil:
		e.read(n, s)
	case field == "larg" || field == "rarg":
		if n["op"] != nil { // the parts of a UNION
			e.statement("SelectStmt", n, s)
			return
		}
		e.fields("", n, s, clause)
	case field == "intoClause" || field == "into":
		e.fields("IntoClause", n, s, clause)
	case field == "typeName":
	case field == "pubtable":
		e.fields("PublicationTable", n, s, clause)
	case field == "base": // of CREATE FOREIGN TABLE
		e.fields("CreateStmt", n, s, clause)
	default:
		e.fields("", n, s, clause)
	}
}

func (e *extractor) node(kind string, n node, s *scope, clause Clause) {
	switch {
	case kind == "RangeVar":
		e.read(n, s)
	case kind == "ColumnRef":
		e.column(n, s, clause)
	case kind == "TypeName" || kind == "FuncCall" && n == nil:
	case strings.HasSuffix(kind, "Stmt"):
		e.statement(kind, n, s)
	case kind == "JoinExpr":
		for _, u := range texts(n.list("usingClause")) {
			e.add(Column{Name: u, Clause: ClauseJoin})
		}
		e.fields(kind, n, s, clause)
	default:
		e.fields(kind, n, s, clause)
	}
}
