package pg

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/rules"
)

//go:embed sql/census/*.sql
var censusSQL embed.FS

// censusTime bounds one query of a census: whoever looks at a page must be no
// load on the patient.
const censusTime = 3 * time.Second

// Census looks at the whole database, in statistics and catalogs only: no
// relation is opened, so none that somebody locks holds it up. What cannot be
// read is named in Missing and stops nothing else.
func (d *Database) Census(ctx context.Context) (healer.Census, error) {
	id, err := d.Identify(ctx)
	if err != nil {
		return healer.Census{}, err
	}
	c := healer.Census{Database: id.Database, At: time.Now().UTC()}
	var totals, blind []rules.Row
	for _, part := range []struct {
		name string
		into *[]rules.Row
	}{
		{"totals", &totals}, {"tables", &c.Tables}, {"indexes", &c.Indexes}, {"upkeep", &c.Upkeep},
		{"sequences", &c.Sequences}, {"progress", &c.Progress}, {"waits", &c.Waits},
		{"blind", &blind},
	} {
		text, err := censusSQL.ReadFile("sql/census/" + part.name + ".sql")
		if err == nil {
			*part.into, err = d.look(ctx, string(text))
		}
		if err != nil {
			c.Missing = append(c.Missing, fmt.Sprintf("%s: %v", part.name, err))
		}
		if healer.IsConnection(err) {
			return c, err
		}
	}
	if len(totals) == 1 {
		c.Totals = totals[0]
	}
	for _, r := range blind {
		c.Missing = append(c.Missing, r.Text("missing"))
	}
	c.Statements, err = d.statements(ctx, id)
	if err != nil {
		c.Missing = append(c.Missing, fmt.Sprintf("statements: %v", err))
	}
	return c, nil
}

// Progress looks only at what long commands are at, and who waits for whom.
func (d *Database) Progress(ctx context.Context) (healer.Census, error) {
	c := healer.Census{Database: d.observer.Database, At: time.Now().UTC()}
	for name, into := range map[string]*[]rules.Row{"progress": &c.Progress, "waits": &c.Waits} {
		text, err := censusSQL.ReadFile("sql/census/" + name + ".sql")
		if err == nil {
			*into, err = d.look(ctx, string(text))
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// look runs a query of ours that takes no values.
func (d *Database) look(ctx context.Context, sql string) ([]rules.Row, error) {
	query, err := rules.ParseTemplate(sql, 1)
	if err != nil {
		return nil, err
	}
	return d.Read(ctx, healer.Read{Application: "pgmend/census", Query: query, Timeout: censusTime})
}

// statements reads pg_stat_statements. Its texts have $1 for the literals of
// queries, but not for those of other commands, so they are masked here.
func (d *Database) statements(ctx context.Context, id healer.Identity) ([]rules.Row, error) {
	schema, ok := id.Extensions["pg_stat_statements"]
	if !ok {
		return nil, errors.New("the extension pg_stat_statements is not installed in this database")
	}
	text, err := censusSQL.ReadFile("sql/census/statements.sql")
	if err != nil {
		return nil, err
	}
	query, err := rules.ParseTemplate(string(text), 1)
	if err != nil {
		return nil, err
	}
	rows, err := d.Read(ctx, healer.Read{
		Application: "pgmend/census", Query: query, Timeout: censusTime,
		Values: rules.Values{"extension": rules.Text(schema)},
	})
	for _, row := range rows {
		for i := range row {
			if row[i].Name == "query" && !row[i].Null {
				row[i].Value = rules.Text(parser.Mask(row[i].Text))
			}
		}
	}
	return rows, err
}
