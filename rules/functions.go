package rules

import (
	"slices"
	"strings"
)

// plainFunctions read nothing but their arguments, the catalog's caches or
// the statistics. None opens a relation, so none can wait for a lock.
var plainFunctions = []string{
	// aggregates and windows
	"array_agg", "avg", "bool_and", "bool_or", "count", "dense_rank", "first_value", "jsonb_agg", "lag", "last_value",
	"lead", "max", "min", "rank", "row_number", "string_agg", "sum",
	// text, numbers, arrays, times
	"abs", "aclexplode", "age", "array_append", "array_cat", "array_length", "array_lower", "array_position", "array_remove",
	"array_to_string", "array_upper", "btrim", "cardinality", "ceil", "clock_timestamp", "concat", "concat_ws",
	"date_part", "date_trunc", "div", "extract", "floor", "format", "generate_series", "generate_subscripts",
	"jsonb_array_elements", "jsonb_build_object", "jsonb_object_agg", "left", "length", "lower", "make_interval",
	"md5", "mod", "now", "nullif", "octet_length", "position", "quote_ident", "quote_literal", "regexp_match",
	"regexp_replace", "replace", "right", "round", "split_part", "starts_with", "statement_timestamp",
	"string_to_array", "strpos", "substr", "substring", "to_char", "to_jsonb", "transaction_timestamp", "trunc",
	"unnest", "upper",
	// the catalog and the server's state
	"col_description", "current_database", "current_setting", "format_type", "has_any_column_privilege",
	"has_column_privilege", "has_database_privilege", "has_function_privilege", "has_parameter_privilege", "has_schema_privilege", "has_sequence_privilege",
	"has_table_privilege", "has_tablespace_privilege", "mxid_age", "obj_description", "pg_backend_pid", "pg_blocking_pids",
	"pg_collation_actual_version", "pg_current_wal_lsn", "pg_database_collation_actual_version", "pg_get_userbyid", "pg_has_role", "pg_is_in_recovery", "pg_is_other_temp_schema",
	"pg_last_wal_replay_lsn", "pg_partition_ancestors", "pg_partition_root", "pg_postmaster_start_time",
	"pg_size_pretty", "pg_wal_lsn_diff", "txid_current_if_assigned",
}

// openingFunctions read too, but open a relation to do it: they wait for
// whoever holds it in ACCESS EXCLUSIVE.
var openingFunctions = []string{
	"pg_database_size", "pg_extension_update_paths", "pg_get_constraintdef", "pg_get_expr", "pg_get_indexdef", "pg_get_partition_constraintdef",
	"pg_get_partkeydef", "pg_get_serial_sequence", "pg_get_statisticsobjdef", "pg_get_triggerdef", "pg_get_viewdef",
	"pg_indexes_size", "pg_partition_tree", "pg_relation_filepath", "pg_relation_size", "pg_sequence_last_value",
	"pg_sequence_parameters", "pg_table_size", "pg_tablespace_size", "pg_total_relation_size",
}

// ReadsOnly reports whether a function of pg_catalog is on the list of those that
// only read.
func ReadsOnly(function string) bool {
	return slices.Contains(plainFunctions, function) || slices.Contains(openingFunctions, function) || strings.HasPrefix(function, "pg_stat_get_")
}

// What answers by the rights of whoever asks, beside the functions has_…_privilege.
var (
	personalFunctions = []string{"pg_has_role", "pg_sequence_last_value", "pg_sequence_parameters"}
	personalRelations = []string{"pg_sequences", "pg_statistic", "pg_statistic_ext_data", "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs", "pg_user_mappings"}
	personalValues    = []string{"current_role", "current_schema", "current_user", "session_user", "user"}
)

// extensionFunctions are those of extensions that only read.
var extensionFunctions = []string{
	"bt_index_check", "bt_index_parent_check", "pgstatindex", "pgstattuple", "pgstattuple_approx", "verify_heapam",
}

// openingViews call such functions on every row.
var openingViews = []string{
	"pg_indexes", "pg_matviews", "pg_policies", "pg_rules", "pg_sequences", "pg_stats_ext_exprs", "pg_views",
}

// catalogTypes are names of pg_catalog's types that the grammar does not
// know as key words, and so leaves unqualified.
var catalogTypes = []string{
	"anyarray", "bytea", "char", "cid", "date", "int2vector", "int8", "int4", "int2", "json", "jsonb", "name", "oid",
	"oidvector", "pg_lsn", "regclass", "regcollation", "regnamespace", "regoper", "regproc", "regprocedure", "regrole",
	"regtype", "text", "tid", "timestamptz", "uuid", "xid", "xid8", "bool", "numeric", "interval", "float8",
}
