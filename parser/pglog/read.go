package pglog

import (
	"strings"
)

// The functions here fill the bodies from the fields of a message, and from
// its DETAIL, whose shape is the same in all languages where it is used.

func violation(f fields, r *Record) Body {
	v := &Violation{Table: f["table"], Constraint: f["constraint"], Referenced: f["referenced"]}
	if r.SQLState == "23503" && f["referencing"] != "" { // by its quotes: the message for update or delete
		v.Referenced, v.Table = f["table"], f["referencing"]
	}
	v.Schema, v.Table = qualified(v.Table)
	v.Columns = keyColumns(r.Detail)
	if c := f["column"]; c != "" {
		v.Columns = []string{c}
	}
	if names := quoted(afterKey(r.Detail)); v.Referenced == "" && f["table"] != "" && len(names) > 0 && v.Constraint != "" {
		v.Referenced = names[len(names)-1]
	}
	return v
}

// keyColumns reads `Key (a, lower(b))=(1, x) already exists.`
func keyColumns(detail string) []string {
	end := strings.Index(detail, ")=(")
	from := strings.Index(detail, "(")
	if from < 0 || end < from {
		return nil
	}
	var columns []string
	depth, quote, start := 0, false, from+1
	for i := from + 1; i <= end; i++ {
		switch c := detail[i]; {
		case c == '"':
			quote = !quote
		case quote:
		case c == '(':
			depth++
		case i == end || c == ',' && depth == 0:
			columns = append(columns, unquote(strings.TrimSpace(detail[start:i])))
			start = i + 1
		case c == ')':
			depth--
		}
	}
	return columns
}

// afterKey is the part of a key's DETAIL behind the values. They are the
// client's, so only the last parenthesis ends them.
func afterKey(detail string) string {
	if !strings.Contains(detail, ")=(") {
		return ""
	}
	return detail[strings.LastIndex(detail, ")")+1:]
}

func unquote(s string) string {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

// qualified splits schema.name; a name with more dots stays whole, because
// the message does not say which of them separates.
func qualified(s string) (schema, name string) {
	if schema, name, ok := strings.Cut(s, "."); ok && schema != "" && name != "" && !strings.Contains(name, ".") {
		return schema, name
	}
	return "", s
}

func object(kind string) func(fields, *Record) Body {
	return func(f fields, _ *Record) Body {
		o := &Object{Type: kind, Table: f["table"], Name: f["name"]}
		if o.Type == "" {
			o.Type = f["type"]
		}
		switch o.Type {
		case "relation", "table", "sequence":
			o.Schema, o.Name = qualified(o.Name)
		case "column":
			o.Schema, o.Table = qualified(o.Table)
		}
		return o
	}
}

// relation is an object that the message calls a table.
func relation(f fields, r *Record) Body {
	return object("relation")(fields{"name": f["table"]}, r)
}

func process(f fields, _ *Record) Body {
	return &Process{Name: f["name"], PID: f.int("pid"), ExitCode: f.int("code"), Signal: f.int("signal"), Version: f["version"], Mode: f["mode"]}
}

func file(f fields, _ *Record) Body {
	return &File{Path: f["path"], Bytes: f.int64("bytes"), Block: f.int64("block"), Error: f["error"], LSN: f["lsn"]}
}

func setting(f fields, _ *Record) Body { return &Setting{Name: f["name"], Value: f["value"]} }

func wraparound(f fields, _ *Record) Body {
	w := &Wraparound{Database: f["database"], Left: f.int64("left")}
	if m := f["multi"]; m != "" {
		w.Multi, w.Left = true, atoi64(m)
	}
	if d := f["refusing"]; d != "" {
		w.Database, w.Refusing = d, true
	}
	return w
}

func connection(f fields, _ *Record) Body {
	c := &Connection{
		Host: f["host"], Port: f.int("port"), User: f["user"], Database: f["database"], App: f["app"],
		Method: f["method"], Identity: f["identity"], Error: f["error"],
	}
	if parts := strings.Split(f["session"], ":"); len(parts) == 3 { // hours:minutes:seconds
		c.SessionSeconds = number(parts[0])*3600 + number(parts[1])*60 + number(parts[2])
	}
	return c
}

func checkpoint(f fields, _ *Record) Body {
	return &Checkpoint{
		Cause: f["cause"], Restartpoint: f["restartpoint"] == "restart", Buffers: f.int64("buffers"),
		WriteSeconds: number(f["write"]), SyncSeconds: number(f["sync"]), TotalSeconds: number(f["total"]),
		DistanceKB: f.int64("distance"), ApartSeconds: f.int64("apart"),
	}
}
