package hearsay

import (
	"encoding/json"

	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

// Adds reports whether the statement that broke a constraint adds to what the
// event says: the server's log names the constraint, but not always its table,
// and never the columns that an INSERT gave.
func Adds(e pglog.Event) bool {
	_, violation := e.Body.(*pglog.Violation)
	return violation && e.Record.Statement != ""
}

// Fields are what an event says, by the names that rules use. Its statement,
// where Adds asked for it, gives the one table that it writes to, and as
// inserted, a JSON array, the columns that an INSERT names. An approximation
// adds nothing.
func Fields(e pglog.Event, statements []parser.Statement) map[string]string {
	f := e.Fields()
	if len(statements) != 1 || !statements[0].Parsed || !Adds(e) {
		return f
	}
	s := statements[0]
	var written []parser.Table
	for _, t := range s.Tables {
		if t.Access == parser.Write {
			written = append(written, t)
		}
	}
	if len(written) == 1 && f["table"] == "" {
		f["table"], f["schema"] = written[0].Name, written[0].Schema
	}
	if s.Listed {
		if list, err := json.Marshal(s.Inserted); err == nil {
			f["inserted"] = string(list)
		}
	}
	return f
}
