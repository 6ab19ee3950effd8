package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/pgmend/pgmend/rules"
)

// reader walks YAML trees into a Config and keeps every mistake.
type reader struct {
	config   *Config
	name     string
	mistakes Mistakes
}

// place is where something stands.
type place struct {
	file         string
	line, column int
}

func (r *reader) mistakef(at place, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{at.file, at.line, at.column, fmt.Sprintf(format, args...)})
}

func (r *reader) at(n ast.Node) place {
	p := place{file: r.name, line: 1, column: 1}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.line, p.column = t.Position.Line, t.Position.Column
	}
	return p
}

// file reads one file over what is there.
func (r *reader) file(name string, src []byte) {
	r.name = name
	r.config.sources = append(r.config.sources, name)
	r.config.digest(src)
	tree, err := parser.ParseBytes(src, 0)
	if err != nil {
		at := place{file: name, line: 1, column: 1}
		message := err.Error()
		var y yaml.Error
		if errors.As(err, &y) {
			message = y.GetMessage()
			if t := y.GetToken(); t != nil && t.Position != nil {
				at.line, at.column = t.Position.Line, t.Position.Column
			}
		}
		r.mistakef(at, "%s", message)
		return
	}
	for i, doc := range tree.Docs {
		switch {
		case doc.Body == nil:
		case i > 0:
			r.mistakef(r.at(doc.Body), "one YAML document is needed, this begins a second one")
		default:
			r.mapping(doc.Body, "", r.top())
		}
	}
}

// keys says what may stand in a mapping: each key with what reads its value.
type keys map[string]func(ast.Node)

// entries are the pairs of a mapping, or false.
func entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// mapping reads a mapping of known keys.
func (r *reader) mapping(n ast.Node, where string, known keys) {
	pairs, ok := entries(n)
	if !ok {
		if _, null := n.(*ast.NullNode); !null {
			r.mistakef(r.at(n), "%skeys and values are needed here", prefix(where))
		}
		return
	}
	for _, p := range pairs {
		key := p.Key.GetToken().Value
		read, ok := known[key]
		if !ok {
			r.mistakef(r.at(p.Key), "%sunknown key %q%s", prefix(where), key, didYouMean(key, known))
			continue
		}
		if _, null := p.Value.(*ast.NullNode); null {
			continue
		}
		read(p.Value)
	}
}

func prefix(where string) string {
	if where == "" {
		return ""
	}
	return where + ": "
}

// text reads a scalar as it is written.
func (r *reader) text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		r.mistakef(r.at(n), "anchors, aliases and tags are not used here")
	default:
		r.mistakef(r.at(n), "one value is needed here")
	}
	return "", false
}

// list reads a sequence, or one value that stands for a list of one.
func (r *reader) list(n ast.Node, each func(ast.Node)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		each(n)
		return
	}
	for _, v := range s.Values {
		each(v)
	}
}

// texts reads a list of texts into a field, in the place of what was there.
// Wrong says what is wrong with one of them; nil: any will do.
func (r *reader) texts(field *[]string, wrong func(string) string) func(ast.Node) {
	return func(n ast.Node) {
		*field = nil
		r.list(n, func(n ast.Node) {
			s, ok := r.text(n)
			if !ok {
				return
			}
			if wrong != nil {
				if why := wrong(s); why != "" {
					r.mistakef(r.at(n), "%s", why)
					return
				}
			}
			*field = append(*field, s)
		})
	}
}

// key reads a scalar key.
func (r *reader) key(name string) func(ast.Node) {
	return func(n ast.Node) {
		if s, ok := r.text(n); ok {
			r.scalar(name, s, r.at(n))
		}
	}
}

// into reads a text into a field.
func (r *reader) into(field *string) func(ast.Node) {
	return func(n ast.Node) {
		if s, ok := r.text(n); ok {
			*field = s
		}
	}
}

// didYouMean names the known key nearest to a misspelt one.
func didYouMean[T any](word string, known map[string]T) string {
	candidates := make([]string, 0, len(known))
	for k := range known {
		candidates = append(candidates, k)
	}
	return nearest(word, candidates)
}

func nearest(word string, candidates []string) string {
	slices.Sort(candidates)
	best := rules.Nearest(strings.ToLower(word), candidates)
	if best == "" {
		return "; it can be " + strings.Join(candidates, ", ")
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
