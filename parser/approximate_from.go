package parser

// brings reports whether a word brings the name of a table, and notes how it
// is accessed.
func (a *approximation) brings(l *level, word string) bool {
	switch word {
	case "from":
		a.from(l)
	case "join":
		if a.c.peek() == "=" { // of an operator
			return true
		}
		l.expect, l.list, l.calls = Read, Read, true
	case "using":
		// Of DELETE and MERGE; the one of a join has columns.
		if (l.verb == "delete" || l.verb == "merge") && !l.used {
			l.used, l.expect, l.list, l.calls = true, Read, Read, true
		}
	case "into":
		a.into(l)
	case "references":
		if l.verb == "create" || l.verb == "alter" || l.call != "" {
			l.expect, l.list, l.calls = Read, "", false
		}
	case "on":
		return a.on(l)
	case "to":
		if l.object != "rule" || l.used || l.verb != "create" {
			return false
		}
		l.used, l.expect = true, DDL
	case "table":
		switch {
		case l.object == "publication": // FOR TABLE a, b
			l.expect, l.list = DDL, DDL
		case a.previous == "(", a.previous == "all", a.previous == "union", a.previous == "as" && l.verb == "create" && l.object != "":
			l.expect = Read // the command that is short for SELECT * FROM
		default:
			return false
		}
	default:
		return a.parent(l, word)
	}
	return true
}

func (a *approximation) from(l *level) {
	access := Read
	switch {
	case a.previous == "distinct", a.previous == "values", takesFrom(l.call):
		return
	case a.previous == "delete":
		l.expect, l.list, l.calls = Write, "", false
		return
	case l.object == "statistics" && !l.used:
		l.used, access = true, DDL
	}
	switch l.verb {
	case "copy", "revoke", "fetch", "move", "import", "set", "reset", "close", "start_replication":
		return
	case "create", "alter":
		switch l.object {
		case "", "table", "view", "statistics", "trigger", "index":
		default:
			return
		}
	}
	l.expect, l.list, l.calls = access, access, true
}

// takesFrom reports whether FROM is part of a function's own syntax.
func takesFrom(function string) bool {
	switch function {
	case "extract", "substring", "trim", "overlay", "position", "both", "leading", "trailing":
		return true
	}
	return false
}

func (a *approximation) into(l *level) {
	switch {
	case l.into || a.body && l.verb != "insert" && l.verb != "merge":
		return
	case l.verb == "insert" || l.verb == "merge":
		l.expect = Write
	case l.verb == "select" || l.verb == "values":
		l.expect = DDL
	default:
		return
	}
	l.into, l.list, l.calls = true, "", false
}

// on follows ON, which brings a table in the definitions of what tables have,
// in rights and in comments.
func (a *approximation) on(l *level) bool {
	next := a.c.peek()
	switch l.verb {
	case "create", "alter", "drop":
		if l.object != "index" && l.object != "trigger" && l.object != "policy" && (l.object != "rule" || l.verb == "create") {
			return false
		}
		if l.used || l.object == "index" && l.verb != "create" {
			return false
		}
		l.used, l.expect = true, DDL
	case "comment", "security":
		switch l.object {
		case "constraint", "trigger", "policy", "rule":
			if next == "domain" {
				return true
			}
			l.expect = DDL
		}
	case "grant", "revoke":
		if l.used || notTables(next) {
			l.used = true
			return true
		}
		l.used, l.expect, l.list = true, DDL, DDL
	case "cluster":
		l.expect = DDL
	default:
		return false
	}
	l.calls = false
	return true
}

// notTables reports whether a word behind GRANT … ON says that what follows
// are no tables.
func notTables(word string) bool {
	switch word {
	case "all", "schema", "sequence", "database", "function", "procedure", "routine", "domain", "foreign", "language",
		"large", "parameter", "tablespace", "type":
		return true
	}
	return false
}

// parent follows the words that bring the parents and parts of a table.
func (a *approximation) parent(l *level, word string) bool {
	outer := l
	if len(a.levels) == 2 {
		outer = &a.levels[0]
	}
	creates := outer.verb == "create" && outer.object == "table"
	alters := l.verb == "alter" && l.object == "table"
	switch {
	case word == "inherits" && creates, word == "of" && a.previous == "partition" && creates,
		word == "like" && creates && (a.previous == "(" || a.previous == ","):
		l.expect, l.list = Read, ""
	case word == "inherit" && alters && a.c.peek() != "not":
		l.expect, l.list = Read, ""
	case word == "partition" && alters && (a.previous == "attach" || a.previous == "detach"):
		l.expect, l.list = DDL, ""
	default:
		return false
	}
	l.calls = false
	return true
}
