package parser

// Statement is what one SQL statement touches.
type Statement struct {
	Kind        string   `json:"kind"` // select, insert, create_table, … ; "" where not parsed
	Fingerprint string   `json:"fingerprint"`
	Tables      []Table  `json:"tables"`
	CTEs        []string `json:"ctes"`
	Columns     []Column `json:"columns"`

	// Inserted are the columns an INSERT names; nil with Listed false means
	// that it named none and so gives a value to every column.
	Inserted []string `json:"inserted,omitempty"`
	Listed   bool     `json:"listed,omitempty"`

	// Prepares is the name that PREPARE gives and DEALLOCATE takes away ("" is
	// all), Executes the one that EXECUTE runs: see Session.
	Prepares string `json:"prepares,omitempty"`
	Executes string `json:"executes,omitempty"`

	// Parsed is false where PostgreSQL's grammar refused the text, and the
	// tables are an approximation over scanner tokens.
	Parsed bool   `json:"parsed"`
	Text   string `json:"text,omitempty"`  // literals and secrets masked
	Err    string `json:"error,omitempty"` // why it was not parsed; never quotes the text
}

// Table is one relation a statement touches in one way.
type Table struct {
	Catalog   string `json:"catalog"`
	Schema    string `json:"schema"` // "" where it is not written
	Name      string `json:"name"`
	Access    Access `json:"access"`
	System    bool   `json:"system"`
	Temporary bool   `json:"temporary"`
}

// Access is what a statement does to a table.
type Access string

// The ways to access a table.
const (
	Read  Access = "read"
	Write Access = "write"
	DDL   Access = "ddl"
)

// Column is one column a statement names.
type Column struct {
	Table  string `json:"table"` // resolved; "" where it is ambiguous
	Name   string `json:"name"`
	Clause Clause `json:"clause"`
}

// Clause is where in the statement a column stands.
type Clause string

// The clauses.
const (
	ClauseWhere     Clause = "where"
	ClauseJoin      Clause = "join"
	ClauseGroup     Clause = "group"
	ClauseOrder     Clause = "order"
	ClauseReturning Clause = "returning"
	ClauseSet       Clause = "set"
	ClauseInsert    Clause = "insert"
	ClauseSelect    Clause = "select"
)
