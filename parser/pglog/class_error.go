package pglog

// The kinds of errors that rules ask for; the rest are spelled in the table.
const (
	UniqueViolation       Kind = "unique_violation"
	ForeignKeyViolation   Kind = "foreign_key_violation"
	NotNullViolation      Kind = "not_null_violation"
	CheckViolation        Kind = "check_violation"
	ExclusionViolation    Kind = "exclusion_violation"
	UndefinedTable        Kind = "undefined_table"
	UndefinedColumn       Kind = "undefined_column"
	LockTimeout           Kind = "lock_timeout"
	StatementTimeout      Kind = "statement_timeout"
	QueryCanceled         Kind = "query_canceled"
	DataCorrupted         Kind = "data_corrupted"
	IndexCorrupted        Kind = "index_corrupted"
	DiskFull              Kind = "disk_full"
	OutOfMemory           Kind = "out_of_memory"
	TooManyConnections    Kind = "too_many_connections"
	InsufficientPrivilege Kind = "insufficient_privilege"
)

// errorClasses are errors, by SQLSTATE:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
// The texts tell kinds apart that share one, fill the bodies, and stand in
// where log_line_prefix does not carry %e.
var errorClasses = []class{
	{kind: UniqueViolation, states: []string{"23505"}, patterns: []string{
		`duplicate key value violates unique constraint "{constraint}"`, `could not create unique index "{constraint}"`},
		quoted: []string{"constraint"}, body: violation},
	{kind: ForeignKeyViolation, states: []string{"23503"}, patterns: []string{
		`insert or update on table "{table}" violates foreign key constraint "{constraint}"`,
		`update or delete on table "{referenced}" violates foreign key constraint "{constraint}" on table "{table}"`,
		`update or delete on table "{referenced}" violates RESTRICT setting of foreign key constraint "{constraint}" on table "{table}"`},
		quoted: []string{"table", "constraint", "referencing"}, body: violation},
	{kind: NotNullViolation, states: []string{"23502"}, patterns: []string{
		`null value in column "{column}" of relation "{table}" violates not-null constraint`,
		`null value in column "{column}" violates not-null constraint`, `column "{column}" of relation "{table}" contains null values`},
		quoted: []string{"column", "table"}, body: violation},
	{kind: CheckViolation, states: []string{"23514"}, patterns: []string{
		`new row for relation "{table}" violates check constraint "{constraint}"`,
		`check constraint "{constraint}" of relation "{table}" is violated by some row`},
		quoted: []string{"table", "constraint"}, body: violation},
	{kind: "no_partition_for_row", states: []string{"23514"}, patterns: []string{`no partition of relation "{table}" found for row`}, quoted: []string{"table"}, body: violation},
	{kind: ExclusionViolation, states: []string{"23P01"}, patterns: []string{
		`conflicting key value violates exclusion constraint "{constraint}"`}, quoted: []string{"constraint"}, body: violation},

	{kind: UndefinedTable, states: []string{"42P01"}, patterns: []string{
		`relation "{name}" does not exist`, `table "{name}" does not exist`, `view "{name}" does not exist`,
		`materialized view "{name}" does not exist`, `sequence "{name}" does not exist`}, quoted: []string{"name"}, body: object("relation")},
	{kind: "missing_from_clause", states: []string{"42P01"}, patterns: []string{
		`missing FROM-clause entry for table "{name}"`, `invalid reference to FROM-clause entry for table "{name}"`}, body: object("alias")},
	{kind: UndefinedColumn, states: []string{"42703"}, patterns: []string{
		`column "{name}" of relation "{table}" does not exist`, `column "{name}" does not exist`,
		`column "{name}" named in key does not exist`, `column {table}.{name} does not exist`, `record "{table}" has no field "{name}"`},
		quoted: []string{"name", "table"}, body: object("column")},
	{kind: "undefined_function", states: []string{"42883"}, patterns: []string{`function {name} does not exist`, `procedure {name} does not exist`}, body: object("function")},
	{kind: "undefined_operator", states: []string{"42883"}, patterns: []string{`operator does not exist: {name}`}, body: object("operator")},
	{kind: "undefined_object", states: []string{"42704"}, patterns: []string{
		`{type} "{name}" does not exist`, `unrecognized configuration parameter "{name}"`, `index "{name}" for table "{table}" does not exist`, `large object {name#} does not exist`},
		quoted: []string{"name"}, body: object("")},
	{kind: "undefined_schema", states: []string{"3F000"}, patterns: []string{`schema "{name}" does not exist`}, quoted: []string{"name"}, body: object("schema")},
	{kind: "undefined_database", states: []string{"3D000"}, patterns: []string{`database "{name}" does not exist`}, quoted: []string{"name"}, body: object("database")},
	{kind: "invalid_authorization", states: []string{"28000"}, patterns: []string{`role "{name}" does not exist`,
		`role "{name}" is not permitted to log in`, `no PostgreSQL user name specified in startup packet`}, quoted: []string{"name"}, body: object("role")},
	{kind: "invalid_password", states: []string{"28P01"}, patterns: []string{`password authentication failed for user "{name}"`}, quoted: []string{"name"}, body: object("role")},
	{kind: "duplicate_table", states: []string{"42P07"}, patterns: []string{`relation "{name}" already exists`}, quoted: []string{"name"}, body: object("relation")},
	{kind: "duplicate_object", states: []string{"42710"}, patterns: []string{`{type} "{name}" already exists`}, quoted: []string{"name"}, body: object("")},
	{kind: "duplicate_column", states: []string{"42701"}, patterns: []string{`column "{name}" of relation "{table}" already exists`}, quoted: []string{"name", "table"}, body: object("column")},
	{kind: "duplicate_schema", states: []string{"42P06"}, patterns: []string{`schema "{name}" already exists`}, quoted: []string{"name"}, body: object("schema")},
	{kind: "row_level_security", states: []string{"42501"}, patterns: []string{
		`new row violates row-level security policy for table "{name}"`, `new row violates row-level security policy "{policy}" for table "{name}"`}, body: object("table")},
	{kind: InsufficientPrivilege, states: []string{"42501"}, patterns: []string{
		`permission denied for {type} {name}`, `permission denied to {name}`, `must be owner of {type} {name}`, `permission denied: {name}`}, body: object("")},
	{kind: InsufficientPrivilege, states: []string{"42501"}, body: object("")},
	{kind: "wrong_object_type", states: []string{"42809"}, patterns: []string{`"{name}" is not a…`}, quoted: []string{"name"}, body: object("relation")},
	{kind: "syntax_error", states: []string{"42601"}, patterns: []string{`syntax error at or near "{name}"`, `syntax error at end of input`}},
	{kind: "dependent_objects", states: []string{"2BP01"}, patterns: []string{`cannot drop {type} {name} because other objects depend on it`}, body: object("")},
	{kind: "active_transaction", states: []string{"25001"}, patterns: []string{`{name} cannot run inside a transaction block`}},
	{kind: "no_active_transaction", states: []string{"25P01"}, patterns: []string{`{name} can only be used in transaction blocks`}},
	{kind: "in_failed_transaction", states: []string{"25P02"}, patterns: []string{`current transaction is aborted, commands ignored until end of transaction block`}},
	{kind: "read_only_transaction", states: []string{"25006"}, patterns: []string{`cannot execute {name} in a read-only transaction`}},
	{kind: "idle_in_transaction_timeout", states: []string{"25P03"}, patterns: []string{`terminating connection due to idle-in-transaction timeout`}},
	{kind: "serialization_failure", states: []string{"40001"}, patterns: []string{`could not serialize access due to…`}},
	{kind: "recovery_conflict", states: []string{"40001", "40P01"}, patterns: []string{`canceling statement due to conflict with recovery`, `terminating connection due to conflict with recovery`}},
	{kind: "invalid_input", states: []string{"22P02"}, patterns: []string{`invalid input syntax for type {type}: "{name}"`, `invalid input syntax for type {type}…`, `invalid input value for enum {type}: "{name}"`}},
	{kind: "division_by_zero", states: []string{"22012"}, patterns: []string{`division by zero`}},
	{kind: "value_out_of_range", states: []string{"22003"}, patterns: []string{`{type} out of range`, `value "{name}" is out of range for type {type}`, `numeric field overflow`}},
	{kind: "value_too_long", states: []string{"22001"}, patterns: []string{`value too long for type {type}`}},
	{kind: "invalid_parameter_value", states: []string{"22023"}, patterns: []string{`invalid value for parameter "{name}": "{value}"`, `{value#} is outside the valid range for parameter "{name}" ({range})`}, quoted: []string{"name", "value"}, body: setting},
	{kind: "sequence_exhausted", states: []string{"2200H"}, patterns: []string{`nextval: reached maximum value of sequence "{name}" ({limit})`, `nextval: reached minimum value of sequence "{name}" ({limit})`}, quoted: []string{"name"}, body: object("sequence")},
	{kind: "raise_exception", states: []string{"P0001"}},

	{kind: StatementTimeout, states: []string{"57014"}, patterns: []string{`canceling statement due to statement timeout`}},
	{kind: QueryCanceled, states: []string{"57014"}, patterns: []string{`canceling statement due to user request`}},
	{kind: QueryCanceled, states: []string{"57014"}},
	{kind: LockTimeout, states: []string{"55P03"}, patterns: []string{`canceling statement due to lock timeout`}},
	{kind: "lock_not_available", states: []string{"55P03"}, patterns: []string{`could not obtain lock on relation "{name}"`, `could not obtain lock on row in relation "{name}"`}, quoted: []string{"name"}, body: object("relation")},
	{kind: "object_in_use", states: []string{"55006"}, patterns: []string{`database "{name}" is being accessed by other users`, `cannot drop the currently open {type}`}, quoted: []string{"name"}, body: object("database")},
	{kind: "admin_shutdown", states: []string{"57P01"}, patterns: []string{
		`terminating connection due to administrator command`, `terminating autovacuum process due to administrator command`,
		`terminating walsender process due to administrator command`, `terminating logical replication worker due to administrator command`,
		`terminating background worker "{name}" due to administrator command`}},
	{kind: "crash_shutdown", states: []string{"57P02"}, patterns: []string{`terminating connection because of crash of another server process`, `terminating connection because of unexpected SIGQUIT signal`}},
	{kind: "cannot_connect_now", states: []string{"57P03"}, patterns: []string{`the database system is {state}`}},

	{kind: TooManyConnections, states: []string{"53300"}, patterns: []string{
		`sorry, too many clients already`, `remaining connection slots are reserved for…`,
		`too many connections for role "{name}"`, `too many connections for database "{name}"`}, quoted: []string{"name"}, body: object("")},
	{kind: DiskFull, states: []string{"53100"}, patterns: []string{
		`could not extend file "{path}": {error}`, `could not write to file "{path}": No space left on device`, `could not write block {block#} of file "{path}": No space left on device`},
		quoted: []string{"path"}, body: file},
	{kind: OutOfMemory, states: []string{"53200"}, patterns: []string{`out of memory`, `out of shared memory`}},
	{kind: DataCorrupted, states: []string{"XX001"}, patterns: []string{
		// Since 18 the relation is quoted.
		`invalid page in block {block#} of relation "{path}"`, `invalid page in block {block#} of relation {path}`, `could not read block {block#} in file "{path}": read only…`,
		`missing chunk number {chunk#} for toast value {value#} in {name}`}, quoted: []string{"path"}, body: file},
	{kind: DataCorrupted, states: []string{"XX001"}, body: file},
	{kind: IndexCorrupted, states: []string{"XX002"}, patterns: []string{
		`index "{path}" contains unexpected zero page at block {block#}`, `index "{path}" contains corrupted page at block {block#}`,
		`index "{path}" is not a btree`}, quoted: []string{"path"}, body: file},
	{kind: "internal_error", states: []string{"XX000"}},
	{kind: "io_error", states: []string{"58030"}, patterns: []string{`could not read file "{path}": {error}`}, quoted: []string{"path"}, body: file},
	{kind: "missing_file", states: []string{"58P01"}, patterns: []string{`could not open file "{path}": No such file or directory`, `requested WAL segment {path} has already been removed`}, quoted: []string{"path"}, body: file},
	{kind: "protocol_violation", states: []string{"08P01"}},
	{kind: "feature_not_supported", states: []string{"0A000"}},

	// Of a code that several kinds share, this is what is left.
	{kind: "syntax_error", states: []string{"42601"}}, {kind: "wrong_object_type", states: []string{"42809"}}, {kind: "invalid_input", states: []string{"22P02"}},
	{kind: "invalid_authorization", states: []string{"28000"}}, {kind: "serialization_failure", states: []string{"40001"}}, {kind: Deadlock, states: []string{"40P01"}, body: lock},
	{kind: "cardinality_violation", states: []string{"21000"}}, {kind: ConnectionLost, states: []string{"08006"}}, {kind: "data_exception", states: []string{"22000"}},
	{kind: CheckViolation, states: []string{"23514"}, quoted: []string{"table", "constraint"}, body: violation},
	{kind: UndefinedTable, states: []string{"42P01"}, quoted: []string{"name"}, body: object("relation")},
	{kind: "undefined_function", states: []string{"42883"}, body: object("function")}, {kind: "lock_not_available", states: []string{"55P03"}},
}
