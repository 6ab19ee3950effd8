package parser

// word follows a key word, or a name where one is awaited.
func (a *approximation) word(l *level) {
	word := a.c.word()
	switch {
	case l.expect != "" && a.isNone(l, word):
		l.expect = ""
		return
	case l.expect != "" && passed(word, l):
		l.temp = l.temp || word == "temp" || word == "temporary"
		return
	case a.begins(l, word), a.brings(l, word), a.ends(l, word):
		return
	case l.expect != "":
		a.name(l)
		return
	}
	if (l.object == "" || l.object == "constraint" && word == "trigger") && defines(l.verb) {
		a.defined(l, word)
	}
}

// isNone reports whether a word stands where a name could, but says that there
// is none: ALTER TABLE ALL IN TABLESPACE, TABLES IN SCHEMA, ROWS FROM (f()).
func (a *approximation) isNone(l *level, word string) bool {
	switch word {
	case "all":
		return l.verb == "alter" && a.c.peek() == "in"
	case "tables":
		return l.object == "publication" && a.c.peek() == "in"
	case "rows":
		if a.c.peek() == "from" {
			a.c.next()
			return true
		}
	}
	return false
}

// passed reports whether a word may stand before the name that is awaited.
func passed(word string, l *level) bool {
	switch word {
	case "only", "lateral", "table", "if", "not", "exists", "temp", "temporary", "unlogged", "concurrently":
		return true
	case "verbose", "freeze", "full", "analyze", "analyse", "skip_locked":
		return l.verb == "vacuum" || l.verb == "analyze" || l.verb == "cluster"
	case "binary":
		return l.verb == "copy"
	}
	return false
}

// begins reports whether a word begins a statement, and notes which.
func (a *approximation) begins(l *level, word string) bool {
	switch word {
	case "select", "values":
		if l.verb == "grant" || l.verb == "revoke" || a.previous == "for" && l.object == "policy" || a.previous == "on" {
			return true
		}
		if l.verb == "" || l.verb != "insert" {
			l.verb = word
		}
		l.expect, l.list = "", ""
		return true
	case "insert", "merge":
		if l.verb != "merge" && a.acts(l) {
			*l = level{verb: word, ctes: l.ctes, call: l.call, object: l.object}
		}
		return true
	case "delete":
		if l.verb != "merge" && a.acts(l) && a.c.peek() == "from" {
			*l = level{verb: word, ctes: l.ctes, call: l.call, object: l.object}
		}
		return true
	case "update":
		if next := a.c.peek(); l.verb != "merge" && a.acts(l) && next != "set" && next != "of" && next != "," {
			*l = level{verb: word, ctes: l.ctes, call: l.call, object: l.object, expect: Write}
		}
		return true
	case "with":
		a.withQuery(l, true)
		return true
	case "begin", "then", "else", "loop":
		if a.body {
			*l = level{ctes: l.ctes}
			return true
		}
	}
	switch {
	case len(a.levels) > 1 || a.deep > 0: // a column may have such a name
		return false
	case word == "create" && (l.verb == "create" || l.verb == "select"): // an element of CREATE SCHEMA
		*l = level{}
	case l.verb == "explain" && word != "analyze":
	case l.verb != "":
		return false
	}
	return a.utility(l, word)
}

// acts reports whether INSERT, UPDATE and the like are statements here, and
// not rights, events or the actions of a foreign key.
func (a *approximation) acts(l *level) bool {
	switch a.previous {
	case "for", "key", "on", "before", "after", "or", "of", ",":
		return false
	case "do":
		return l.object == "rule"
	}
	return l.verb != "grant" && l.verb != "revoke" && l.object != "trigger" && l.object != "policy" &&
		l.object != "default"
}

// utility notes the first word of a statement that is no query.
func (a *approximation) utility(l *level, word string) bool {
	switch word {
	case "copy":
		l.expect = Write
	case "truncate", "lock", "vacuum":
		l.expect, l.list = DDL, DDL
	case "analyze", "analyse":
		word, l.expect, l.list = "analyze", DDL, DDL
	case "cluster":
		l.expect, l.calls = DDL, false
		// CLUSTER index ON table is the older form.
		if c := a.c; c.next() && c.kind == TokenWord && c.peek() == "on" {
			l.expect = ""
		}
	case "table":
		l.expect = Read
	case "create", "alter", "drop", "comment", "security", "grant", "revoke", "reindex", "refresh", "import",
		"explain", "prepare", "declare", "fetch", "move", "close", "set", "reset", "show", "execute", "call",
		"start_replication", "deallocate", "rollback", "discard", "do":
	default:
		return false
	}
	l.verb = word
	return true
}

// defines reports whether a statement is of an object that it names.
func defines(verb string) bool {
	switch verb {
	case "create", "alter", "drop", "comment", "security", "reindex", "refresh", "grant", "revoke":
		return true
	}
	return false
}

// defined notes what a statement creates, alters, drops or is about.
func (a *approximation) defined(l *level, word string) {
	switch word {
	case "temp", "temporary":
		l.temp = true
	case "table":
		l.object = word
		if l.expect = DDL; l.verb == "drop" || l.verb == "grant" || l.verb == "revoke" {
			l.list = DDL
		}
	case "view":
		l.object = word
		if l.verb != "drop" {
			l.expect = DDL
		}
	case "column":
		if l.object = word; l.verb == "comment" || l.verb == "security" {
			l.expect, l.column = DDL, true
		}
	case "index", "trigger", "policy", "rule", "statistics", "publication", "constraint", "sequence", "type",
		"function", "procedure", "aggregate", "schema", "database", "role", "user", "group", "extension", "server",
		"domain", "subscription", "default", "operator", "cast", "conversion", "collation", "language", "event",
		"large", "tablespace", "system", "routine", "text", "access":
		l.object = word
	}
}

// ends reports whether a word ends a list of names.
func (a *approximation) ends(l *level, word string) bool {
	switch word {
	case "where", "group", "order", "having", "limit", "offset", "fetch", "for", "union", "intersect", "except",
		"window", "returning", "set", "when", "as", "natural", "left", "right", "inner", "full", "cross", "tablesample":
		if l.expect != "" && word != "as" {
			l.expect = ""
		}
		switch word {
		case "natural", "left", "right", "inner", "full", "cross", "as", "tablesample": // FROM goes on
		default:
			l.list = ""
		}
		return true
	case "in", "to", "cascade", "restrict", "restart", "continue":
		if l.list == DDL {
			l.expect, l.list = "", ""
			return true
		}
	}
	return false
}
