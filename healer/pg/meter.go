package pg

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/rules"
)

//go:embed sql/meter/*.sql
var meterSQL embed.FS

// ByStatements is the source of readings that pg_stat_statements counts.
const ByStatements = "pg_stat_statements"

// ErrNoStatements says that pg_stat_statements cannot be asked here.
var ErrNoStatements = errors.New("the extension pg_stat_statements is not installed in this database")

// Relations are the names under which statements touch a table.
func (d *Database) Relations(ctx context.Context, table healer.Object) ([]healer.Relation, error) {
	rows, err := d.watched(ctx, "relations", rules.Values{"table": rules.Text(strconv.FormatUint(uint64(table.TableOID), 10))})
	if err != nil {
		return nil, err
	}
	var out []healer.Relation
	for _, row := range rows {
		out = append(out, healer.Relation{Schema: row.Text("schema"), Name: row.Text("name")})
	}
	return out, nil
}

// Readings are what statements took, by pg_stat_statements. Of those that
// touch, only the texts that have one of the names in them are known: whether
// it is the relation's name is for a parser to say. The texts are as the
// extension has them, not masked. Of a server, what the observer itself asks is
// left out.
func (d *Database) Readings(ctx context.Context, of healer.Scope) ([]healer.Reading, error) {
	id, err := d.Identify(ctx)
	if err != nil {
		return nil, err
	}
	schema, ok := id.Extensions["pg_stat_statements"]
	if !ok {
		return nil, ErrNoStatements
	}
	names := make([]string, len(of.Relations))
	for i, r := range of.Relations {
		names[i] = r.Name
	}
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	rows, err := d.watched(ctx, "readings", rules.Values{
		"extension": rules.Text(schema), "names": rules.Text(string(list)), "server": rules.Text(strconv.FormatBool(of.Server)),
	})
	if err != nil {
		return nil, err
	}
	var out []healer.Reading
	for _, row := range rows {
		r := healer.Reading{
			Source: ByStatements, Statement: row.Text("queryid"), Text: row.Text("query"),
			Touches: row.Text("touches") == "t", Began: row.Text("began"),
		}
		if _, err := fmt.Sscan(row.Text("calls")+" "+row.Text("total_ms")+" "+row.Text("squares"), &r.Calls, &r.TotalMS, &r.Squares); err != nil {
			return nil, fmt.Errorf("read what statement %s took: %w", r.Statement, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// watched runs one of the queries of a watch.
func (d *Database) watched(ctx context.Context, name string, v rules.Values) ([]rules.Row, error) {
	text, err := meterSQL.ReadFile("sql/meter/" + name + ".sql")
	if err != nil {
		return nil, err
	}
	query, err := rules.ParseTemplate(string(text), 1)
	if err != nil {
		return nil, err
	}
	return d.Read(ctx, healer.Read{Application: "pgmend/watch", Query: query, Values: v})
}
