package rules

// Template is one SQL statement with {values} spliced in, quoted, and @names
// bound as arguments. It is made by the file reader; see render.go for what
// each placeholder may do.
type Template struct {
	Text string // as written in the rule file
	Line int    // in the rule file, 1-based

	parts []part
}

// part is literal SQL text, a {splice} or an @bind.
type part struct {
	text   string
	kind   partKind
	name   string // of the value
	format string // "", literal, number, sql, concurrently
}

type partKind int

const (
	partText partKind = iota
	partSplice
	partBind
)

// Bound is a rendered statement: SQL with $1… and the arguments for them.
type Bound struct {
	SQL  string
	Args []Value
}
