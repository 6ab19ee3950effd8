package parser

import (
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// body extracts from the text of a function, a procedure or a DO block.
func (e *extractor) body(kind string, n node) {
	language, text := "", ""
	for _, field := range []string{"options", "args"} {
		for v := range n.list(field) {
			o := v.inner()
			as, arg := o.field("arg").open()
			switch {
			case o.str("defname") == "language":
				language = strings.ToLower(arg.str("sval"))
			case o.str("defname") == "as" && as == "List":
				text = strings.Join(texts(arg.list("items")), "\n")
			case o.str("defname") == "as":
				text = arg.str("sval")
			}
		}
	}
	switch {
	case text == "" || e.bodies >= maxBodies:
	case language == "sql":
		e.script(text)
	case language == "plpgsql" || language == "" && kind == "DoStmt":
		e.plpgsql(kind, text)
	}
}

// script extracts from each statement of a body in SQL.
func (e *extractor) script(text string) {
	n := 0
	for one, rest := range statements(text) {
		if n++; n > maxStatements {
			e.noteAll(approximateBody(rest, e.bodies+1).Tables)
			break
		}
		e.within(one)
	}
}

// within extracts the tables of a statement in a body. It has fields of its
// own: what it inserts is not what the statement around it inserts. What is
// refused is guessed at as it is kept, masked, so that the guess is the same
// whenever it is made.
func (e *extractor) within(sql string) {
	in := extractor{sql: sql, bodies: e.bodies + 1}
	var tables []Table
	if _, err := in.extract(); err != nil {
		tables = refused(Mask(sql), err).Tables
	} else {
		tables = in.tables.list
	}
	e.noteAll(tables)
}

// plpgsql parses a body as PL/pgSQL and then each expression and statement in
// it as SQL. What EXECUTE runs is known only when it runs. A body that the
// parser refuses is approximated.
func (e *extractor) plpgsql(kind, text string) {
	function := e.sql
	if kind == "DoStmt" {
		tag := "$pgmend$"
		function = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS " + tag + text + tag
	}
	queries, ok := expressions(function, text)
	if !ok {
		e.noteAll(approximateBody(Mask(text), e.bodies+1).Tables)
		return
	}
	for _, q := range queries {
		e.script(q)
	}
}

// The modes in which PL/pgSQL's parser reads a text (raw_parser's RawParseMode).
const (
	modeStatement  = 0
	modeExpression = 2
)

// expressions returns the SQL in a PL/pgSQL function, each as a statement.
func expressions(function, body string) (queries []string, ok bool) {
	if safe(function) != nil || safe(body) != nil {
		return nil, false
	}
	tree, err := pgquery.ParsePlPgSqlToJSON(function)
	if err != nil {
		return nil, false
	}
	err = read(tree, func(root node) { queries = collect(root, nil) })
	return queries, err == nil
}

func collect(v node, out []string) []string {
	if !v.nests() {
		return out
	}
	if q := v.str("query"); q != "" {
		mode, _ := v.number("parseMode")
		out = append(out, asStatement(q, mode))
	}
	for one := range v.elements() {
		out = collect(one, out)
	}
	for _, one := range v.fields() {
		out = collect(one, out)
	}
	return out
}

// asStatement makes a statement of an expression or an assignment.
func asStatement(q string, mode int) string {
	if mode == modeStatement {
		return q
	}
	if mode > modeExpression { // target := expression
		if _, value, ok := strings.Cut(q, ":="); ok {
			q = value
		} else if _, value, ok := strings.Cut(q, "="); ok {
			q = value
		}
	}
	return "SELECT " + q
}
