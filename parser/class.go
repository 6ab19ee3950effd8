package parser

import "strings"

// classes are the statements whose class is not just their node's name.
var classes = map[string]string{
	"SelectStmt": "select", "InsertStmt": "insert", "UpdateStmt": "update", "DeleteStmt": "delete",
	"MergeStmt": "merge", "IndexStmt": "create_index", "CreateStmt": "create_table",
	"CreateTableAsStmt": "create_table_as", "ViewStmt": "create_view", "RefreshMatViewStmt": "refresh_materialized_view",
	"AlterSeqStmt": "alter_sequence", "CreateSeqStmt": "create_sequence", "TruncateStmt": "truncate",
	"VariableSetStmt": "set", "VariableShowStmt": "show", "CreateStatsStmt": "create_statistics",
	"AlterStatsStmt": "alter_statistics", "CreateTrigStmt": "create_trigger", "RuleStmt": "create_rule",
	"CopyStmt": "copy", "LockStmt": "lock", "ClusterStmt": "cluster", "DoStmt": "do", "CallStmt": "call",
	"ExplainStmt": "explain", "PrepareStmt": "prepare", "ExecuteStmt": "execute", "DeclareCursorStmt": "declare",
	"CreateFunctionStmt": "create_function", "AlterSystemStmt": "alter_system", "CommentStmt": "comment",
	"AlterOwnerStmt": "alter_owner", "AlterObjectSchemaStmt": "alter_schema", "RenameStmt": "rename",
	"CreatePolicyStmt": "create_policy", "AlterPolicyStmt": "alter_policy", "CreatedbStmt": "create_database",
	"DropdbStmt": "drop_database", "AlterExtensionStmt": "alter_extension", "CreateForeignTableStmt": "create_foreign_table",
	"AlterDatabaseRefreshCollStmt": "alter_database", "AlterCollationStmt": "alter_collation",
}

// class names what kind of statement a tree is, in lower case words.
func class(r raw) string {
	switch r.kind {
	case "SelectStmt":
		if r.node.has("intoClause") {
			return "select_into"
		}
	case "IndexStmt":
		// ON ONLY a partitioned table: nothing is built, so nothing is waited for.
		if !r.node.child("relation").flag("inh") {
			return "create_index_only"
		}
	case "ReindexStmt":
		return "reindex_" + snakeKind(r.node.str("kind"), "REINDEX_OBJECT_")
	case "DropStmt":
		return "drop_" + objectType(r.node.str("removeType"))
	case "AlterTableStmt":
		return "alter_" + objectType(r.node.str("objtype"))
	case "VacuumStmt":
		if r.node.flag("is_vacuumcmd") {
			return "vacuum"
		}
		return "analyze"
	case "TransactionStmt":
		return snakeKind(r.node.str("kind"), "TRANS_STMT_")
	case "GrantStmt":
		if r.node.flag("is_grant") {
			return "grant"
		}
		return "revoke"
	case "CreateTableAsStmt":
		if r.node.str("objtype") == "OBJECT_MATVIEW" {
			return "create_materialized_view"
		}
	}
	if c, ok := classes[r.kind]; ok {
		return c
	}
	return snake(strings.TrimSuffix(r.kind, "Stmt"))
}

func snakeKind(s, prefix string) string { return strings.ToLower(strings.TrimPrefix(s, prefix)) }

// objectType names an ObjectType: OBJECT_MATVIEW is a materialized_view.
func objectType(s string) string {
	switch o := snakeKind(s, "OBJECT_"); o {
	case "matview":
		return "materialized_view"
	default:
		return o
	}
}
