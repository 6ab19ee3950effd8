package parser

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// bodies extracts from the text of a function, a procedure or a DO block.
func (e *extractor) bodies(kind string, n node) {
	language, text := "", ""
	for _, field := range []string{"options", "args"} {
		for _, v := range n.list(field) {
			_, o := open(v)
			as, arg := open(o["arg"])
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
	case text == "":
	case language == "sql":
		e.statements(text)
	case language == "plpgsql" || language == "" && kind == "DoStmt":
		e.plpgsql(kind, text)
	}
}

// statements extracts from each statement of a text.
func (e *extractor) statements(text string) {
	for _, one := range Parse(text) {
		for _, t := range one.Tables {
			e.note(t)
		}
	}
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
		for _, t := range approximate(Tokens(text)).Tables {
			e.note(t)
		}
		return
	}
	for _, q := range queries {
		e.statements(q)
	}
}

// The modes in which PL/pgSQL's parser reads a text (raw_parser's RawParseMode).
const (
	modeStatement  = 0
	modeExpression = 2
)

// expressions returns the SQL in a PL/pgSQL function, each as a statement.
func expressions(function, body string) ([]string, bool) {
	if safe(function, Tokens(function)) != nil || safe(body, Tokens(body)) != nil {
		return nil, false
	}
	tree, err := pgquery.ParsePlPgSqlToJSON(function)
	if err != nil {
		return nil, false
	}
	var root any
	if json.Unmarshal([]byte(tree), &root) != nil {
		return nil, false
	}
	return collect(root, nil), true
}

func collect(v any, out []string) []string {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			out = collect(one, out)
		}
	case map[string]any:
		n := node(v)
		if q := n.str("query"); q != "" {
			mode, _ := n["parseMode"].(float64)
			out = append(out, asStatement(q, int(mode)))
		}
		for _, field := range slices.Sorted(maps.Keys(v)) {
			out = collect(v[field], out)
		}
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
