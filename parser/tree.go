package parser

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"

	pgquery "github.com/pganalyze/pg_query_go/v5"
	pgerr "github.com/pganalyze/pg_query_go/v5/parser"

	"github.com/pgmend/pgmend/parser/jsonstring"
)

// node is one value of PostgreSQL's raw parse tree, as pg_query prints it: a
// field of type Node is an object with one key, the node's type. The zero node
// is one that is not there. It is good as long as its tape is.
type node struct {
	t  *tape
	at int32
}

// raw is one statement of a text and the tree of it.
type raw struct {
	kind string // SelectStmt
	node node
}

// tapes are reused: most trees are small and are walked at once.
var tapes = sync.Pool{New: func() any { return new(tape) }}

// maxIdleTape is how many entries a tape may have that is kept.
const maxIdleTape = 1 << 14

// parse runs the C parser and calls walk with the statements, whose nodes are
// good until it returns. The JSON form is far cheaper than the protobuf that
// Parse of the library decodes. An error never quotes the text.
func parse(sql string, walk func([]raw)) error {
	text, err := pgquery.ParseToJSON(sql)
	if err != nil {
		return refusal(err)
	}
	return read(text, func(root node) {
		var list []raw
		for s := range root.list("stmts") {
			if kind, n := s.field("stmt").open(); kind != "" {
				list = append(list, raw{kind, n})
			}
		}
		walk(list)
	})
}

// read calls walk with the root of a JSON text.
func read(text string, walk func(node)) error {
	t := tapes.Get().(*tape)
	defer func() {
		if t.text = ""; cap(t.entries) <= maxIdleTape {
			tapes.Put(t)
		}
	}()
	if err := t.read(text); err != nil {
		return err
	}
	walk(node{t, 0})
	return nil
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

// is there such a node?
func (n node) ok() bool { return n.t != nil }

func (n node) entry() *entry { return &n.t.entries[n.at] }

// field returns the value of a field of an object.
func (n node) field(name string) node {
	if n.t == nil || n.entry().kind != '{' {
		return node{}
	}
	entries, end := n.t.entries, n.entry().next
	for i := n.at + 1; i < end; i = entries[i].next {
		e := &entries[i]
		if int(e.keyLen) == len(name) && n.t.text[e.key:e.key+uint32(e.keyLen)] == name {
			return node{n.t, i}
		}
	}
	return node{}
}

// nests reports whether there may be something below a value.
func (n node) nests() bool { k := n.entry().kind; return k == '{' || k == '[' }

func (n node) isList() bool { return n.entry().kind == '[' }

func (n node) has(field string) bool { return n.field(field).ok() }

// child returns a field that is an object, such as a statement's relation.
func (n node) child(field string) node {
	if c := n.field(field); c.ok() && c.entry().kind == '{' {
		return c
	}
	return node{}
}

// str returns a field's text, "" where it is missing.
func (n node) str(field string) string { return n.field(field).text() }

// text returns what a string says. It is a part of the tree's own text.
func (n node) text() string {
	if n.t == nil || n.entry().kind != '"' {
		return ""
	}
	e := n.entry()
	if s := n.t.text[e.from:e.to]; !e.escaped {
		return s
	}
	return string(jsonstring.AppendUnescaped(nil, n.t.text[e.from:e.to]))
}

func (n node) flag(field string) bool {
	f := n.field(field)
	return f.ok() && f.entry().kind == 't'
}

func (n node) number(field string) (int, bool) {
	f := n.field(field)
	if !f.ok() {
		return 0, false
	}
	i, err := strconv.Atoi(f.t.text[f.entry().from:f.entry().to])
	return i, err == nil
}

// list goes over the elements of a field that is a list.
func (n node) list(field string) iter.Seq[node] { return n.field(field).elements() }

// elements goes over what a list holds.
func (n node) elements() iter.Seq[node] {
	return func(yield func(node) bool) {
		if n.t == nil || n.entry().kind != '[' {
			return
		}
		for i, end := n.at+1, n.entry().next; i < end; i = n.t.entries[i].next {
			if !yield(node{n.t, i}) {
				return
			}
		}
	}
}

// fields goes over the fields of an object, in the tree's order.
func (n node) fields() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		if n.t == nil || n.entry().kind != '{' {
			return
		}
		for i, end := n.at+1, n.entry().next; i < end; i = n.t.entries[i].next {
			e := &n.t.entries[i]
			if !yield(n.t.text[e.key:e.key+uint32(e.keyLen)], node{n.t, i}) {
				return
			}
		}
	}
}

// open takes a value of type Node apart into its type and itself.
func (n node) open() (string, node) {
	if n.t == nil || n.entry().kind != '{' {
		return "", node{}
	}
	first := n.at + 1
	if first >= n.entry().next || n.t.entries[first].next != n.entry().next {
		return "", node{}
	}
	e := &n.t.entries[first]
	if c := n.t.text[e.key]; e.keyLen == 0 || c < 'A' || c > 'Z' {
		return "", node{}
	}
	return n.t.text[e.key : e.key+uint32(e.keyLen)], node{n.t, first}
}

// inner is a value of type Node without its type.
func (n node) inner() node {
	_, in := n.open()
	return in
}

// texts returns the strings of a list of String nodes, as in a name.
func texts(list iter.Seq[node]) []string {
	var out []string
	for v := range list {
		switch kind, n := v.open(); kind {
		case "String":
			out = append(out, n.str("sval"))
		case "A_Star":
			out = append(out, "*")
		}
	}
	return out
}
