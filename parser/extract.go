package parser

import "strings"

// extractor walks over the tree of one statement. Everything that looks like
// a relation is one that is read, except where targets says otherwise.
type extractor struct {
	sql     string // the statement's own text
	bodies  int    // of functions, around this statement
	rule    bool   // within the actions of a rule, where old and new are rows
	tables  set[Table]
	ctes    set[string]
	columns set[Column]

	inserted []string
	listed   bool

	prepares, executes string
}

func (e *extractor) result() Statement {
	s := Statement{
		Tables: e.tables.list, CTEs: e.ctes.list, Columns: e.columns.list, Inserted: e.inserted, Listed: e.listed,
		Prepares: e.prepares, Executes: e.executes,
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

// clauseOf says which fields hold columns that are worth knowing.
func clauseOf(field string) Clause {
	switch field {
	case "whereClause", "havingClause":
		return ClauseWhere
	case "quals", "usingClause", "joinCondition":
		return ClauseJoin
	case "groupClause":
		return ClauseGroup
	case "sortClause":
		return ClauseOrder
	case "returningList":
		return ClauseReturning
	}
	return ""
}

// statement extracts from a statement, wherever it stands.
func (e *extractor) statement(kind string, n node, s *scope) {
	s = s.inner()
	if with := n.child("withClause"); with.ok() {
		e.with(with, s)
	}
	s.sources(n)
	skip := ""
	switch kind {
	case "AlterTableStmt":
		skip = "relation"
		switch n.str("objtype") {
		case "OBJECT_INDEX": // nor is the index that is attached
			return
		case "OBJECT_SEQUENCE", "OBJECT_TYPE":
		default:
			e.table(n.child("relation"), DDL)
		}
	case "RenameStmt":
		skip = "relation"
		e.rename(n)
	case "ReindexStmt":
		skip = "relation"
		if n.str("kind") == "REINDEX_OBJECT_TABLE" {
			e.table(n.child("relation"), DDL)
		}
	case "DropStmt":
		e.drop(n)
	case "CommentStmt", "SecLabelStmt":
		e.comment(n)
	case "GrantStmt":
		e.grant(n)
		return
	case "SelectStmt":
		s.named(n)
	case "UpdateStmt":
		e.assigned(n, n, ClauseSet)
	case "InsertStmt":
		e.insert(n)
	case "MergeStmt":
		e.merge(n)
	case "RuleStmt":
		defer func(was bool) { e.rule = was }(e.rule)
		e.rule = true
	case "PrepareStmt", "DeallocateStmt":
		e.prepares = own(n.str("name"))
	case "ExecuteStmt":
		e.executes = own(n.str("name"))
	case "CreateFunctionStmt", "DoStmt":
		e.body(kind, n)
	}
	e.fields(kind, n, s, "", skip)
}

// with makes the names of a WITH clause known, each to those after it, and
// with RECURSIVE to all of them.
func (e *extractor) with(with node, s *scope) {
	recursive := with.flag("recursive")
	for v := range with.list("ctes") {
		name := v.inner().str("ctename")
		if !e.ctes.full() {
			e.ctes.add(own(name))
		}
		if recursive {
			s.ctes.add(name)
		}
	}
	for v := range with.list("ctes") {
		cte := v.inner()
		if kind, query := cte.field("ctequery").open(); query.ok() {
			e.statement(kind, query, s)
		}
		s.ctes.add(cte.str("ctename"))
	}
}

// fields walks over what is below a node, in the tree's order. skip is what was
// looked at before.
func (e *extractor) fields(kind string, n node, s *scope, clause Clause, skip string) {
	var special map[string]Access
	if kind != "" {
		special = targets[kind]
	}
	for field, v := range n.fields() {
		if !v.nests() || field == "withClause" || field == skip || field == "typeName" || field == "funcname" {
			continue
		}
		if special != nil {
			if access, ok := special[field]; ok {
				e.target(v, access)
				continue
			}
		}
		c := clause
		if k := clauseOf(field); k != "" {
			c = k
		}
		e.value(field, v, s, c)
	}
}

func (e *extractor) target(v node, access Access) {
	switch {
	case access == "":
	case v.isList():
		for one := range v.elements() {
			e.target(one, access)
		}
	default:
		if kind, inner := v.open(); kind == "RangeVar" {
			v = inner
		}
		e.table(v, access)
	}
}

func (e *extractor) value(field string, v node, s *scope, clause Clause) {
	if v.isList() {
		for one := range v.elements() {
			e.value(field, one, s, clause)
		}
		return
	}
	kind, n := v.open()
	if kind == "" {
		e.plain(field, v, s, clause)
		return
	}
	e.node(kind, n, s, clause)
}

// plain walks over a field whose type is fixed and so not written.
func (e *extractor) plain(field string, n node, s *scope, clause Clause) {
	switch field {
	case "larg", "rarg":
		if n.has("op") { // the parts of a UNION
			e.statement("SelectStmt", n, s)
			return
		}
	case "intoClause", "into":
		e.fields("IntoClause", n, s, clause, "")
		return
	case "pubtable":
		e.fields("PublicationTable", n, s, clause, "")
		return
	case "base": // of CREATE FOREIGN TABLE
		e.fields("CreateStmt", n, s, clause, "")
		return
	}
	if n.has("relname") && n.has("relpersistence") {
		e.read(n, s)
		return
	}
	e.fields("", n, s, clause, "")
}

func (e *extractor) node(kind string, n node, s *scope, clause Clause) {
	switch {
	case kind == "RangeVar":
		e.read(n, s)
	case kind == "ColumnRef":
		e.column(n, s, clause)
	case kind == "TypeName", kind == "A_Const", kind == "String", kind == "ParamRef":
	case kind == "A_Expr", kind == "BoolExpr", kind == "FuncCall", kind == "ResTarget": // most of a tree
		e.fields("", n, s, clause, "")
	case strings.HasSuffix(kind, "Stmt"):
		e.statement(kind, n, s)
	case kind == "SortBy" && clause == ClauseOrder:
		e.sorted(n, s)
	case kind == "JoinExpr":
		for _, u := range texts(n.list("usingClause")) {
			e.add(Column{Name: u, Clause: ClauseJoin})
		}
		e.fields("", n, s, clause, "")
	default:
		e.fields(kind, n, s, clause, "")
	}
}
