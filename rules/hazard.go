package rules

import (
	"maps"
	"slices"
)

// hazard is something a repair may do, and what a statement must be to do it.
type hazard struct {
	classes   []string // of statements, as parser.Inspect names them
	options   []string // for ALTER …: the sub-commands that are allowed
	functions []string // for SELECT: the acting functions that are allowed
	session   bool     // cannot run inside a transaction block
	signals   bool     // its functions signal a session
}

// hazards is the closed list. A statement whose class no declared hazard
// permits is refused, so a rule's header says all that it can do.
var hazards = map[string]hazard{
	"reindex":          {classes: []string{"reindex_index", "reindex_table"}, session: true},
	"create_index":     {classes: []string{"create_index", "create_index_only"}, session: true},
	"drop_index":       {classes: []string{"drop_index"}, session: true},
	"vacuum":           {classes: []string{"vacuum"}, session: true},
	"analyze":          {classes: []string{"analyze"}},
	"comment":          {classes: []string{"comment"}},
	"statistics":       {classes: []string{"alter_index", "alter_table"}, options: []string{"set_statistics"}},
	"validate":         {classes: []string{"alter_table"}, options: []string{"validate_constraint"}},
	"alter_sequence":   {classes: []string{"alter_sequence"}, options: []string{"restart", "cycle", "owned_by", "as", "maxvalue", "minvalue"}},
	"reloptions":       {classes: []string{"alter_table", "alter_index"}, options: []string{"set_rel_options", "reset_rel_options"}},
	"attach":           {classes: []string{"alter_table", "alter_index"}, options: []string{"attach_partition", "detach_partition"}},
	"create_table":     {classes: []string{"create_table", "drop_table"}},
	"add_column":       {classes: []string{"alter_table"}, options: []string{"add_column", "column_default"}},
	"column":           {classes: []string{"alter_table"}, options: []string{"add_column", "column_default", "drop_column", "set_not_null", "drop_not_null"}},
	"trigger":          {classes: []string{"create_trigger", "drop_trigger"}},
	"trigger_state":    {classes: []string{"alter_table"}, options: []string{"disable_trig", "enable_replica_trig", "enable_always_trig"}},
	"policy":           {classes: []string{"create_policy", "drop_policy"}},
	"owner":            {classes: []string{"alter_table", "alter_view", "alter_materialized_view", "alter_sequence", "alter_foreign_table", "alter_owner"}, options: []string{"change_owner"}},
	"create_extension": {classes: []string{"create_extension", "drop_extension"}},
	"alter_policy":     {classes: []string{"alter_policy"}},
	"row_security":     {classes: []string{"alter_table"}, options: []string{"enable_row_security", "force_row_security"}},
	"replica_identity": {classes: []string{"alter_table"}, options: []string{"replica_identity"}},
	"view":             {classes: []string{"create_view", "create_materialized_view", "drop_view", "drop_materialized_view"}},
	"routine":          {classes: []string{"create_function", "drop_routine"}},
	"sequence":         {classes: []string{"create_sequence", "drop_sequence"}},
	"type":             {classes: []string{"create_enum", "composite_type", "create_domain", "create_range", "drop_type", "drop_domain"}},
	"create_stats":     {classes: []string{"create_statistics", "drop_statistic_ext"}},
	"grant":            {classes: []string{"grant", "revoke"}},
	"move_rows":        {classes: []string{"insert", "delete", "create_table", "drop_table", "revoke"}},
	"constraint":       {classes: []string{"alter_table"}, options: []string{"drop_constraint", "add_constraint"}},
	"lock":             {classes: []string{"lock"}},
	"refresh":          {classes: []string{"refresh_materialized_view"}},
	"extension":        {classes: []string{"alter_extension"}},
	"alter_system":     {classes: []string{"alter_system"}, session: true},
	"reload":           {functions: []string{"pg_catalog.pg_reload_conf"}},
	"cancel":           {functions: []string{"pg_catalog.pg_cancel_backend"}, signals: true},
	"terminate":        {functions: []string{"pg_catalog.pg_terminate_backend"}, signals: true},
	"drop_slot":        {functions: []string{"pg_catalog.pg_drop_replication_slot"}},
	"rollback":         {classes: []string{"rollback_prepared"}, session: true},
	"collation":        {classes: []string{"alter_collation", "alter_database"}},
}

// Classes are those that some hazard permits: a step can be of no other.
func Classes() []string {
	var out []string
	for _, h := range hazards {
		out = append(out, h.classes...)
		if len(h.functions) > 0 {
			out = append(out, "select")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func hazardNames() []string { return slices.Sorted(maps.Keys(hazards)) }
