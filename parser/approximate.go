package parser

// approximate names the tables of a text that the grammar refuses: newer
// syntax, placeholders of a driver, a truncated statement. It follows the
// tokens only: after FROM, JOIN, INTO and the like stands a name. It is
// written in Go, so it also serves where the C parser was killed, and it holds
// no more than the open parentheses, so it serves for a text of any length.
func approximate(sql string) Statement { return approximateBody(withoutData(sql), 0) }

// approximateBody is approximate, also for what stands within so many bodies
// of functions. In one SELECT INTO names variables.
func approximateBody(sql string, bodies int) Statement {
	a := approximation{c: cursor{sql: sql, seen: new(vocabulary)}, body: bodies > 0, levels: make([]level, 1)}
	a.bodies = bodies
	for a.c.next() {
		a.token()
		if a.c.kind == TokenWord {
			a.previous = a.c.word()
		} else {
			a.previous = a.c.text
		}
	}
	return a.result()
}

// approximation goes through the tokens of one text.
type approximation struct {
	extractor
	c        cursor
	body     bool
	begun    int            // where the statement begins
	language bodyOf         // of the statement's bodies
	read     int            // bodies of the statement that were gone into
	previous string         // token, a word in lower case
	seen     map[string]int // how often a WITH query of a name is visible
	levels   []level        // around the place, one for each open parenthesis
	deep     int            // parentheses that are open beyond those
}

// maxRead bounds how many bodies of one statement are gone into. A function has
// one; hostile text gives it a million.
const maxRead = 16

// maxLevels bounds what hostile text makes the approximation keep.
const maxLevels = 1000

// level is what stands within one pair of parentheses.
type level struct {
	verb   string // what the statement does, "" at its beginning
	object string // what CREATE, ALTER, DROP and COMMENT are of
	call   string // the word before the parenthesis
	expect Access // the next name is accessed so; "" is no table
	list   Access // and so is one behind a comma
	calls  bool   // a name with parentheses is a function
	column bool   // the name is a column's, with its table
	used   bool   // the name that ON or USING brings was seen
	into   bool   // the one of INTO was seen
	temp   bool   // what is created is temporary

	ctes      []string
	cte       string // the WITH query that the next parenthesis holds
	recursive bool   // and it is known to itself
	with      bool   // a comma may bring another one
}

func (a *approximation) top() *level { return &a.levels[len(a.levels)-1] }

// token follows one token.
func (a *approximation) token() {
	l := a.top()
	switch a.c.kind {
	case TokenWord:
		a.word(l)
	case TokenQuoted:
		a.name(l)
	case TokenPunct:
		a.punct(l)
	case TokenString:
		a.string(l)
	default:
		l.expect = ""
	}
}

// string goes into the body of a function or of DO, in a language that is read
// here.
func (a *approximation) string(l *level) {
	l.expect = ""
	function := l.verb == "create" && (l.object == "function" || l.object == "procedure") && a.previous == "as"
	if !function && l.verb != "do" || a.bodies >= maxBodies || a.read == maxRead || bodyLanguage(a.c.text) {
		return
	}
	if a.language == bodyUnknown {
		a.language = bodyIn(a.c.sql[a.begun:], l.verb == "do")
	}
	if body, _, ok := stringValue(a.c.text); ok && a.language == bodyRead {
		a.read++
		a.noteAll(approximateBody(body, a.bodies+1).Tables)
	}
}

func (a *approximation) punct(l *level) {
	switch a.c.text {
	case "(":
		a.open(l)
	case ")":
		a.close()
	case ",":
		l.expect = l.list
		if l.with {
			a.withQuery(l, false)
		}
	case ";":
		a.levels, a.deep, a.seen = append(a.levels[:0], level{}), 0, nil
		a.begun, a.language, a.read = a.c.at, bodyUnknown, 0
	default:
		l.expect = ""
	}
}

// open begins a level. A parenthesis in FROM may hold joins, but one behind
// VACUUM or ANALYZE holds options.
func (a *approximation) open(l *level) {
	if len(a.levels) == maxLevels {
		a.deep++
		return
	}
	in := level{call: a.previous}
	if l.expect == Read {
		in.expect, in.list, in.calls = Read, Read, l.calls
	}
	if l.expect != DDL {
		l.expect = ""
	}
	a.levels = append(a.levels, in)
}

func (a *approximation) close() {
	switch {
	case a.deep > 0:
		a.deep--
		return
	case len(a.levels) > 1:
		for _, name := range a.top().ctes {
			a.seen[name]--
		}
		a.levels = a.levels[:len(a.levels)-1]
	}
	if l := a.top(); l.cte != "" {
		a.show(l, l.cte)
		l.cte = ""
	}
}

// show makes a WITH query visible within a level.
func (a *approximation) show(l *level, name string) {
	if a.seen == nil {
		a.seen = make(map[string]int)
	}
	if len(a.seen) >= most && a.seen[name] == 0 {
		return
	}
	a.seen[name]++
	l.ctes = append(l.ctes, name)
}

// withQuery reads NAME [(…)] AS [NOT] [MATERIALIZED] of a WITH clause, up to
// the parenthesis that holds the query. Without RECURSIVE the query does not
// see its own name.
func (a *approximation) withQuery(l *level, first bool) {
	l.with = false
	c := a.c
	if first {
		if l.recursive = c.peek() == "recursive"; l.recursive {
			c.next()
		}
	}
	parts := c.qualified()
	if len(parts) != 1 {
		return
	}
	if c.peek() == "(" {
		c.skipParentheses()
	}
	if c.peek() != "as" {
		return
	}
	c.next()
	for c.peek() == "not" || c.peek() == "materialized" {
		c.next()
	}
	if c.peek() != "(" {
		return
	}
	a.c, l.with = c, true
	if !a.ctes.full() {
		a.ctes.add(parts[0])
	}
	if l.recursive {
		a.show(l, parts[0])
	}
	l.cte = parts[0]
}

// name reads a name where one is awaited.
func (a *approximation) name(l *level) {
	access := l.expect
	if l.expect = ""; access == "" {
		return
	}
	c := a.c
	c.at -= len(c.text)
	parts := c.qualified()
	if len(parts) == 0 {
		return
	}
	a.c = c
	if l.column {
		if parts = parts[:len(parts)-1]; len(parts) == 0 {
			return
		}
	}
	if l.calls && c.peek() == "(" || len(parts) > 3 || access == Read && len(parts) == 1 && a.seen[parts[0]] > 0 {
		return
	}
	t := qualified(parts, access)
	t.Temporary = access == DDL && l.temp
	a.note(t)
}
