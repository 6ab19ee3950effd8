package parser

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v5"
	pgerr "github.com/pganalyze/pg_query_go/v5/parser"
)

// node is one node of PostgreSQL's raw parse tree, as pg_query prints it:
// a field of type Node is an object with one key, the node's type.
type node map[string]any

// raw is one statement of a text and the tree of it.
type raw struct {
	kind string // SelectStmt
	node node
}

type tree struct {
	Stmts []struct {
		Stmt map[string]node `json:"stmt"`
	} `json:"stmts"`
}

// parse runs the C parser. The JSON form is far cheaper than the protobuf
// that Parse of the library decodes. An error never quotes the text.
func parse(sql string) ([]raw, error) {
	text, err := pgquery.ParseToJSON(sql)
	if err != nil {
		return nil, refusal(err)
	}
	var t tree
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return nil, fmt.Errorf("read the parse tree: %w", err)
	}
	out := make([]raw, 0, len(t.Stmts))
	for _, s := range t.Stmts {
		for kind, n := range s.Stmt {
			out = append(out, raw{kind, n})
		}
	}
	return out, nil
}

// refusal is the parser's error without the words of the text it quotes.
func refusal(err error) error {
	var e *pgerr.Error
	if !errors.As(err, &e) {
		return errors.New("the text is not SQL that PostgreSQL 16 understands")
	}
	message, _, _ := strings.Cut(e.Message, ` at or near "`)
	if message == e.Message && strings.ContainsAny(message, `"'`) {
		message = "syntax error"
	}
	return fmt.Errorf("%s at character %d", message, e.Cursorpos)
}

// str returns a field's text, "" where it is missing.
func (n node) str(field string) string {
	s, _ := n[field].(string)
	return s
}

func (n node) flag(field string) bool {
	b, _ := n[field].(bool)
	return b
}

// list returns the elements of a field that is a list.
func (n node) list(field string) []any {
	l, _ := n[field].([]any)
	return l
}

// child returns a field whose type is fixed, such as a statement's relation.
func (n node) child(field string) node { return object(n[field]) }

func object(v any) node {
	switch m := v.(type) {
	case node:
		return m
	case map[string]any:
		return m
	}
	return nil
}

// open takes a value of type Node apart into its type and itself.
func open(v any) (string, node) {
	m := object(v)
	if len(m) != 1 {
		return "", nil
	}
	for kind, n := range m {
		if kind != "" && kind[0] >= 'A' && kind[0] <= 'Z' {
			return kind, object(n)
		}
	}
	return "", nil
}

// texts returns the strings of a list of String nodes, as in a name.
func texts(list []any) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		kind, n := open(v)
		switch kind {
		case "String":
			out = append(out, n.str("sval"))
		case "A_Star":
			out = append(out, "*")
		}
	}
	return out
}

// name makes a qualified name of its parts; a catalog is left out.
func name(parts []string) Name {
	switch len(parts) {
	case 0:
		return Name{}
	case 1:
		return Name{Name: parts[0]}
	}
	return Name{Schema: parts[len(parts)-2], Name: parts[len(parts)-1]}
}

// snake turns a name of the tree, AT_ValidateConstraint or CreateStmt, into
// words: validate_constraint, create_stmt.
func snake(s string) string {
	var out strings.Builder
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			if i > 0 && s[i-1] != '_' && (s[i-1] < 'A' || s[i-1] > 'Z') {
				out.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		out.WriteRune(c)
	}
	return out.String()
}
