package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/pgmend/pgmend/healer"
	"github.com/pgmend/pgmend/healer/baseline"
	"github.com/pgmend/pgmend/parser"
	"github.com/pgmend/pgmend/parser/pglog"
)

// mayDrop picks the statements that are worth the parser's time. Every statement
// in the log is asked.
func mayDrop(sql string) bool {
	const word = "drop"
	for i := range len(sql) - len(word) + 1 {
		if sql[i]|' ' == word[0] && strings.EqualFold(sql[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// noteDrop remembers who dropped what, as far as the server logs its DDL
// (log_statement). It can only keep something from coming back: what is healed
// is what was approved, and an approval that is newer outweighs it.
func (d *daemon) noteDrop(ctx context.Context, e pglog.Event) {
	s, ok := e.Body.(*pglog.Statement)
	if !ok || !mayDrop(s.SQL) || strings.HasPrefix(e.Record.App, "pgmend/") {
		return
	}
	lists, err := d.parser.Parse(ctx, []string{s.SQL})
	if err != nil {
		d.log.WarnContext(ctx, "a statement could not be parsed", "error.message", err.Error())
		return
	}
	for _, list := range lists {
		for _, st := range list {
			for _, t := range dropped(st) {
				d.keepDrop(ctx, e.Record, t, st.Kind == "alter_table")
			}
		}
	}
}

// dropped are the relations that a statement drops, or drops something of.
func dropped(s parser.Statement) []parser.Table {
	if !s.Parsed || !strings.HasPrefix(s.Kind, "drop_") && s.Kind != "alter_table" {
		return nil
	}
	var out []parser.Table
	for _, t := range s.Tables {
		if t.Access == parser.DDL && !t.System && !t.Temporary {
			out = append(out, t)
		}
	}
	return out
}

func (d *daemon) keepDrop(ctx context.Context, r pglog.Record, t parser.Table, part bool) {
	body, err := json.Marshal(baseline.Drop{User: r.User, At: r.Time, App: r.App})
	if err == nil {
		err = d.ledger.Put(ctx, dropKey(r.Database, t.Schema, t.Name, part), string(body))
	}
	if err != nil {
		d.log.WarnContext(ctx, "who dropped something could not be remembered", "error.message", err.Error())
	}
}

func dropKey(database, schema, name string, part bool) string {
	what := "relation"
	if part {
		what = "part"
	}
	key, err := json.Marshal([]string{"dropped", what, database, schema, name})
	if err != nil {
		return ""
	}
	return string(key)
}

// drops says who was seen to drop something. The log may not have written the
// schema.
func drops(state healer.State) func(ctx context.Context, database, schema, name string, part bool) (baseline.Drop, bool) {
	return func(ctx context.Context, database, schema, name string, part bool) (out baseline.Drop, ok bool) {
		for _, s := range []string{schema, ""} {
			text, found, err := state.Get(ctx, dropKey(database, s, name, part))
			var one baseline.Drop
			if err != nil || !found || json.Unmarshal([]byte(text), &one) != nil {
				continue
			}
			if !ok || one.At.After(out.At) {
				out, ok = one, true
			}
		}
		return out, ok
	}
}
