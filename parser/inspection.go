package parser

// Inspection is what a judge of SQL must know of one statement: rule files
// are vetted by it, and so is every statement rendered from one.
type Inspection struct {
	Class string // "select", "reindex_index", "drop_index", "vacuum", … ; see Inspect

	// Concurrently is set for the CONCURRENTLY forms.
	Concurrently bool
	// Index is the name a CREATE INDEX gives.
	Index string
	// Options are the lower-case option names of VACUUM, ANALYZE, REINDEX …,
	// "if_not_exists" of CREATE INDEX, "unlogged" of CREATE TABLE and SEQUENCE,
	// and the sub-commands of ALTER TABLE ("validate_constraint").
	Options []string

	Functions    []Name   // called, also in casts to reg* ("regclass" in Casts)
	Operators    []Name   // schema "" where not written OPERATOR(s.op)
	Relations    []Name   // in FROM and the like; CTE references are left out
	Targets      []Name   // what a utility or DML statement acts on
	Casts        []Name   // types named in casts
	Outputs      []Output // the select list, in order
	Values       []string // of the session, as SQL names them: "current_user", "current_date"
	Params       []int    // $1 … that occur, ascending
	Star         bool     // a * in a select list
	Locking      bool     // FOR UPDATE and the like
	ModifyingCTE bool     // WITH … AS (INSERT …)
	Into         bool     // SELECT INTO
}

// Name is a possibly qualified name, folded as PostgreSQL folds it.
type Name struct {
	Schema string
	Name   string
}

// Output is one column of a select list.
type Output struct {
	Name     string // as the server would name it
	Function string // the outermost function called, "schema.name"; "" for none
}
