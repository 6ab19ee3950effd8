package baseline

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

var (
	//go:embed sql/schema.sql
	schemaSQL string
	//go:embed sql/needs.sql
	needsSQL string

	schemaQuery, needsQuery = query(&schemaSQL), query(&needsSQL)
)

// query is one of our own, read once.
func query(sql *string) func() (rules.Template, error) {
	return sync.OnceValues(func() (rules.Template, error) { return rules.ParseTemplate(*sql, 1) })
}

// readTime bounds one of the two queries; a schema of 2,000 tables takes about
// a second.
const readTime = 2 * time.Minute

// Read reads the schema of a database from its catalog.
func Read(ctx context.Context, r healer.Reader) (Schema, error) {
	id, err := r.Identify(ctx)
	if err != nil {
		return Schema{}, err
	}
	s := Schema{Database: id.Database, Server: id.SystemIdentifier, Version: id.Version}
	rows, err := ask(ctx, r, schemaQuery, nil)
	if err != nil {
		return Schema{}, fmt.Errorf("read the schema: %w", err)
	}
	for _, row := range rows {
		o := Object{
			Key:        Key{Kind(row.Text("kind")), row.Text("schema"), row.Text("tbl"), row.Text("name")},
			Owner:      row.Text("owner"),
			Definition: row.Text("definition"),
			oid:        number(row.Text("oid")), table: number(row.Text("table_oid")),
		}
		if text := row.Text("detail"); text != "" {
			if err := json.Unmarshal([]byte(text), &o.Detail); err != nil {
				return Schema{}, fmt.Errorf("read %s: %w", o.Key, err)
			}
		}
		s.Objects = append(s.Objects, o)
	}
	if rows, err = ask(ctx, r, needsQuery, nil); err != nil {
		return Schema{}, fmt.Errorf("read what needs what: %w", err)
	}
	s.needs(rows)
	s.sort()
	return s, nil
}

// ask runs one of our own queries. The server keeps its plan: while drifts are
// healed one after the other, the schema is read before and after each.
func ask(ctx context.Context, r healer.Reader, query func() (rules.Template, error), values rules.Values) ([]rules.Row, error) {
	t, err := query()
	if err != nil {
		return nil, err
	}
	return r.Read(ctx, healer.Read{Application: "pgmend/baseline", Query: t, Values: values, Timeout: readTime, Keep: true})
}

// needs notes what objects need of each other. What is not in the schema, such
// as a part of an extension, is not noted.
func (s *Schema) needs(rows []rules.Row) {
	index := s.index()
	for _, row := range rows {
		from := needing(index, row)
		to := needed(index, row)
		for _, k := range to {
			if from != nil && !slices.Contains(from.Needs, k) && k != from.Key {
				from.Needs = append(from.Needs, k)
			}
		}
	}
}

// needing finds the object that needs something.
func needing(index map[Key]*Object, row rules.Row) *Object {
	kind, schema, table, name := row.Text("kind"), row.Text("schema"), row.Text("tbl"), row.Text("name")
	switch o := index[Key{Kind(kind), schema, table, name}]; {
	case kind == "relation":
		return relation(index, schema, table)
	case o == nil && kind == string(KindDefault):
		return index[Key{KindColumn, schema, table, name}] // it is computed
	default:
		return o
	}
}

// needed finds what is needed: a column, and the relation it is of.
func needed(index map[Key]*Object, row rules.Row) []Key {
	schema, name := row.Text("need_schema"), row.Text("need_name")
	switch row.Text("need_kind") {
	case "function":
		for _, kind := range [...]Kind{KindFunction, KindProcedure, KindAggregate} {
			if o := index[Key{kind, schema, "", name}]; o != nil {
				return []Key{o.Key}
			}
		}
	case "extension":
		if o := index[Key{KindExtension, schema, "", name}]; o != nil {
			return []Key{o.Key}
		}
	case "type":
		if o := index[Key{KindType, schema, "", name}]; o != nil {
			return []Key{o.Key}
		}
	default:
		o := relation(index, schema, name)
		if o == nil {
			return nil
		}
		column := Key{KindColumn, schema, name, row.Text("need_column")}
		if index[column] != nil {
			return []Key{o.Key, column}
		}
		return []Key{o.Key}
	}
	return nil
}

// relation finds what has that name among tables, views and sequences.
func relation(index map[Key]*Object, schema, name string) *Object {
	for _, kind := range [...]Kind{KindTable, KindView, KindMaterializedView, KindSequence, KindForeignTable} {
		if o := index[Key{kind, schema, "", name}]; o != nil {
			return o
		}
	}
	return nil
}

func number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
