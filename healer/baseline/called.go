package baseline

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/pgmend/pgmend/rules"
)

var (
	//go:embed sql/functions.sql
	functionsSQL string

	functionsQuery = query(&functionsSQL)
)

// mostCalled is how many functions of one name are listed.
const mostCalled = 5

// called is a function that a statement called in vain, and of whose name there
// is one for other arguments, or in a schema that the session did not look into.
// Then nothing drifted, and it is only said what is there.
func (w *Watch) called(ctx context.Context, event rules.Values, list []entry) (entry, bool, error) {
	name := event["event.function"].Text
	for _, e := range list {
		if e.What == string(Missing) && (e.Function == name || e.Schema+"."+e.Function == name) {
			return entry{}, false, nil // the baseline has it, and the database does not
		}
	}
	plain := name[strings.LastIndexByte(name, '.')+1:]
	if plain == "" {
		return entry{}, false, nil
	}
	rows, err := ask(ctx, w.Reader, functionsQuery, rules.Values{"name": rules.Text(name), "plain": rules.Text(plain)})
	if err != nil || len(rows) == 0 {
		return entry{}, false, err
	}
	asked := name + "(" + event["event.arguments"].Text + ")"
	first, text := rows[0], elsewhere(name, asked, rows)
	object := Key{Kind(first.Text("kind")), first.Text("schema"), "", signature(first)}
	return entry{
		ID: "called", Schema: object.Schema, Name: object.Name, Relation: plain, Function: name, Owner: first.Text("owner"),
		What: "called in vain", Object: object.String(), Statements: "[]", Undo: "[]", Mode: mode(false), UndoMode: mode(false),
		Called: text, Manual: "a statement called a function that is not there",
	}, true, nil
}

// elsewhere says which functions there are and why none of them was found.
// Where one has just the arguments, the session's search_path left its schema out.
func elsewhere(name, asked string, rows []rules.Row) string {
	var here, hidden, other []string
	for _, row := range rows {
		full := row.Text("schema") + "." + signature(row)
		if by := row.Text("extension"); by != "" {
			full += " of the extension " + by
		}
		switch {
		case row.Text("schema")+"."+row.Text("name") == name:
			here = append(here, full)
		case signature(row) == asked:
			hidden = append(hidden, full)
		default:
			other = append(other, full)
		}
	}
	switch {
	case len(here) > 0:
		return fmt.Sprintf("%s was called, and there is only %s, for other arguments", asked, some(here))
	case len(hidden) > 0:
		return fmt.Sprintf("%s was called, and there is %s, in a schema that is not on the search_path of that session", asked, some(hidden))
	case len(other) > 0 && strings.Contains(name, "."):
		return fmt.Sprintf("%s was called, and there is %s, in another schema", asked, some(other))
	}
	return fmt.Sprintf("%s was called, and there is %s: for other arguments, or in a schema that is not on the search_path of that session", asked, some(other))
}

func signature(row rules.Row) string { return row.Text("name") + "(" + row.Text("types") + ")" }

// some lists the first ones, and how many more there are.
func some(list []string) string {
	if more := len(list) - mostCalled; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:mostCalled], ", "), more)
	}
	return strings.Join(list, ", ")
}
